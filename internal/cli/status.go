package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/wire"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{Use: "status [PAIR|PERSON]", Short: "Show slot, next meeting, state, flags and kept rate",
		Args: atMost(1), ValidArgsFunction: a.completeNames,
		Long: "Shows what the last round saw; no calendar is asked. States: on-slot; flagged\n" +
			"(something differs: `holdfast flags`); held (a change waits for a person:\n" +
			"`holdfast plan`); unbooked; stale (a calendar could not be read).",
		Example: "  holdfast status\n  holdfast status mia\n  holdfast status mia/raj",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.reading(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			r, err := d.Reconciler.Look(cmd.Context(), strings.Join(args, ""))
			if err != nil {
				return err
			}
			rows := r.Statuses
			var known []series.Pair
			for _, s := range rows {
				known = append(known, s.Pair)
			}
			meant, err := a.only(d, args, known...)
			if err != nil {
				return err
			}
			rows = slices.DeleteFunc(rows, func(s reconcile.Status) bool { return !meant(s.Pair) })
			if r.Problems != nil {
				a.code = exitError
			}
			if a.output == "json" {
				return a.json(wire.List(rows, wire.StatusOf))
			}
			if r.Problems != nil {
				a.errorf("holdfast: the roster has problems; the last good one stays:\n%v\n", r.Problems)
			}
			if r.First {
				a.printf("No round was made yet: `holdfast plan` shows what the first would do, `holdfast sync` makes it.\n\n")
			}
			if len(args) == 1 && rows[0].Pair.String() == args[0] {
				outcomes, err := d.Store.Outcomes(cmd.Context(), rows[0].Pair, series.Date{})
				if err != nil {
					return err
				}
				a.pairText(r, rows[0], outcomes)
			} else {
				a.statusText(r, rows)
			}
			a.outagesText(r, rows)
			if len(args) == 0 {
				a.standingText(r.Outages)
			}
			return nil
		}}
}

var stateStyle = map[reconcile.State]func(string) string{
	reconcile.OnSlot:   green.Render,
	reconcile.Flagged:  yellow.Render,
	reconcile.Held:     yellow.Render,
	reconcile.Stale:    red.Render,
	reconcile.Unbooked: dim.Render,
}

func stateText(s reconcile.Status) string {
	if s.State == reconcile.Stale && len(s.Why) == 0 {
		return dim.Render("not read yet")
	}
	text := stateStyle[s.State](string(s.State))
	if s.Flags > 0 {
		text += fmt.Sprintf(" (%s)", count(s.Flags, "flag"))
	}
	return text
}

// slotText is the slot that is booked, or else the one that the roster wants.
func slotText(s reconcile.Status) string {
	switch {
	case !s.Slot.IsZero():
		return s.Slot.Words()
	case s.Wanted.IsZero():
		return dim.Render("not booked; Holdfast chooses it")
	default:
		return dim.Render("not booked; wanted: " + s.Wanted.Words())
	}
}

func nextText(s reconcile.Status, now time.Time) string {
	if s.Next.IsZero() {
		return "-"
	}
	return when(s.Next, now) + ", " + relative(s.Next, now)
}

// clockOf is a meeting's start on a person's own clock: "Tue 14:30 for Raj Patel (Asia/Kolkata)"; "" where that
// shows the same as start's own, or there is none.
func clockOf(name, zone string, start time.Time) string {
	theirs := series.At(start, zone)
	if start.IsZero() || theirs.Format("Mon 15:04") == start.Format("Mon 15:04") {
		return ""
	}
	return fmt.Sprintf("%s for %s (%s)", theirs.Format("Mon 15:04"), name, zone)
}

func (a *app) statusText(r reconcile.Look, rows []reconcile.Status) {
	if len(rows) == 0 {
		a.printf("The roster has no pairs: `one_on_ones:` lists who meets whom.\n")
		return
	}
	var out [][]string
	for _, s := range rows {
		out = append(out, []string{
			bold.Render(s.Pair.String()),
			slotText(s),
			nextText(s, r.At),
			stateText(s),
			percent(s.Kept),
		})
	}
	a.table([]string{"PAIR", "SLOT", "NEXT", "STATE", "KEPT"}, out)
}

// pairText tells of one pair all that its two people may know.
func (a *app) pairText(r reconcile.Look, s reconcile.Status, outcomes []drift.Outcome) {
	a.printf("%s  %s and %s\n\n", bold.Render(s.Pair.String()), s.Person[0], s.Person[1])
	kept := ""
	if n := counted(outcomes); n > 0 {
		kept = percent(s.Kept) + " of " + count(n, "week")
	}
	rows := [][2]string{{"slot", slotText(s)}, {"next", nextText(s, r.At)}}
	for i, id := range []string{s.Pair.Manager, s.Pair.Report} {
		rows = append(rows, [2]string{"", clockOf(cmp.Or(s.Person[i], id), s.Zone[i], s.Next)})
	}
	for _, m := range s.MadeUp {
		rows = append(rows, [2]string{"made up", m.Occurrence.Long() + " is on " + when(m.To, r.At) + " instead"})
	}
	a.facts(append(rows, [][2]string{
		{"place", s.Place}, {"agenda", s.PrepDoc}, {"state", stateText(s)}, {"kept", kept}}...))
	var flags []drift.Flag
	for _, f := range r.Flags {
		if f.Pair == s.Pair {
			flags = append(flags, f.Flag)
		}
	}
	if len(flags) > 0 {
		a.printf("\n")
		a.flagList(flags, s.Linked)
	}
	a.heldText(s.Held)
	if len(outcomes) > 0 {
		a.printf("\n%s\n", dim.Render("`holdfast history "+s.Pair.String()+"` shows every week."))
	}
}

// documentOutages are those of the pairs' documents.
func documentOutages(r reconcile.Look, rows []reconcile.Status) map[reconcile.Subject]reconcile.Outage {
	out := map[reconcile.Subject]reconcile.Outage{}
	for _, s := range rows {
		of := reconcile.DocumentOf(s.Pair)
		if o, ok := r.Outages[of]; ok {
			out[of] = o
		}
	}
	return out
}

// outagesText tells which calendars of these pairs cannot be read, and which documents not be tended.
func (a *app) outagesText(r reconcile.Look, rows []reconcile.Status) {
	causes := map[string]reconcile.Outage{}
	since := r.At
	for of, o := range r.Outages {
		if of.Matter == reconcile.MatterCalendar &&
			slices.ContainsFunc(rows, func(s reconcile.Status) bool { return s.Pair.Has(of.Person) }) {
			causes[of.Person] = o
			if o.Since.Before(since) {
				since = o.Since
			}
		}
	}
	for i, t := range unreadable(causes) {
		if i == 0 {
			a.printf("\n%s\n", red.Render("Not up to date since "+when(since.In(a.Clock().Location()), a.Clock())+":"))
		}
		a.printf("  %s %s\n", red.Render("!"), t.text)
		if t.hint != "" {
			a.printf("      %s\n", dim.Render(t.hint))
		}
	}
	for i, t := range untended(documentOutages(r, rows)) {
		if i == 0 {
			a.printf("\n%s\n", yellow.Render("Documents that cannot be made or checked:"))
		}
		a.printf("  %s %s\n", yellow.Render("!"), t.text)
		if t.hint != "" {
			a.printf("      %s\n", dim.Render(t.hint))
		}
	}
}
