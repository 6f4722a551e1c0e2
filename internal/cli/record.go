package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/daemon"
	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{Use: "status [PAIR|PERSON]", Short: "Show slot, next meeting, state, flags and kept rate", Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completePairs,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			r, err := d.Reconciler.Recall(cmd.Context())
			if err != nil {
				return err
			}
			outcomes, err := d.Store.Outcomes(cmd.Context(), series.Pair{}, series.Date{})
			if err != nil {
				return err
			}
			rows := r.Statuses(outcomes)
			if len(args) == 1 {
				rows = slices.DeleteFunc(rows, func(s reconcile.Status) bool { return s.Pair.String() != args[0] && !s.Pair.Has(args[0]) })
				if len(rows) == 0 {
					return hinted{fmt.Errorf("the roster has no pair or person %s", args[0]), "`holdfast status` lists the pairs"}
				}
			}
			if a.output == "json" {
				out := []statusJSON{}
				for _, s := range rows {
					out = append(out, toStatus(s))
				}
				return a.json(out)
			}
			a.statusText(r, rows)
			return nil
		}}
}

var stateStyle = map[reconcile.State]func(...string) string{reconcile.OnSlot: green.Render, reconcile.Flagged: yellow.Render, reconcile.Held: yellow.Render,
	reconcile.Stale: red.Render, reconcile.Unbooked: dim.Render}

func (a *app) statusText(r reconcile.Round, rows []reconcile.Status) {
	if r.Problems != nil {
		fmt.Fprintf(a.Err, "the roster has problems:\n%v\n", r.Problems)
	}
	if r.First {
		a.printf("No round was made yet: `holdfast sync` books what the roster wants, `holdfast plan` shows it first.\n\n")
	}
	var out [][]string
	for _, s := range rows {
		state := stateStyle[s.State](string(s.State))
		if s.Flags > 0 {
			state += fmt.Sprintf(" (%s)", count(s.Flags, "flag"))
		}
		next := "-"
		if !s.Next.IsZero() {
			next = when(s.Next, r.At) + ", " + relative(s.Next, r.At)
		}
		slot := "-"
		if !s.Slot.IsZero() {
			slot = s.Slot.String() + ", " + drift.Say(s.Duration.String())
			if s.Slot.Every > 1 {
				slot += fmt.Sprintf(", every %d weeks", s.Slot.Every)
			}
		}
		out = append(out, []string{bold.Render(s.Pair.String()), slot, next, state, percent(s.Kept)})
	}
	a.table([]string{"PAIR", "SLOT", "NEXT", "STATE", "KEPT"}, out)
	for _, id := range sortedBreaks(r.Breaks) {
		b := r.Breaks[id]
		a.printf("\n%s %s, since %s\n", red.Render("!"), b.Text, relative(b.Since, r.At))
		if b.Hint != "" {
			a.printf("  %s\n", b.Hint)
		}
	}
}

func sortedBreaks(m map[string]reconcile.Break) []string {
	var ids []string
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (a *app) flagsCommand() *cobra.Command {
	all := false
	cmd := &cobra.Command{Use: "flags", Short: "Show what is different from how it was put", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			rows, err := d.Store.Flags(cmd.Context(), all)
			if err != nil {
				return err
			}
			slices.SortStableFunc(rows, func(x, y reconcile.FlagRow) int {
				return cmp.Or(x.Pair.Compare(y.Pair), x.Occurrence.Compare(y.Occurrence), cmp.Compare(x.Kind, y.Kind))
			})
			if a.output == "json" {
				out := []flagJSON{}
				for _, f := range rows {
					out = append(out, toFlag(f))
				}
				return a.json(out)
			}
			if len(rows) == 0 {
				a.printf("No open flags: every 1:1 is where it was put, as far as the last round saw.\n")
				return nil
			}
			var out [][]string
			for _, f := range rows {
				state := f.State
				if f.State == "open" {
					state = yellow.Render(state)
				}
				out = append(out, []string{dim.Render(f.ID()), bold.Render(f.Pair.String()), f.Words(), orElse(notice(f.Notice), "-"), relative(f.Since, a.Clock()), state})
			}
			a.table([]string{"ID", "PAIR", "WHAT", "NOTICE", "SEEN", "STATE"}, out)
			return nil
		}}
	cmd.Flags().BoolVar(&all, "all", false, "closed ones too")
	cmd.AddCommand(&cobra.Command{Use: "ack ID", Short: "Mark a flag as seen", Args: cobra.ExactArgs(1),
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
				return hinted{fmt.Errorf("there is no open flag %s", args[0]), "`holdfast flags` lists them with their ids"}
			}
			if a.output == "json" {
				return a.json(map[string]string{"id": args[0], "state": "acknowledged"})
			}
			a.printf("Flag %s is acknowledged: it stays on the list until it closes.\n", args[0])
			return nil
		}})
	return cmd
}

func (a *app) historyCommand() *cobra.Command {
	since := ""
	cmd := &cobra.Command{Use: "history [PAIR]", Short: "Show what became of each week's meeting", Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completePairs,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			var pair series.Pair
			var from series.Date
			if len(args) == 1 {
				if pair, err = series.ParsePair(args[0]); err != nil {
					return err
				}
			}
			if since != "" {
				if from, err = series.ParseDate(since); err != nil {
					return err
				}
			}
			rows, err := d.Store.Outcomes(cmd.Context(), pair, from)
			if err != nil {
				return err
			}
			rows = shown(rows, a.Clock())
			if a.output == "json" {
				out := []outcomeJSON{}
				for _, o := range rows {
					out = append(out, toOutcome(o))
				}
				return a.json(out)
			}
			a.historyText(rows)
			return nil
		}}
	cmd.Flags().StringVar(&since, "since", "", "from this `date` on")
	return cmd
}

var resultStyle = map[drift.Result]func(...string) string{drift.Kept: green.Render, drift.KeptLate: green.Render, drift.Recovered: green.Render,
	drift.Excused: dim.Render, drift.UnknownWeek: dim.Render}

func (a *app) historyText(rows []drift.Outcome) {
	if len(rows) == 0 {
		a.printf("No weeks are recorded yet.\n")
		return
	}
	var out [][]string
	for _, o := range rows {
		style := resultStyle[o.Result]
		if style == nil {
			style = red.Render
		}
		result := style(string(o.Result))
		if !o.Final {
			result += dim.Render(" (so far)")
		}
		by := ""
		if o.Result != drift.Kept && o.Result != drift.Excused {
			by = string(o.By)
		}
		out = append(out, []string{o.Week.String(), bold.Render(o.Pair.String()), o.Occurrence.Long(), result, orElse(by, "-"), orElse(notice(o.Notice), "-")})
	}
	a.table([]string{"WEEK", "PAIR", "BOOKED", "OUTCOME", "BY", "NOTICE"}, out)
	a.printf("\nKept in the calendar: %s\n", percent(drift.KeptRate(rows)))
}

func (a *app) completePairs(cmd *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	d, err := daemon.New(a.options())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	want, err := d.Desired(a.Clock())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, s := range want.Series {
		if strings.HasPrefix(s.Pair.String(), prefix) {
			out = append(out, s.Pair.String())
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) forecastCommand() *cobra.Command {
	months := 12
	cmd := &cobra.Command{Use: "forecast", Short: "Show the weeks in which clock changes, holidays or leave touch a slot", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			r, err := d.Reconciler.Recall(cmd.Context())
			if err != nil {
				return err
			}
			rows := forecast(r.Views, r.At, months)
			if a.output == "json" {
				return a.json(rows)
			}
			if len(rows) == 0 {
				a.printf("Nothing touches a slot in the next %s.\n", count(months, "month"))
				return nil
			}
			var out [][]string
			for _, f := range rows {
				day, _ := series.ParseDate(f.Date)
				out = append(out, []string{day.Long(), bold.Render(f.Pair), f.Kind, f.Text})
			}
			a.table([]string{"DAY", "PAIR", "WHAT", ""}, out)
			return nil
		}}
	cmd.Flags().IntVar(&months, "months", 12, "how far to look")
	return cmd
}

// touch is one week in which something touches a slot.
type touch struct {
	Date string `json:"date"`
	Pair string `json:"pair"`
	Kind string `json:"kind"` // "clock", "away"
	Text string `json:"text"`
}

// forecast lists by day where a slot moves on one side's clock, and where one of the two is away.
func forecast(views []series.View, now time.Time, months int) []touch {
	out := []touch{}
	until := series.DateOf(now.AddDate(0, months, 0))
	for _, v := range views {
		slot := v.Want.Slot
		first := series.DateOf(now)
		if h := v.Head(); h != nil && !h.Mark.Slot.IsZero() {
			slot, first = h.Mark.Slot, h.First()
		}
		if !v.Wanted || slot.Every == 0 || slot.Zone == "" || v.Want.Auto && v.Head() == nil {
			continue
		}
		usual := map[string]series.TimeOfDay{}
		for _, d := range slot.Dates(slot.InWeek(first), series.DateOf(now), until) {
			if why := v.Want.AwayOn(d); why != "" {
				out = append(out, touch{d.String(), v.Pair.String(), "away", why})
			}
			for _, p := range []series.Person{v.Want.Manager, v.Want.Report} {
				_, at := series.WallClock(slot.On(d), p.Zone)
				if before, ok := usual[p.ID]; ok && before != at {
					out = append(out, touch{d.String(), v.Pair.String(), "clock", fmt.Sprintf("for %s it is at %s instead of %s from here on", p.ID, at, before)})
				}
				usual[p.ID] = at
			}
		}
	}
	slices.SortStableFunc(out, func(x, y touch) int { return cmp.Or(cmp.Compare(x.Date, y.Date), cmp.Compare(x.Pair, y.Pair)) })
	return out
}
