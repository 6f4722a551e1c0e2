package cli

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/say"
	"holdfast/internal/series"
	"holdfast/internal/wire"
)

func (a *app) forecastCommand() *cobra.Command {
	months := 12
	cmd := &cobra.Command{Use: "forecast [PAIR|PERSON]",
		Short: "Show what will touch a slot: clock changes, holidays, leave",
		Args:  atMost(1), ValidArgsFunction: a.completeNames,
		Long: "Shows the days on which one of a pair is away, and from which on a clock\n" +
			"change moves the 1:1 for one of them. No calendar is asked.",
		Example: "  holdfast forecast --months 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			if months < 1 || months > 12 {
				return fmt.Errorf("--months is a number from 1 to 12, not %d", months)
			}
			d, err := a.reading(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			r, err := d.Reconciler.Recall(cmd.Context())
			if err != nil {
				return err
			}
			meant, err := a.only(d, args)
			if err != nil {
				return err
			}
			rows := forecast(slices.DeleteFunc(r.Views, func(v *series.View) bool { return !meant(v.Pair) }), r.At, months)
			if a.output == "json" {
				return a.json(rows)
			}
			if len(rows) == 0 {
				a.printf("Nothing touches a slot within %s.\n", a.say().Count(months, "month"))
				return nil
			}
			var out [][]string
			for _, f := range rows {
				day, _ := series.ParseDate(f.Date)
				out = append(out, []string{a.say().Date(day), bold.Render(f.Pair), f.Kind, f.Text})
			}
			a.table([]string{"DAY", "PAIR", "WHAT", "WHY"}, out)
			return nil
		}}
	cmd.Flags().IntVar(&months, "months", 12, "how far to look, at most 12")
	return cmd
}

// forecast lists by day where a slot moves on one side's clock, and where one of the two is away.
func forecast(views []*series.View, now time.Time, months int) []wire.Touch {
	out, to := []wire.Touch{}, say.Reader{Now: now}
	for _, v := range views {
		from, until := series.DateOf(now), series.DateOf(now.AddDate(0, months, 0))
		if from.Before(v.Want.Starts) {
			from = v.Want.Starts
		}
		slot, first, ends := v.Want.Slot, from, []series.Date{v.Want.Ends}
		if h := v.Head(); h != nil && !h.Mark.Slot.IsZero() {
			slot, first, ends = h.Mark.Slot, h.First(), append(ends, h.LastDay())
		}
		for _, end := range ends {
			if !end.IsZero() && end.Before(until) {
				until = end
			}
		}
		if !v.Wanted || slot.Every == 0 || slot.Zone == "" || v.Want.Auto && v.Head() == nil {
			continue
		}
		usual := map[string]string{} // by person id, on their clock
		for _, d := range slot.Dates(slot.InWeek(first), from, until) {
			touch := func(kind, text string) {
				out = append(out, wire.Touch{Date: d.String(), Pair: v.Pair.String(), Kind: kind, Text: text})
			}
			for _, p := range []series.Person{v.Want.Manager, v.Want.Report} {
				theirs, at := series.WallClock(slot.On(d), p.Zone)
				for _, away := range p.Away {
					if !theirs.Before(away.From) && !theirs.After(away.To) {
						touch("away", to.Away(cmp.Or(p.Name, p.ID), away.Why))
					}
				}
				shown := at.String()
				if day := theirs.Weekday(); day != slot.Weekday {
					shown = series.ShortDay(day) + " " + shown
				}
				if before := usual[p.ID]; before != "" && before != shown {
					outside := !p.Hours.Covers(theirs.Weekday(), at, slot.Duration)
					touch("clock", to.ClockChange(cmp.Or(p.Name, p.ID), before, shown, outside))
				}
				usual[p.ID] = shown
			}
		}
	}
	slices.SortStableFunc(out, func(x, y wire.Touch) int {
		return cmp.Or(cmp.Compare(x.Date, y.Date), cmp.Compare(x.Pair, y.Pair))
	})
	return out
}
