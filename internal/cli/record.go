package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/act"
	"holdfast/internal/daemon"
	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/wire"
)

func (a *app) flagsCommand() *cobra.Command {
	all := false
	cmd := &cobra.Command{Use: "flags [PAIR|PERSON]", Short: "Show what is different from how it was put",
		Args: atMost(1), ValidArgsFunction: a.completeNames,
		Long: "Shows the open flags as the last round found them. A flag closes by itself\n" +
			"when the difference is gone; `ack` says that somebody has seen it. NOTICE is\n" +
			"how long before the meeting it was first seen.",
		Example: "  holdfast flags\n  holdfast flags --all\n  holdfast flags ack ee9a3b35ab",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.reading(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			rows, err := flagRows(cmd.Context(), d, strings.Join(args, ""), all)
			if err != nil {
				return err
			}
			var past []series.Pair
			for _, f := range rows {
				past = append(past, f.Pair)
			}
			meant, err := a.only(d, args, past...)
			switch {
			case err != nil && len(cmd.SuggestionsFor(args[0])) > 0:
				return hinted{err, "did you mean `holdfast flags ack`?"}
			case err != nil:
				return err
			}
			rows = slices.DeleteFunc(rows, func(f reconcile.FlagRow) bool { return !meant(f.Pair) })
			slices.SortStableFunc(rows, func(x, y reconcile.FlagRow) int {
				return cmp.Or(x.Pair.Compare(y.Pair), x.Occurrence.Compare(y.Occurrence), cmp.Compare(x.Kind, y.Kind))
			})
			if a.output == "json" {
				return a.json(wire.List(rows, wire.FlagOf))
			}
			a.flagsText(rows)
			return nil
		}}
	cmd.Flags().BoolVar(&all, "all", false, "closed ones too")
	cmd.AddCommand(&cobra.Command{Use: "ack ID", Short: "Mark a flag as seen", Args: need("flag id", "ee9a3b35ab"), ValidArgsFunction: a.completeFlags,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			err = a.acts(d).Acknowledge(cmd.Context(), act.InShell, act.Shown{Flag: args[0]})
			if refused := (*act.Refused)(nil); errors.As(err, &refused) {
				return hinted{fmt.Errorf("there is no open flag %q", args[0]), "`holdfast flags` lists them with their ids"}
			}
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json(wire.Acknowledged{ID: args[0], State: "acknowledged"})
			}
			a.printf("Flag %s is acknowledged: it stays on the list until it closes.\n", args[0])
			return nil
		}})
	return cmd
}

// flagRows are the flags of a pair, of a person's pairs, or with "" all, closed ones too with all; more may be among
// them.
func flagRows(ctx context.Context, d *daemon.App, of string, all bool) ([]reconcile.FlagRow, error) {
	l, looked := d.Reconciler.LookAtFlags(ctx, of)
	if looked == nil && !all {
		return l.Flags, nil
	}
	rows, err := d.Store.Flags(ctx, all) // a roster that cannot be read is no reason not to list flags
	open := make([]drift.Flag, len(l.Flags))
	for i := range l.Flags {
		open[i] = l.Flags[i].Flag
	}
	reconcile.SetMoments(rows, open)
	return rows, err
}

func (a *app) flagsText(rows []reconcile.FlagRow) {
	if len(rows) == 0 {
		a.printf("No flags: every 1:1 is where it was put, as far as the last round saw.\n")
		return
	}
	style := map[string]func(string) string{"open": yellow.Render, "closed": dim.Render, "acknowledged": cyan.Render}
	var out [][]string
	lost := false
	for _, f := range rows {
		what := a.say().Flag(f.Flag)
		if len(f.Why) > 0 {
			what += "\n" + dim.Render(strings.Join(f.Why, "; "))
		}
		if len(f.Makeups) > 0 {
			what += "\n" + dim.Render(a.say().Makeups(f.Flag))
			lost = true
		}
		out = append(out, []string{dim.Render(f.ID()), bold.Render(f.Pair.String()), what, a.say().Notice(f.Notice),
			a.say().Relative(f.Since.In(a.Clock().Location())), style[f.State](f.State)})
	}
	a.table([]string{"ID", "PAIR", "WHAT", "NOTICE", "SEEN", "STATE"}, out)
	const next = "`holdfast status PAIR` shows what can be done; `holdfast flags ack ID` marks one as seen."
	a.printf("\n%s\n", dim.Render(next))
	if lost {
		a.printf("%s\n", dim.Render("`holdfast rebook PAIR --occurrence DATE --to \"Thu 14:00\"` books a make-up."))
	}
}

func (a *app) completeFlags(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	d, err := a.reading(cmd.Context())
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer d.Close()
	rows, err := d.Store.Flags(cmd.Context(), false)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, f := range rows {
		out = append(out, f.ID()+"\t"+f.Pair.String()+": "+a.say().Flag(f.Flag))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) historyCommand() *cobra.Command {
	since := ""
	cmd := &cobra.Command{Use: "history [PAIR|PERSON]", Short: "Show what became of each week's meeting",
		Args: atMost(1), ValidArgsFunction: a.completeNames,
		Long: "Shows what became of each week's 1:1, as the calendar shows it: whether people\n" +
			"really met, no calendar knows. A week's outcome is final when the week is\n" +
			"over. With --output json the coming weeks are listed too, as they stand now. Of\n" +
			"a pair it also shows what was done, by whom and from where.",
		Example: "  holdfast history mia/raj --since 2026-10-01",
		RunE: func(cmd *cobra.Command, args []string) error {
			var from series.Date
			var err error
			if since != "" {
				if from, err = series.ParseDate(since); err != nil {
					return fmt.Errorf("--since: %w", err)
				}
			}
			d, err := a.reading(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			of := strings.Join(args, "")
			rows, err := d.Store.History(cmd.Context(), of, from, a.Clock())
			if err != nil {
				return err
			}
			if a.output == "text" {
				rows = past(rows, a.Clock())
			}
			var coming []reconcile.Status
			if len(rows) == 0 {
				if coming, err = a.coming(cmd.Context(), d, args); err != nil {
					return err
				}
			}
			switch {
			case a.output == "json":
				return a.json(wire.List(rows, wire.OutcomeOf))
			case len(rows) > 0:
				a.historyText(rows)
			case since != "":
				a.printf("No week is recorded since %s.\n", since)
			default:
				a.noHistoryText(coming)
			}
			return a.deedsText(cmd.Context(), d, of, from)
		}}
	cmd.Flags().StringVar(&since, "since", "", "from this `date` on")
	return cmd
}

// deedsText tells what was done from the day on, where of is a pair: of others it is theirs to look at.
func (a *app) deedsText(ctx context.Context, d *daemon.App, of string, from series.Date) error {
	manager, report, pair := strings.Cut(of, "/")
	if !pair {
		return nil
	}
	var since time.Time
	if !from.IsZero() {
		since = series.Instant(from, 0, "UTC")
	}
	deeds, err := d.Store.Deeds(ctx, of, since)
	if err != nil || len(deeds) == 0 {
		return err
	}
	s := reconcile.Status{Pair: series.Pair{Manager: manager, Report: report}}
	// Of a roster that cannot be read, or has the pair no more, there are no names.
	if look, err := d.Reconciler.Look(ctx, of); err == nil && len(look.Statuses) > 0 {
		i := slices.IndexFunc(look.Statuses, func(x reconcile.Status) bool { return x.Pair == s.Pair })
		if i >= 0 {
			s = look.Statuses[i]
		}
	}
	a.deedList("What was done:", s, deeds)
	return nil
}

var resultStyle = map[drift.Result]func(string) string{
	drift.Kept:        green.Render,
	drift.KeptLate:    green.Render,
	drift.Recovered:   green.Render,
	drift.Excused:     dim.Render,
	drift.UnknownWeek: dim.Render,
}

// groupOf is how many pairs a rate over all of them needs, so that it is nobody's own.
const groupOf = 5

// coming are the pairs that args name and that have a next meeting. It is an error if nothing is known of what they
// name, or if no week of a roster that cannot be read is recorded.
func (a *app) coming(ctx context.Context, d *daemon.App, args []string) ([]reconcile.Status, error) {
	l, looked := d.Reconciler.Look(ctx, strings.Join(args, ""))
	ever, err := d.Store.History(ctx, strings.Join(args, ""), series.Date{}, a.Clock())
	if err != nil || looked != nil && len(ever) == 0 {
		return nil, cmp.Or(err, looked)
	}
	var known []series.Pair
	for _, s := range l.Statuses {
		known = append(known, s.Pair)
	}
	for _, o := range ever { // a pair that is no longer in the roster has a record too
		known = append(known, o.Pair)
	}
	meant, err := a.only(d, args, known...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(l.Statuses, func(s reconcile.Status) bool { return s.Next.IsZero() || !meant(s.Pair) }), nil
}

// past are the outcomes of the weeks so far.
func past(rows []drift.Outcome, now time.Time) []drift.Outcome {
	monday := series.DateOf(now.UTC()).Monday()
	return slices.DeleteFunc(slices.Clone(rows), func(o drift.Outcome) bool {
		return !o.Final && o.Week.Monday().After(monday)
	})
}

// noHistoryText tells what comes of the pairs that have a next meeting, where no week is recorded.
func (a *app) noHistoryText(coming []reconcile.Status) {
	if len(coming) == 0 {
		a.printf("No week is recorded yet: `holdfast sync` makes the first round.\n")
		return
	}
	first := slices.MinFunc(coming, func(x, y reconcile.Status) int { return x.Next.Compare(y.Next) })
	a.printf("No week is recorded yet: the first 1:1 is on %s.\n", a.say().Date(series.DateOf(first.Next)))
}

// historyText prints the outcomes of weeks so far.
func (a *app) historyText(past []drift.Outcome) {
	var out [][]string
	pairs := map[series.Pair]bool{}
	for _, o := range past {
		pairs[o.Pair] = true
		style := resultStyle[o.Result]
		if style == nil {
			style = red.Render
		}
		result := style(string(o.Result))
		if !o.Final {
			result += dim.Render(a.say().SoFar())
		}
		by := "-"
		if o.Result != drift.Kept && o.Result != drift.Excused && o.By != "" {
			by = string(o.By)
		}
		out = append(out, []string{
			o.Week.String(),
			bold.Render(o.Pair.String()),
			a.say().Date(o.Occurrence),
			result,
			by,
			a.say().Notice(o.Notice),
		})
	}
	a.table([]string{"WEEK", "PAIR", "BOOKED", "OUTCOME", "BY", "NOTICE"}, out)
	if n := counted(past); n > 0 && (len(pairs) == 1 || len(pairs) >= groupOf) {
		a.printf("\nKept in the calendar: %s of %s.\n", a.say().Percent(drift.KeptRate(past)), a.say().Count(n, "week"))
	}
}

// counted is how many weeks a kept rate is about.
func counted(outcomes []drift.Outcome) int {
	n := 0
	for _, o := range outcomes {
		if o.Final && o.Result != drift.Excused && o.Result != drift.UnknownWeek {
			n++
		}
	}
	return n
}
