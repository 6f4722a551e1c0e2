package plan

import (
	"slices"
	"time"

	"holdfast/internal/series"
)

// Delivery is one errand of Holdfast as scheduling agent (RFC 6638 section 3.2), for pairs whose server carries no
// invitations: bringing the organizer's event to the report's copy, or the report's answers to the organizer.
type Delivery struct {
	Pair     series.Pair
	Calendar string // the person whose calendar is written
	Attendee string // the report's address
	Ref      series.Ref
	Event    *series.Event   // to bring to the copy at Ref, or with a zero Ref to a new one
	Answers  []series.Answer // to record on the organizer's event at Ref
}

// Target is what a delivery writes: the event of that UID on the calendar of a person of the pair.
type Target struct {
	Pair     series.Pair
	Calendar string // the person's id
	UID      string
}

// Try is a delivery that was tried and did not show when the calendar was read again.
type Try struct {
	What   string // digest of what was to be delivered, and to what
	Rounds int    // in so many rounds in a row
}

// Deliveries are the errands that are due. They carry on what people and the plan did; they decide nothing. A copy that
// the report changed is left alone: that is a flag.
func Deliveries(views []series.View, now time.Time) []Delivery {
	var out []Delivery
	for i := range views {
		v := &views[i]
		if v.Stale || v.Suspect || v.Missing() || !v.HasCopy {
			continue
		}
		for k := range v.Chain {
			out = append(out, errands(v, v.Chain[k], now)...)
		}
		for _, g := range v.Gone {
			if c := copyOf(v, g.Last.UID); (g.Proven || g.Ours) && c != nil && !c.Cancelled {
				e := g.Last
				e.Cancelled = true
				out = append(out, errands(v, e, now)...)
			}
		}
	}
	return out
}

func copyOf(v *series.View, uid string) *series.Event {
	i := slices.IndexFunc(v.Copies, func(c series.Event) bool { return c.UID == uid })
	if i < 0 {
		return nil
	}
	return &v.Copies[i]
}

// errands are those for one event of the pair.
func errands(v *series.View, e series.Event, now time.Time) []Delivery {
	me := reportOf(v, e)
	if me == "" {
		return nil
	}
	bring := Delivery{Pair: v.Pair, Calendar: v.Pair.Report, Attendee: me, Event: &e}
	reply := Delivery{Pair: v.Pair, Calendar: v.Pair.Manager, Attendee: me, Ref: e.Ref}
	given := answer(e.Guests, me)
	c := copyOf(v, e.UID)
	if c == nil {
		gone := slices.IndexFunc(v.GoneCopies, func(g series.Gone) bool { return g.Last.UID == e.UID })
		switch {
		case v.ServerDelivers || e.Ended(now):
		case gone >= 0:
			if v.GoneCopies[gone].Proven && given != series.Declined {
				reply.Answers = []series.Answer{{PartStat: series.Declined}}
				return []Delivery{reply}
			}
		case given != series.Declined && !v.Unmarked: // also to who took another calendar since they answered
			return []Delivery{bring}
		}
		return nil
	}
	if v.ServerDelivers && c.Delivered == "" {
		return nil
	}
	var out []Delivery
	if reply.Answers = answers(e, *c, me, now); len(reply.Answers) > 0 && !e.Cancelled {
		out = append(out, reply)
	}
	declined := func(t time.Time) bool {
		i := slices.IndexFunc(e.Overrides, func(o series.Override) bool { return o.Original.Equal(t) })
		return i >= 0 && answer(e.Overrides[i].Guests, me) == series.Declined || i < 0 && given == series.Declined
	}
	if c.Delivered != e.Delivery() && (but(*c, declined).Untouched() || c.Delivered == "" && c.Times() == e.Times()) {
		bring.Ref = c.Ref
		out = append(out, bring)
	}
	return out
}

// but is the copy without those exclusions.
func but(c series.Event, gone func(time.Time) bool) series.Event {
	c.Excluded = slices.DeleteFunc(slices.Clone(c.Excluded), gone)
	return c
}

// reportOf is the address under which the event invites the report, "" if it does not.
func reportOf(v *series.View, e series.Event) string {
	for _, g := range e.Guests {
		if !v.Wanted || v.Want.Report.Is(g.Address) {
			return g.Address
		}
	}
	return ""
}

func answer(guests []series.Guest, address string) series.PartStat {
	for _, g := range guests {
		if g.Address == address {
			return g.Answer
		}
	}
	return series.NeedsAction
}

// answers are what the copy says that the organizer's event does not know: given answers, and occurrences that the
// report removed, which is a refusal (RFC 6638 section 3.2.2.3).
func answers(e, c series.Event, me string, now time.Time) []series.Answer {
	var out []series.Answer
	all := answer(c.Guests, me)
	if all != series.NeedsAction && all != answer(e.Guests, me) {
		out = append(out, series.Answer{PartStat: all})
	} else {
		all = answer(e.Guests, me)
	}
	// Only where the copy is otherwise as it was brought can one tell that the report took the meeting out.
	excluded := but(c, func(t time.Time) bool { return !slices.ContainsFunc(e.Excluded, t.Equal) })
	removed := c.Delivered != "" && !c.Untouched() && excluded.Untouched()
	until := now.AddDate(1, 0, 0)
	theirs := map[int64]series.Meeting{}
	for _, m := range c.Meetings(now, until) {
		theirs[m.Original.Unix()] = m
	}
	for _, m := range e.Meetings(now, until) {
		if m.Cancelled || !e.Rule.Until.IsZero() && m.Original.After(e.Rule.Until) {
			continue
		}
		has := answer(m.Guests, me)
		if !m.Overridden {
			has = all
		}
		t, ok := theirs[m.Original.Unix()]
		switch {
		case ok && t.Excluded && has != series.Declined && removed:
			out = append(out, series.Answer{Original: m.Original, PartStat: series.Declined})
		case ok && t.Overridden && !t.Cancelled:
			if a := answer(t.Guests, me); a != series.NeedsAction && a != has {
				out = append(out, series.Answer{Original: m.Original, PartStat: a})
			}
		}
	}
	return out
}
