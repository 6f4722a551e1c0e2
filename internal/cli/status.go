package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/access"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/outbox"
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
			var deeds []deed.Deed
			one := len(args) == 1 && rows[0].Pair.String() == args[0]
			if one {
				a.visit(cmd.Context(), d, access.ThePair, []series.Pair{rows[0].Pair})
				if deeds, err = d.Store.Deeds(cmd.Context(), args[0], time.Time{}); err != nil {
					return err
				}
			}
			if a.output == "json" {
				out := wire.List(rows, wire.StatusOf)
				if one {
					out[0].Deeds = wire.List(deeds, wire.DeedOf)
				}
				return a.json(out)
			}
			if r.Problems != nil {
				a.errorf("holdfast: the roster has problems; the last good one stays:\n%v\n", r.Problems)
			}
			if r.First {
				a.printf("No round was made yet: `holdfast plan` shows what the first would do, `holdfast sync` makes it.\n\n")
			}
			if one {
				outcomes, err := d.Store.Outcomes(cmd.Context(), rows[0].Pair, series.Date{})
				if err != nil {
					return err
				}
				told, err := d.Noticed(cmd.Context(), args[0], a.Clock())
				if err != nil {
					return err
				}
				a.pairText(r, rows[0], outcomes, told, deeds)
			} else {
				a.statusText(r, rows)
			}
			a.outagesText(r, rows)
			if len(args) == 0 {
				a.outageList("To be looked at:", yellow, standing(r.Outages))
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

func (a *app) stateText(s reconcile.Status) string {
	if s.State == reconcile.Stale && len(s.Why) == 0 {
		return dim.Render(a.say().NotRead())
	}
	text := stateStyle[s.State](string(s.State))
	if s.Flags > 0 {
		text += fmt.Sprintf(" (%s)", a.say().Count(s.Flags, "flag"))
	}
	return text
}

// slotText is the slot that is booked, or else the one that the roster wants.
func (a *app) slotText(s reconcile.Status) string {
	text, open := a.say().Booked(s.Slot, s.Wanted)
	if open {
		return dim.Render(text)
	}
	return text
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
			a.slotText(s),
			a.say().Next(s.Next),
			a.stateText(s),
			a.say().Percent(s.Kept),
		})
	}
	a.table([]string{"PAIR", "SLOT", "NEXT", "STATE", "KEPT"}, out)
}

// pairText tells of one pair all that its two people may know.
func (a *app) pairText(r reconcile.Look, s reconcile.Status, outcomes []drift.Outcome, told []outbox.Entry,
	deeds []deed.Deed) {
	a.printf("%s  %s and %s\n\n", bold.Render(s.Pair.String()), s.Person[0], s.Person[1])
	kept := ""
	if n := counted(outcomes); n > 0 {
		kept = a.say().Percent(s.Kept) + " of " + a.say().Count(n, "week")
	}
	rows := [][2]string{{"slot", a.slotText(s)}, {"next", a.say().Next(s.Next)}}
	for i, id := range []string{s.Pair.Manager, s.Pair.Report} {
		rows = append(rows, [2]string{"", a.say().ClockOf(cmp.Or(s.Person[i], id), s.Zone[i], s.Next)})
	}
	for _, m := range s.MadeUp {
		rows = append(rows, [2]string{"made up", a.say().MadeUp(m.Occurrence, m.To)})
	}
	a.facts(append(rows, [][2]string{
		{"place", s.Place}, {"agenda", s.PrepDoc}, {"state", a.stateText(s)}, {"kept", kept}}...))
	var flags []drift.Flag
	for _, f := range r.Flags {
		if f.Pair == s.Pair {
			flags = append(flags, f.Flag)
		}
	}
	if len(flags) > 0 {
		a.printf("\n")
		a.flagList(flags, s.Linked, a.toldLines(s, told))
	}
	a.heldText(s.Held)
	last := slices.DeleteFunc(slices.Clone(deeds), func(d deed.Deed) bool {
		return d.Result == deed.Nothing || d.Result == deed.Refused
	})
	last = last[max(0, len(last)-lastDeeds):]
	a.deedList("What was last done:", s, last)
	if len(outcomes) > 0 || len(last) < len(deeds) {
		a.printf("\n%s\n", dim.Render("`holdfast history "+s.Pair.String()+"` shows every week."))
	}
}

// lastDeeds is how many deeds are shown of a pair, where it is not its history.
const lastDeeds = 5

// deedList tells what was done about the pair, the last first, below a heading.
func (a *app) deedList(heading string, s reconcile.Status, deeds []deed.Deed) {
	if len(deeds) > 0 {
		a.printf("\n%s\n", heading)
	}
	name := func(id string) string {
		return cmp.Or(map[string]string{s.Pair.Manager: s.Person[0], s.Pair.Report: s.Person[1]}[id], id)
	}
	for _, d := range slices.Backward(deeds) {
		if zone := cmp.Or(s.Slot.Zone, s.Wanted.Zone); zone != "" && !d.To.IsZero() {
			d.To = series.At(d.To, zone)
		}
		a.printf("  %s\n", a.say().Did(d, name))
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
	heading := "Not up to date since " + a.say().When(since.In(a.Clock().Location())) + ":"
	a.outageList(heading, red, unreadable(causes))
	a.outageList("Documents that cannot be made or checked:", yellow, untended(documentOutages(r, rows)))
}
