package plan_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/plan"
	"holdfast/internal/series"
	"holdfast/internal/series/seriestest"
)

// TestStories tells what is planned, held and carried at each moment of the stories in testdata.
func TestStories(t *testing.T) {
	seriestest.Run(t, "testdata", "plan", func() func(*seriestest.Moment) string {
		return func(m *seriestest.Moment) string {
			text := tell(m)
			for seed := range uint64(5) {
				if d := cmp.Diff(text, tell(m.Shuffled(rand.New(rand.NewPCG(seed, 0))))); d != "" {
					t.Errorf("%s: the order of what is given changes what is planned:\n%s", m.Now, d)
				}
			}
			return text
		}
	})
}

func tell(m *seriestest.Moment) string {
	p := plan.Diff(m.PlanInput())
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	change := func(c plan.Change) {
		for _, w := range c.Why {
			say("  - %s", w)
		}
		for _, s := range c.Steps {
			say("  > %s", step(s))
		}
	}
	for _, c := range p.Changes {
		say("%s", headline(c))
		change(c)
	}
	for _, h := range p.Held {
		kind := "held"
		if h.Brake {
			kind = "held by a brake"
		}
		say("%s: %s", kind, headline(h.Change))
		say("  ! %s", h.Because)
		change(h.Change)
	}
	for _, r := range p.Refused {
		say("refused %s %s: %s", r.Pair, r.Occurrence, r.Because)
	}
	changes := len(out)
	for _, d := range plan.Deliveries(m.Views, m.Asks, m.Now) {
		switch {
		case d.Event == nil:
			var to []string
			for _, a := range d.Answers {
				at := "all"
				if !a.Original.IsZero() {
					at = clock(a.Original)
				}
				to = append(to, fmt.Sprintf("%s to %s", a.PartStat, at))
			}
			say("deliver %s from %s to %s's calendar: %s", d.Pair, d.Attendee, d.Calendar, strings.Join(to, ", "))
		case d.Event.Cancelled:
			say("deliver %s to %s's calendar: it is called off", d.Pair, d.Calendar)
		case d.Ref.ID == "":
			say("deliver %s to %s's calendar: a new invitation", d.Pair, d.Calendar)
		default:
			say("deliver %s to %s's calendar: an update", d.Pair, d.Calendar)
		}
	}
	slices.Sort(out[changes:])
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, "\n")
}

func headline(c plan.Change) string {
	text := fmt.Sprintf("%s %s", c.Action, c.Pair)
	if c.Generation > 1 {
		text += fmt.Sprintf(" (generation %d)", c.Generation)
	}
	if !c.Occurrence.IsZero() {
		text += " " + c.Occurrence.String()
	}
	switch {
	case !c.From.IsZero() && !c.To.IsZero():
		text += fmt.Sprintf(": %s -> %s", c.From, c.To)
	case !c.From.IsZero() || !c.To.IsZero():
		text += ": " + c.From.String() + c.To.String()
	}
	text += fmt.Sprintf(", mails %d", c.Mails)
	if c.Group != "" {
		text += ", all or none of " + c.Group
	}
	return text
}

// step says which write it is.
func step(s plan.Step) string {
	switch {
	case s.Create != nil:
		w := s.Create
		text := fmt.Sprintf("create %s from %s", w.Slot.Line(), w.First)
		for _, k := range w.Skips {
			text += " without " + k.Date.String()
		}
		return text + carry(w)
	case s.Invite != "":
		return "invite " + s.Invite
	case s.Update != nil:
		return "update" + patch(*s.Update)
	case s.Skip != nil:
		text := "skip"
		for _, k := range s.Skip {
			text += fmt.Sprintf(" %s (%s)", k.Date, k.Why)
		}
		return text
	case s.Unskip != nil:
		return fmt.Sprintf("unskip %v", s.Unskip)
	case s.SetOverride != nil:
		o := s.SetOverride
		text := fmt.Sprintf("set %s to %s for %s", clock(o.Original), clock(o.Start), o.Duration)
		if o.Cancelled {
			text = fmt.Sprintf("cancel %s", clock(o.Original))
		}
		if o.Place != "" {
			text += ", place " + o.Place
		}
		if o.Link != "" {
			text += ", link " + strings.TrimPrefix(o.Link, seriestest.Link)
		}
		return text
	case s.ClearOverride != nil:
		return "clear " + clock(*s.ClearOverride)
	case s.End != nil:
		return "end after " + s.End.String()
	case s.Revive != nil:
		return "revive"
	}
	return "?"
}

// carry says what goes with a new series.
func carry(w *series.Series) string {
	c, text := w.Carry, ""
	say := func(format string, args ...any) { text += fmt.Sprintf("\n    + "+format, args...) }
	for _, f := range slices.Sorted(maps.Keys(c.Written)) {
		value := map[series.Field]string{series.FieldTitle: w.Title, series.FieldPlace: w.Place, series.FieldLink: w.Link}[f]
		say("%s %s, as a person has it", f, strings.TrimPrefix(value, seriestest.Link))
	}
	if c.Answer != "" && c.Answer != series.NeedsAction {
		say("answered %s", c.Answer)
	}
	for _, g := range c.Guests {
		say("guest %s %s", g.Address, g.Answer)
	}
	if c.Free {
		say("free")
	}
	for _, t := range c.Excluded {
		say("cancel %s", clock(t))
	}
	for _, d := range c.PutBack {
		say("put back %s", d)
	}
	for _, o := range c.Overrides {
		line := step(plan.Step{SetOverride: &o.Override})
		if o.Free {
			line += ", free"
		}
		if o.MadeUp {
			line += ", made up"
		}
		for _, g := range o.Guests {
			line += ", " + g.Address + " " + string(g.Answer)
		}
		say("%s", line)
	}
	return text
}

func patch(p series.Patch) string {
	text := ""
	if p.Slot != nil {
		text += fmt.Sprintf(" slot %s from %s;", p.Slot.Slot.Line(), p.Slot.First)
	}
	if p.People != nil {
		text += fmt.Sprintf(" people %s %s;", p.People.Organizer.Email, p.People.Guests[0].Email)
	}
	if p.Place != nil {
		text += fmt.Sprintf(" place %q;", *p.Place)
	}
	if p.Link != nil {
		text += fmt.Sprintf(" link %q;", strings.TrimPrefix(*p.Link, seriestest.Link))
	}
	if p.Busy {
		text += " busy;"
	}
	if m := p.Mark; m != nil {
		text += fmt.Sprintf(" mark of %s generation %d booked %s, line %s;", m.Pair, m.Generation, m.Slot.Line(), m.Line)
	}
	return strings.TrimSuffix(text, ";")
}

func clock(t time.Time) string { return t.Format("2006-01-02 15:04") }
