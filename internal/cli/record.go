package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
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
			rows, err := d.Store.Flags(cmd.Context(), all)
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
			makeUps(cmd.Context(), d, rows)
			if a.output == "json" {
				out := []flagJSON{}
				for _, f := range rows {
					out = append(out, toFlag(f))
				}
				return a.json(out)
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
			ok, err := d.Store.Acknowledge(cmd.Context(), args[0], a.Clock())
			if err != nil {
				return err
			}
			if !ok {
				return hinted{fmt.Errorf("there is no open flag %q", args[0]), "`holdfast flags` lists them with their ids"}
			}
			if a.output == "json" {
				return a.json(map[string]string{"id": args[0], "state": "acknowledged"})
			}
			a.printf("Flag %s is acknowledged: it stays on the list until it closes.\n", args[0])
			return nil
		}})
	return cmd
}

func (a *app) flagsText(rows []reconcile.FlagRow) {
	if len(rows) == 0 {
		a.printf("No flags: every 1:1 is where it was put, as far as the last round saw.\n")
		return
	}
	style := map[string]func(...string) string{"open": yellow.Render, "closed": dim.Render, "acknowledged": cyan.Render}
	var out [][]string
	lost := false
	for _, f := range rows {
		what := f.Words()
		if len(f.Why) > 0 {
			what += "\n" + dim.Render(strings.Join(f.Why, "; "))
		}
		if len(f.Makeups) > 0 {
			what += "\n" + dim.Render("could be made up: "+drift.SayTimes(f.Makeups))
			lost = true
		}
		out = append(out, []string{dim.Render(f.ID()), bold.Render(f.Pair.String()), what, notice(f.Notice),
			relative(f.Since.In(a.Clock().Location()), a.Clock()), style[f.State](f.State)})
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
		out = append(out, f.ID()+"\t"+f.Pair.String()+": "+f.Words())
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) historyCommand() *cobra.Command {
	since := ""
	cmd := &cobra.Command{Use: "history [PAIR|PERSON]", Short: "Show what became of each week's meeting",
		Args: atMost(1), ValidArgsFunction: a.completeNames,
		Long: "Shows what became of each week's 1:1, as the calendar shows it: whether people\n" +
			"really met, no calendar knows. A week's outcome is final when the week is\n" +
			"over. With --output json the coming weeks are listed too, as they stand now.",
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
			all, err := d.Store.Outcomes(cmd.Context(), series.Pair{}, series.Date{})
			if err != nil {
				return err
			}
			var past []series.Pair // a pair that is no longer in the roster has a record too
			for _, o := range all {
				past = append(past, o.Pair)
			}
			meant, err := a.only(d, args, past...)
			if err != nil {
				return err
			}
			rows, err := d.Store.Outcomes(cmd.Context(), series.Pair{}, from)
			if err != nil {
				return err
			}
			rows = slices.DeleteFunc(rows, func(o drift.Outcome) bool { return !meant(o.Pair) })
			if a.output == "json" {
				out := []outcomeJSON{}
				for _, o := range shown(rows, a.Clock()) {
					out = append(out, toOutcome(o))
				}
				return a.json(out)
			}
			r, err := d.Reconciler.Recall(cmd.Context())
			if err != nil && len(rows) == 0 {
				return err
			}
			a.historyText(rows, since, slices.DeleteFunc(r.Statuses(nil), func(s reconcile.Status) bool {
				return !meant(s.Pair) || s.Next.IsZero()
			}))
			return nil
		}}
	cmd.Flags().StringVar(&since, "since", "", "from this `date` on")
	return cmd
}

var resultStyle = map[drift.Result]func(...string) string{drift.Kept: green.Render, drift.KeptLate: green.Render, drift.Recovered: green.Render,
	drift.Excused: dim.Render, drift.UnknownWeek: dim.Render}

// groupOf is how many pairs a rate over all of them needs, so that it is nobody's own.
const groupOf = 5

// historyText prints the outcomes of the weeks so far. coming are the pairs that have a next meeting.
func (a *app) historyText(rows []drift.Outcome, since string, coming []reconcile.Status) {
	week := series.DateOf(a.Clock().UTC()).Week()
	past := slices.DeleteFunc(slices.Clone(rows), func(o drift.Outcome) bool { return !o.Final && o.Week.Monday().After(week.Monday()) })
	if len(past) == 0 {
		switch {
		case since != "":
			a.printf("No week is recorded since %s.\n", since)
		case len(coming) > 0:
			first := slices.MinFunc(coming, func(x, y reconcile.Status) int { return x.Next.Compare(y.Next) })
			a.printf("No week is recorded yet: the first 1:1 is on %s.\n", series.DateOf(first.Next).Long())
		default:
			a.printf("No week is recorded yet: `holdfast sync` makes the first round.\n")
		}
		return
	}
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
			result += dim.Render(" (so far)")
		}
		by := "-"
		if o.Result != drift.Kept && o.Result != drift.Excused && o.By != "" {
			by = string(o.By)
		}
		out = append(out, []string{o.Week.String(), bold.Render(o.Pair.String()), o.Occurrence.Long(), result, by, notice(o.Notice)})
	}
	a.table([]string{"WEEK", "PAIR", "BOOKED", "OUTCOME", "BY", "NOTICE"}, out)
	if n := counted(past); n > 0 && (len(pairs) == 1 || len(pairs) >= groupOf) {
		a.printf("\nKept in the calendar: %s of %s.\n", percent(drift.KeptRate(past)), count(n, "week"))
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
