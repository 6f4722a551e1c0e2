package say

import (
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// Booked is the slot that is booked, or else what the roster wants: "not booked; wanted: Tue 10:00 Europe/Berlin, 1 h".
// open says that it is not booked.
func (r Reader) Booked(slot, wanted series.Slot) (text string, open bool) {
	switch {
	case !slot.IsZero():
		return r.Slot(slot), false
	case wanted.IsZero():
		return r.say("slot.chosen", facts{}), true
	}
	return r.say("slot.wanted", facts{Text: r.Slot(wanted)}), true
}

// Next is the next meeting, with how far off it is; "-" for none.
func (r Reader) Next(t time.Time) string {
	if t.IsZero() {
		return r.say("none", facts{})
	}
	return r.say("next", facts{Text: r.When(t), Other: r.Relative(t)})
}

// MadeUp is that the meeting of the day is at another time.
func (r Reader) MadeUp(day series.Date, to time.Time) string {
	return r.say("made-up", facts{Day: r.Date(day), To: r.When(to)})
}

// ClockOf is a meeting's start on a person's own clock: "Tue 14:30 for Raj Patel (Asia/Kolkata)"; "" where that shows
// the same as the reader's.
func (r Reader) ClockOf(name, zone string, start time.Time) string {
	theirs := series.At(start, zone)
	if at := CommandTime(theirs); start.IsZero() || at == CommandTime(r.here(start)) {
		return ""
	}
	own := Reader{Language: r.Language, Now: r.Now}
	return r.say("clock.of", facts{From: own.InWeek(theirs), Text: name, Zone: zone})
}

// NotRead is the state of a pair whose calendars were never read.
func (r Reader) NotRead() string { return r.say("state.unread", facts{}) }

// Change is what a change leads from and to: "Tue 10:00 Europe/Berlin, 1 h -> Wed 11:00 Europe/Berlin, 1 h".
func (r Reader) Change(c plan.Change) string {
	f := facts{From: r.Aspect(c.From), To: r.Aspect(c.To)}
	switch {
	case c.Action == plan.End && f.From != "":
		return r.say("change.ends", f)
	case f.From != "" && f.To != "" && !c.From.Equal(c.To):
		return r.say("change.from-to", f)
	case f.To != "":
		return f.To
	case f.From != "":
		return f.From
	}
	return r.Date(c.Occurrence)
}

// Action is what a change does: "book", "put back".
func (r Reader) Action(a plan.Action) string { return r.say("change."+string(a), facts{}) }

// Mails is how many mails a change causes: "(1 mail)"; "" for none.
func (r Reader) Mails(n int) string {
	if n == 0 {
		return ""
	}
	return r.say("change.mails", facts{N: n})
}

// Held is the heading of so many changes that wait for a person.
func (r Reader) Held(n int) string { return r.say("held.heading", facts{N: n}) }

// waiting is what a held change waits for, in a word for its kind.
func waiting(h plan.Held) string {
	switch {
	case h.Changed:
		return "held.changed"
	case h.Stuck:
		return "held.stuck"
	case h.Waits:
		return "held.waits"
	case h.Brake:
		return "held.limit"
	}
	return "held.decide"
}

// Waiting is what a held change waits for.
func (r Reader) Waiting(h plan.Held) string { return r.say(waiting(h), facts{}) }

// Away is that somebody is away, and why.
func (r Reader) Away(name, why string) string {
	return r.say("forecast.away", facts{Text: name, Detail: why})
}

// ClockChange is that from a day on a 1:1 is at another time on somebody's clock, perhaps outside their hours.
func (r Reader) ClockChange(name, before, now string, outside bool) string {
	text := r.say("forecast.clock", facts{Text: name, From: before, To: now})
	if outside {
		text += r.say("forecast.outside", facts{})
	}
	return text
}
