package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// occurrences puts single meetings back where policy or a command say so. What was booked for a time that is over cannot be
// put back.
func (p *pairPlan) occurrences(h *series.Event) {
	policy := p.in.Policy.Moved == PolicyRestore && p.ask == nil && !h.SlotTouched()
	one := p.asked(false) && !p.ask.Occurrence.IsZero()
	if !policy && !one {
		return
	}
	to := p.today.AddDays(7 * p.in.Policy.HorizonWeeks)
	if one && p.ask.Occurrence.After(to) {
		to = p.ask.Occurrence
	}
	for _, w := range p.v.Weeks(p.today.Week(), to.Week()) {
		m := w.Meeting
		// One that stands where it was made up for goes back to its slot, any other to where it was made up for.
		made := w.MadeUpAt()
		stands := !made.IsZero() && m != nil && !m.Cancelled && m.Start.Equal(made)
		if !made.IsZero() && !(one && stands) {
			w.Booked = made
		}
		if m == nil || w.Event.UID != h.UID || one && w.Date != p.ask.Occurrence || !w.Booked.After(p.in.Now) ||
			policy && p.v.Away(w.Booked, w.Slot.Duration) != "" {
			continue
		}
		c := Change{
			Occurrence: w.Date,
			From:       series.AspectOf(m.Start.In(w.Booked.Location())),
			To:         series.AspectOf(w.Booked),
			Mails:      1,
			Why:        []string{"put back: a person changed the meeting"},
		}
		o := series.Override{Original: m.Original, Start: w.Booked, Duration: m.Duration, Place: m.Place, Link: m.Link}
		if one {
			o.Duration, o.Place, o.Link = w.Slot.Duration, h.Place, h.Link
		}
		if stands {
			c.Why[0] = "put back: it was made up for at another time"
		}
		moved := !m.Start.Equal(o.Start)
		there := series.Interval{Start: w.Booked, End: w.Booked.Add(w.Slot.Duration)}
		if one && (moved || m.Cancelled) && p.taken([]series.Interval{there}) {
			return
		}
		switch {
		case m.Cancelled && one:
			c.From, c.Why = series.Aspect{}, []string{"put back: the meeting was cancelled"}
			if x := p.v.Beside(w.Date, w.Slot.Zone); x != nil {
				c.Why = append(c.Why, "the event of their own on "+moment(x.Start, w.Slot.Zone)+" stays: delete it by hand")
			}
			if c.Steps = []Step{{Ref: h.Ref, ClearOverride: &m.Original}}; !made.IsZero() {
				c.Steps = []Step{{Ref: h.Ref, SetOverride: &o}}
			}
		case m.Cancelled:
			continue
		case moved && (one || m.Overridden), one && (m.Duration != o.Duration || m.Place != o.Place):
			c.Steps = []Step{{Ref: h.Ref, SetOverride: &o}}
		case one && m.Free && !h.Free:
			c.Steps = []Step{{Ref: h.Ref, ClearOverride: &m.Original}}
		default:
			continue
		}
		p.do(Restore, c)
	}
}

// known is the last day to look at for who is away: the horizon, or as far as the roster tells of leave and holidays,
// but no further than the end of the next year. So what becomes known is skipped at once, however far ahead, and what
// is without an end costs one message a year.
func (p *pairPlan) known() series.Date {
	last := p.today.AddDays(7 * p.in.Policy.HorizonWeeks)
	bound := series.Date{Year: p.today.Year + 1, Month: time.December, Day: 31}
	for _, who := range []series.Person{p.v.Want.Manager, p.v.Want.Report} {
		for _, a := range who.Away {
			if a.To.Before(bound) {
				last = maxDate(last, a.To)
			} else if !a.From.After(bound) {
				last = maxDate(last, bound)
			}
		}
	}
	return last
}

// skips plans the weeks without a meeting because one of the two is away, and puts back those whose reason is gone.
// What a person moved, and a skip that a person put back, stay.
func (p *pairPlan) skips(h *series.Event) {
	if p.ask != nil || !h.Rule.Plain {
		return
	}
	var out []series.Skip
	var back []series.Date
	last := p.known()
	for _, s := range h.Mark.Skips { // one whose leave was withdrawn is put back, too
		last = maxDate(last, s.Date)
	}
	seen := h.Slot().On(p.today.AddDays(7*p.in.Policy.HorizonWeeks + 1)) // calendars tell no further
	until := h.Slot().On(last.AddDays(1))
	for _, m := range h.Meetings(p.in.Now, until) {
		day, _ := series.WallClock(m.Original, h.Zone)
		if !m.Original.After(p.in.Now) || !m.Original.Before(until) || m.Overridden && !same(h, m.Override) {
			continue
		}
		at := slices.IndexFunc(h.Mark.Skips, func(s series.Skip) bool { return s.Date == day })
		planned := at >= 0
		reason := p.v.Away(m.Original, m.Duration)
		switch {
		case reason == "" && planned && h.Mark.Skips[at].Why == series.OutOfOffice && !m.Original.Before(seen):
		case reason != "" && !planned && !m.Cancelled:
			out = append(out, series.Skip{Date: day, Why: reason})
		case reason == "" && planned && m.Excluded:
			back = append(back, day)
		}
	}
	if len(out) > 0 {
		p.do(Skip, Change{
			Occurrence: out[0].Date,
			Mails:      1,
			Why:        skipLines(h.Slot(), ": ", out),
			Steps:      []Step{{Ref: h.Ref, Skip: out}},
		})
	}
	if len(back) > 0 {
		var whyBack []string
		for _, d := range back {
			whyBack = append(whyBack, d.Long()+": nobody is away any more")
		}
		p.do(Restore, Change{Occurrence: back[0], Mails: 1, Why: whyBack, Steps: []Step{{Ref: h.Ref, Unskip: back}}})
	}
}

// skipLines are the reasons for planned skips of the slot's meetings, by day; a long run with one reason is one line.
func skipLines(slot series.Slot, are string, skips []series.Skip) []string {
	const long = 4
	var out []string
	for i := 0; i < len(skips); {
		first, n := skips[i], 1
		for i+n < len(skips) && skips[i+n].Why == first.Why && skips[i+n].Date == first.Date.AddDays(7*slot.Every*n) {
			n++
		}
		if n < long {
			n = 1
		}
		days, are := first.Date.Long(), are
		if n > 1 {
			days = fmt.Sprintf("%d meetings from %s to %s", n, days, skips[i+n-1].Date.Long())
			are = strings.Replace(are, " is ", " are ", 1)
		}
		out = append(out, days+are+first.Why)
		i += n
	}
	return out
}
