package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/act"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/series"
)

func (a *app) rebookCommand() *cobra.Command {
	occurrence, to, force := "", "", false
	cmd := &cobra.Command{Use: "rebook PAIR", Short: "Make up for one lost meeting in the same week", Args: need("pair", "mia/raj"), ValidArgsFunction: a.completePairs,
		Long: "Books another time of its own week for one meeting, cancelled or not, and\n" +
			"nothing else: the series stays where it is. `holdfast flags` lists times at\n" +
			"which both are free and the place is. Times are on the clock of the slot's\n" +
			"zone. The people get a mail about it; the week counts as recovered.",
		Example: "  holdfast rebook mia/raj --occurrence 2026-12-01 --to \"Thu 14:00\"\n" +
			"  holdfast rebook mia/raj --occurrence 2026-12-01 --to \"2026-12-03 14:00\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			like := hinted{errors.New("rebook needs the booked date of the meeting and the new time"), "like `holdfast rebook mia/raj --occurrence 2026-12-01 --to \"Thu 14:00\"`"}
			if occurrence == "" || to == "" {
				return like
			}
			day, err := series.ParseDate(occurrence)
			if err != nil {
				return fmt.Errorf("--occurrence: %w", err)
			}
			when, err := parseTime(to)
			if err != nil {
				return hinted{fmt.Errorf("--to: %w", err), like.hint}
			}
			return a.ask(cmd, args[0], act.Request{Deed: act.Rebook, Occurrence: day, To: when, Force: force})
		}}
	cmd.Flags().StringVar(&occurrence, "occurrence", "", "the meeting booked on this `date`")
	cmd.Flags().StringVar(&to, "to", "", "the new `time`, like \"Thu 14:00\" or \"2026-12-03 14:00\"")
	cmd.Flags().BoolVar(&force, "force", false, "though somebody is not free then")
	_ = cmd.RegisterFlagCompletionFunc("occurrence", a.completeDates)
	times := func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return a.completeTimes(cmd.Context(), args, occurrence), cobra.ShellCompDirectiveNoFileComp
	}
	_ = cmd.RegisterFlagCompletionFunc("to", times)
	return cmd
}

// recalled is what the last round saw, for completion.
func (a *app) recalled(ctx context.Context) (reconcile.Round, error) {
	d, err := a.reading(ctx)
	if err != nil {
		return reconcile.Round{}, err
	}
	defer d.Close()
	return d.Reconciler.Recall(ctx)
}

// completeTimes are those at which a lost meeting of the pair can be made up for, of one occurrence if that is given.
func (a *app) completeTimes(ctx context.Context, args []string, occurrence string) (out []string) {
	r, _ := a.recalled(ctx)
	for _, f := range r.Open {
		if len(args) == 1 && f.Pair.String() == args[0] && (occurrence == "" || f.Occurrence.String() == occurrence) {
			for _, t := range f.Makeups {
				out = append(out, say.CommandTime(t))
			}
		}
	}
	return out
}

// completeDates offers the dates on which the pair's 1:1s are booked, from this week on, with what is different about
// them.
func (a *app) completeDates(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	r, err := a.recalled(cmd.Context())
	if err != nil || len(args) != 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	today := series.DateOf(r.At.UTC())
	for _, v := range r.Views {
		if v.Pair.String() != args[0] {
			continue
		}
		for _, w := range v.Weeks(today.Week(), today.AddDays(7*completedWeeks).Week()) {
			words := []string{}
			for _, f := range r.Open {
				if f.Pair == v.Pair && f.Occurrence == w.Date {
					words = append(words, a.say().Flag(f))
				}
			}
			out = append(out, w.Date.String()+"\t"+cmp.Or(strings.Join(words, "; "), w.Booked.Format("Mon 15:04")))
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// completedWeeks is how many weeks ahead dates are offered.
const completedWeeks = 8

// parseTime reads "Thu 14:00", "2026-12-03 14:00", or RFC 3339 as the JSON of flags has it.
func parseTime(text string) (plan.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return plan.Time{Instant: t}, nil
	}
	if t, err := time.Parse("2006-01-02T15:04", text); err == nil {
		text = t.Format("2006-01-02 15:04")
	}
	day, clock, ok := strings.Cut(strings.Join(strings.Fields(text), " "), " ")
	at, err := series.ParseTimeOfDay(clock)
	if !ok || err != nil {
		return plan.Time{}, fmt.Errorf("%q is not a time like \"Thu 14:00\" or \"2026-12-03 14:00\"", text)
	}
	if date, err := series.ParseDate(day); err == nil {
		return plan.Time{Date: date, At: at}, nil
	}
	weekday, err := series.ParseWeekday(day)
	return plan.Time{Weekday: weekday, At: at}, err
}
