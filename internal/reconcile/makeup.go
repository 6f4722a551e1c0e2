package reconcile

import (
	"fmt"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
)

// refused are the commands that cannot be done, with what could be done instead.
func (k known) refused(o *office, commands []plan.Refusal) []Failure {
	var out []Failure
	for _, r := range commands {
		if r.Command != "" {
			out = append(out, Failure{
				Subject: BookingOf(r.Pair),
				Err:     fmt.Errorf("%s %s: %s", r.Command, r.Pair, r.Because),
				Hint:    "nothing was written; --force does it all the same",
			})
			continue
		}
		if r.Occurrence.IsZero() {
			out = append(out, Failure{
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
		if times := k.makeUps(o, pairs{r.Pair: true}).Of(r.Pair, 0, r.Occurrence); len(times) > 0 {
			f.Hint = "nothing was written; both are free at " + drift.SayTimes(times)
		}
		if r.Clash {
			f.Hint += "; --force books it all the same"
		}
		out = append(out, f)
	}
	return out
}
