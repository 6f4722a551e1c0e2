package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/daemon"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
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
			return a.ask(cmd, args[0], plan.Ask{Occurrence: day, To: &when, Force: force})
		}}
	cmd.Flags().StringVar(&occurrence, "occurrence", "", "the meeting booked on this `date`")
	cmd.Flags().StringVar(&to, "to", "", "the new `time`, like \"Thu 14:00\" or \"2026-12-03 14:00\"")
	cmd.Flags().BoolVar(&force, "force", false, "though somebody is not free then")
	_ = cmd.RegisterFlagCompletionFunc("occurrence", a.completeLost(func(f drift.Flag) []string {
		return []string{f.Occurrence.String() + "\t" + f.Words()}
	}))
	_ = cmd.RegisterFlagCompletionFunc("to", a.completeLost(func(f drift.Flag) []string {
		if occurrence != "" && f.Occurrence.String() != occurrence {
			return nil
		}
		var out []string
		for _, t := range f.Makeups {
			out = append(out, drift.SayTimes([]time.Time{t}))
		}
		return out
	}))
	return cmd
}

// completeLost offers what the open flags of the pair's lost meetings give.
func (a *app) completeLost(of func(drift.Flag) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		d, err := a.open(cmd.Context())
		if err != nil || len(args) != 1 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer d.Close()
		r, err := d.Reconciler.Recall(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, f := range r.Open {
			if f.Pair.String() == args[0] && f.Lost() {
				out = append(out, of(f)...)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

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

// makeUps gives the flags their make-ups and reasons, as the calendars were last seen.
func makeUps(ctx context.Context, d *daemon.App, rows []reconcile.FlagRow) {
	of := map[string]drift.Flag{}
	// A roster that cannot be read is no reason not to list flags.
	if r, err := d.Reconciler.Recall(ctx); err == nil {
		for _, f := range r.Open {
			of[f.ID()] = f
		}
	}
	for i := range rows {
		f := &rows[i]
		if f.Why = of[f.ID()].Why; f.Lost() {
			f.Makeups = append([]time.Time{}, of[f.ID()].Makeups...)
		}
	}
}

// madeUpBy tells people the make-ups of a flag and the command that books the first; "" if there are none.
func madeUpBy(f drift.Flag) string {
	if len(f.Makeups) == 0 {
		return ""
	}
	return fmt.Sprintf("could be made up: %s\n`holdfast rebook %s --occurrence %s --to %q` books the first", drift.SayTimes(f.Makeups), f.Pair, f.Occurrence, drift.SayTimes(f.Makeups[:1]))
}
