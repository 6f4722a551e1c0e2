package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/slotting"
	"holdfast/internal/wire"
)

// nextBest is how many other slots are told of.
const nextBest = 3

func (a *app) slotsExplainCommand() *cobra.Command {
	return &cobra.Command{Use: "explain PAIR", Short: "Tell why a pair has its slot, and what others would cost", Args: need("pair", "mia/raj"), ValidArgsFunction: a.completePairs,
		Long: "Tells what speaks against the slot that a pair has, or would get, and what the\n" +
			"next best ones would cost everybody: other 1:1s of the manager move aside where\n" +
			"they may. The measure: 10 for a week in which one of the two is away or busy\n" +
			"then, 8 for the first or last hour of a week, more the odder the hour. What\n" +
			"the last round saw counts; calendars are asked only where there was none.",
		Example: "  holdfast slots explain mia/raj",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.reading(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			pair, err := a.pair(d, args[0])
			if err != nil {
				return err
			}
			e, err := d.Reconciler.Explain(cmd.Context(), pair, nextBest)
			if err != nil {
				return hinted{err, "`holdfast status " + pair.String() + "` and `holdfast plan` tell what can be done; `holdfast slots check` looks at the roster alone"}
			}
			if a.output == "json" {
				return a.json(wire.ExplanationOf(e))
			}
			a.explainText(e)
			return nil
		}}
}

func (a *app) explainText(e reconcile.Explanation) {
	w := e.Want
	a.printf("%s  %s and %s\n\n", bold.Render(w.Pair.String()), w.Manager.Name, w.Report.Name)
	rows := [][2]string{{"slot", a.say().Slot(e.Present.Slot)}}
	for _, id := range slices.Sorted(maps.Keys(e.Present.Local)) {
		rows = append(rows, [2]string{"for " + id, e.Present.Local[id]})
	}
	how := "Holdfast would choose it in the next round"
	switch {
	case !w.Auto && e.Booked:
		how = "the roster gives it; it is booked"
	case !w.Auto:
		how = "the roster gives it; it is not booked yet"
	case e.Booked:
		how = "it is booked; Holdfast keeps it until a person moves it"
	}
	rows = append(rows, [2]string{"why", how})
	a.facts(rows)

	slots := a.say().Count(e.Possible, "slot")
	among := "Of the " + slots + " that are free and within the hours of both all year"
	cost := e.Present.Terms.Sum()
	if e.Against != "" {
		among = "This one is " + red.Render(e.Against)
	}
	switch {
	case cost == 0 && e.Against != "":
		a.printf("\n%s.\n", among)
	case cost == 0:
		a.printf("\n%s, nothing speaks against this one.\n", among)
	case e.Against != "":
		a.printf("\n%s, and costs %s:\n", among, bold.Render(fmt.Sprint(cost)))
	default:
		a.printf("\n%s, this one costs %s:\n", among, bold.Render(fmt.Sprint(cost)))
	}
	for _, c := range e.Present.Costs {
		a.printf("  %4d  %s\n", c.Points, c.Text)
	}
	if len(e.Next) == 0 {
		a.printf("There is no other.\n")
		return
	}
	a.printf("\nThe next best:\n\n")
	var table [][]string
	better := false
	for _, o := range e.Next {
		better = better || o.More < 0
		table = append(table, []string{bold.Render(series.ShortDay(o.Slot.Weekday) + " " + o.Slot.At.String()), fmt.Sprint(o.Terms.Sum()), more(o.More), costWords(o)})
	}
	a.table([]string{"SLOT", "FOR THE TWO", "FOR EVERYBODY", "WHY"}, table)
	if better {
		a.printf("\n%s\n", dim.Render("A booked slot stays though another is better by now: change its line in the roster to move it."))
	}
	if !e.Seen.IsZero() {
		seen := a.say().Relative(e.Seen) + ", " + a.say().When(e.Seen.In(a.Clock().Location()))
		a.printf("\n%s\n", dim.Render("As the calendars were seen "+seen+"."))
	}
}

// more is "+12", "-3", "the same".
func more(n int) string {
	if n == 0 {
		return "the same"
	}
	return fmt.Sprintf("%+d", n)
}

func costWords(o slotting.Option) string {
	if len(o.Costs) == 0 {
		return "nothing speaks against it"
	}
	var out []string
	for _, c := range o.Costs {
		out = append(out, fmt.Sprintf("%s (%d)", c.Text, c.Points))
	}
	return strings.Join(out, "; ")
}
