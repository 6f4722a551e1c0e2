package reconcile

import (
	"fmt"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// refuse tells of the commands that cannot be done, and what could be done instead.
func (x *round) refuse() {
	for _, r := range x.out.Plan.Refused {
		if r.Command != "" {
			x.out.Failures = append(x.out.Failures, Failure{
				Subject: BookingOf(r.Pair),
				Err:     fmt.Errorf("%s %s: %s", r.Command, r.Pair, r.Because),
				Hint:    "nothing was written; --force does it all the same",
			})
			continue
		}
		if r.Occurrence.IsZero() {
			x.out.Failures = append(x.out.Failures, Failure{
				Subject: BookingOf(r.Pair),
				Err:     fmt.Errorf("invite %s: %s", r.Pair, r.Because),
				Hint:    "nothing was written",
			})
			continue
		}
		what := fmt.Errorf("rebook %s: %s", r.Pair, r.Because)
		if !r.To.IsZero() {
			what = fmt.Errorf("the 1:1 of %s on %s cannot be made up for on %s: %s", r.Pair, r.Occurrence.Long(),
				r.To.Format("Mon 2 Jan 15:04"), r.Because)
		}
		f := Failure{BookingOf(r.Pair), what, "nothing was written; `holdfast flags` lists what could be made up for"}
		makeUps := drift.NewMakeUps(x.makeUpInput(map[series.Pair]bool{r.Pair: true}))
		if times := makeUps.Of(r.Pair, 0, r.Occurrence); len(times) > 0 {
			f.Hint = "nothing was written; both are free at " + drift.SayTimes(times)
		}
		if r.Clash {
			f.Hint += "; --force books it all the same"
		}
		x.out.Failures = append(x.out.Failures, f)
		x.Log.Info().Stringer("pair", r.Pair).Stringer("occurrence", r.Occurrence).Msg("refused")
	}
}
