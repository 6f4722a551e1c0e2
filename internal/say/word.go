package say

import (
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// Words are what a text of a page is filled in with; of each only some are given.
type Words struct {
	Text, Other, Time, By string
	N                     int
}

// Word is a text of the pages that has no facts: a heading, a button.
func (r Reader) Word(name string) string { return r.say("ui."+name, facts{}) }

// Fill is a text of the pages, filled in.
func (r Reader) Fill(name string, w Words) string {
	return r.say("ui."+name, facts{Text: w.Text, Other: w.Other, Time: w.Time, By: w.By, N: w.N})
}

// Day is "Tue 1 Dec", with its year if that is another than the present one.
func (r Reader) Day(d series.Date) string { return r.day(d) }

// LongDay is "Tuesday 1 December", with its year if that is another than the present one.
func (r Reader) LongDay(d series.Date) string {
	f := r.of(d)
	f.Weekday = r.catalogue().words["weekdays.long"][int(d.Weekday())]
	if d.Year != r.here(r.Now).Year() {
		return r.say("date.long", f)
	}
	return r.say("date.long.thisyear", f)
}

// Month is "Jan".
func (r Reader) Month(m time.Month) string { return r.catalogue().words["months"][int(m)-1] }

// Clock is "10:00" on the reader's clock.
func (r Reader) Clock(t time.Time) string { return clock(r.here(t)) }

// Today is the day on the reader's clock.
func (r Reader) Today() series.Date { return series.DateOf(r.here(r.Now)) }

// Beside is the reader of a 1:1, on their own clock with the other's beside it, and what the other is called.
func (r Reader) Beside(o OneOnOne, as Role) (Reader, string) {
	me, other, _ := r.beside(o, as)
	return me, other
}

// SlotHere is the slot, with its next time on the reader's clock where that shows another.
func (r Reader) SlotHere(s series.Slot) string { return r.slotHere(s) }

// InSlot is when a slot is: "Tue 10:00".
func (r Reader) InSlot(s series.Slot) string {
	return r.say("time.week", facts{Weekday: r.catalogue().words["weekdays"][s.Weekday], Clock: s.At.String()})
}

// Both is a moment with the other's clock beside the reader's: "Tue 15 Dec 15:00 (09:00 in New York)".
func (r Reader) Both(t time.Time) string { return r.both(r.When(t), t) }

// Capital is the text as a sentence begins.
func Capital(text string) string { return capital(text) }

// Kind is what is different, in a word or two: "Cancelled".
func (r Reader) Kind(k drift.Kind) string { return capital(r.say("subject."+string(k), facts{})) }

// Difference is what is different, in a sentence for the page of the 1:1, which names the other of the two anyway.
func (r Reader) Difference(o OneOnOne, as Role, f drift.Flag) string {
	me, _, who := r.beside(o, as)
	who.meeting = who.day
	return capital(me.flag(f, who)) + "."
}

// Advice is what can be done about a flag by hand; "" where it is done by a button.
func (r Reader) Advice(o OneOnOne, as Role, f drift.Flag) string {
	me, _, who := r.beside(o, as)
	switch name := hint(f, o.Linked); name {
	case "hint.restore", "hint.restore.one", "hint.series-moved", "hint.series-ended", "hint.slot-unfit",
		"hint.undelivered", "hint.doc-missing":
		return ""
	default:
		return capital(me.say(name, me.facts(f, who))) + "."
	}
}

// Offered is what a button does about a flag.
func (r Reader) Offered(o OneOnOne, as Role, d Deed, at time.Time) string {
	me, other, _ := r.beside(o, as)
	f := facts{Other: other}
	if !at.IsZero() {
		f.Time = me.both(me.When(at), at)
	}
	return capital(me.say("offer."+string(d), f))
}

// Who is what somebody is called: "you", or by name.
func (r Reader) Who(name string, reader bool) string {
	if reader {
		return r.say("you", facts{})
	}
	return name
}

// Hours are working hours: "Mon–Fri 09:00–12:30, 13:30–17:30"; "" for any time.
func (r Reader) Hours(h series.Hours) string {
	if h.Unset() {
		return ""
	}
	const days = 7
	text := func(i int) string {
		var out []string
		for _, w := range h.On(time.Weekday((i + 1) % days)) {
			out = append(out, w.From.String()+"–"+w.To.String())
		}
		return strings.Join(out, r.say("list.between", facts{}))
	}
	name := func(i int) string { return r.catalogue().words["weekdays"][(i+1)%days] }
	var out []string
	for first := 0; first < days; {
		last := first
		for last+1 < days && text(last+1) == text(first) {
			last++
		}
		run := name(first)
		if last > first {
			run += "–" + name(last)
		}
		if hours := text(first); hours != "" {
			out = append(out, run+" "+hours)
		}
		first = last + 1
	}
	return strings.Join(out, "; ")
}
