package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// Delivery is one write of Holdfast as scheduling agent (RFC 6638 section 3.2), for pairs whose server delivers no
// invitations: the organizer's event to the report's copy, or the report's answers to the organizer.
type Delivery struct {
	Pair     series.Pair
	Calendar string // the person whose calendar is written
	Attendee string // the report's address
	Ref      series.Ref
	UID      string
	Event    *series.Event   // to deliver to the copy at Ref, or with a zero Ref to a new one
	Answers  []series.Answer // to record on the organizer's event at Ref
	// What is a digest of what is delivered and to what: two deliveries that agree on it are one that did not show.
	What string
}

// Target is what a delivery writes: the event of that UID on the calendar of a person of the pair.
type Target struct {
	Pair     series.Pair
	Calendar string // the person's id
	UID      string
}

// Target is what the delivery writes.
func (d Delivery) Target() Target { return Target{d.Pair, d.Calendar, d.UID} }

// Try is a delivery that was tried and did not show when the calendar was read again.
type Try struct {
	What   string // Delivery.What
	Rounds int    // in so many rounds in a row
}

// maxTries is in how many rounds a delivery is tried that does not show.
const maxTries = 3

// Failed reports whether the delivery was tried often enough: it is left until something changes, or a person asks for
// it.
func (d Delivery) Failed(tries map[Target]Try) bool {
	t := tries[d.Target()]
	return t.What == d.What && t.Rounds >= maxTries
}

// Deliveries are those that are due. They pass on what people and the plan did; they decide nothing. What the report
// changed in the copy stays until the organizer's changes, and an absent copy answers nothing. Who asked for the
// invitation again gets it, also where the report removed it.
func Deliveries(views []*series.View, asks []Ask, now time.Time) []Delivery {
	var out []Delivery
	for i := range views {
		v := views[i]
		if v.Stale || v.Suspect || v.Missing() || !v.HasCopy {
			continue
		}
		ask, asked := askFor(asks, v.Pair)
		invited := asked && ask.Invite
		for k := range v.Chain {
			out = append(out, deliveries(v, v.Chain[k], invited, now)...)
		}
		for _, g := range v.Gone {
			if c := copyOf(v, g.Last.UID); (g.Proven || g.Ours) && c != nil && !c.Cancelled {
				e := g.Last
				e.Cancelled = true
				out = append(out, deliveries(v, e, false, now)...)
			}
		}
	}
	return out
}

// Absent are the copies that the organizer's server delivered and the report's calendar does not show: nobody can
// write them.
func Absent(views []*series.View, now time.Time) []Delivery {
	var out []Delivery
	for i := range views {
		v := views[i]
		h := v.Head()
		if v.Stale || v.Suspect || v.Missing() || !v.HasCopy || !v.Wanted || !v.ServerDelivers || v.Unmarked ||
			h == nil || h.Ended(now) {
			continue
		}
		gone := slices.ContainsFunc(v.GoneCopies, func(g series.Gone) bool { return g.Last.UID == h.UID })
		me := reportOf(v, *h)
		given := answer(h.Guests, me)
		hidden := v.MayHide && given == series.NeedsAction
		if me != "" && given != series.Declined && !hidden && copyOf(v, h.UID) == nil && !gone {
			d := Delivery{Pair: v.Pair, Calendar: v.Pair.Report, Attendee: me, UID: h.UID}
			out = append(out, d.named(now))
		}
	}
	return out
}

// Words are what is the matter where the delivery failed.
func (d Delivery) Words() string {
	switch {
	case d.Answers != nil:
		return "the report's answer cannot be written to the series"
	case d.Event == nil:
		return "the invitation did not reach the report's calendar"
	case d.Ref.ID == "":
		return "the report's copy cannot be written"
	}
	return "the report's copy cannot be changed"
}

func copyOf(v *series.View, uid string) *series.Event {
	i := slices.IndexFunc(v.Copies, func(c series.Event) bool { return c.UID == uid })
	if i < 0 {
		return nil
	}
	return &v.Copies[i]
}

// deliveries are those of one event of the pair.
func deliveries(v *series.View, e series.Event, invited bool, now time.Time) []Delivery {
	me, c := reportOf(v, e), copyOf(v, e.UID)
	if c != nil && !v.Wanted {
		return lastDelivery(v, e, *c, now)
	}
	if me == "" || !v.Wanted {
		return nil
	}
	deliver := Delivery{Pair: v.Pair, Calendar: v.Pair.Report, Attendee: me, UID: e.UID, Event: &e}
	reply := Delivery{Pair: v.Pair, Calendar: v.Pair.Manager, Attendee: me, UID: e.UID, Ref: e.Ref}
	given := answer(e.Guests, me)
	if c == nil {
		gone := slices.ContainsFunc(v.GoneCopies, func(g series.Gone) bool { return g.Last.UID == e.UID })
		switch {
		case v.ServerDelivers || e.Ended(now):
		case invited && given == series.Declined: // they are asked anew
			reply.Answers = []series.Answer{{PartStat: series.NeedsAction}}
			return []Delivery{reply.named(now)}
		case invited, !gone && given != series.Declined && !v.Unmarked: // also to who took another calendar since
			return []Delivery{deliver.named(now)}
		}
		return nil
	}
	if v.ServerDelivers && c.Delivered == "" {
		return nil
	}
	var out []Delivery
	if reply.Answers = answers(e, *c, me, now); len(reply.Answers) > 0 && !e.Cancelled {
		out = append(out, reply.named(now))
	}
	if !(e.Cancelled && c.Cancelled) && !e.DeliveredTo(*c, now) {
		deliver.Ref = c.Ref
		out = append(out, deliver.to(*c, now))
	}
	return out
}

// lastDelivery is the end of what Holdfast delivered to the report of a pair that the roster does not have any more.
// Nothing else of it is delivered: anybody can write the mark of such a pair into an event of their own.
func lastDelivery(v *series.View, e, c series.Event, now time.Time) []Delivery {
	if c.Delivered == "" || c.Cancelled || !e.Cancelled && e.Rule.Until.IsZero() {
		return nil
	}
	last := c
	last.Raw, last.Delivered, last.Cancelled, last.Rule.Until = "", "", e.Cancelled, e.Rule.Until
	stays := func(t time.Time) bool { return e.Rule.Until.IsZero() || !t.After(e.Rule.Until) }
	last.Overrides = slices.DeleteFunc(slices.Clone(c.Overrides), func(o series.Override) bool {
		return !stays(o.Original) || !stays(o.Start)
	})
	last.Excluded = slices.DeleteFunc(slices.Clone(c.Excluded), func(t time.Time) bool { return !stays(t) })
	if last.For(c, now).Shows(c, now) {
		return nil
	}
	d := Delivery{Pair: v.Pair, Calendar: v.Pair.Report, Attendee: reportOf(v, c), UID: e.UID, Ref: c.Ref, Event: &last}
	return []Delivery{d.to(c, now)}
}

// named is the delivery with its What.
func (d Delivery) named(now time.Time) Delivery {
	d.What = fmt.Sprint(d.Ref.ID, d.Answers)
	if d.Event != nil {
		d.What += d.Event.Delivery(now)
	}
	d.What = series.Digest(d.What)
	return d
}

// to is the delivery to the copy c, with its What.
func (d Delivery) to(c series.Event, now time.Time) Delivery {
	d = d.named(now)
	d.What = series.Digest(d.What + c.Delivery(now) + c.Delivered)
	return d
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

// yearAhead is how many days ahead what the report says of single meetings is looked at.
const yearAhead = 366

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
	if len(c.Overrides)+len(c.Excluded) == 0 && !c.Cancelled {
		return out // of no meeting does it say anything of its own
	}
	until := series.Ahead(now, yearAhead)
	theirs, stays := map[int64]series.Meeting{}, map[int64]bool{}
	for _, m := range c.Meetings(now, until) {
		theirs[m.Original.Unix()] = m
	}
	// What is out in the copy, and is to stay out, the report took out: if it is known what was delivered.
	if e.Known(c, now) {
		for _, t := range e.For(c, now).Excluded {
			stays[t.Unix()] = true
		}
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
		case ok && t.Cancelled && has != series.Declined && stays[m.Original.Unix()]:
			out = append(out, series.Answer{Original: m.Original, PartStat: series.Declined})
		case ok && t.Overridden && !t.Cancelled:
			if a := answer(t.Guests, me); a != series.NeedsAction && a != has {
				out = append(out, series.Answer{Original: m.Original, PartStat: a})
			}
		}
	}
	return out
}

// own are the meetings that the report has elsewhere, or not at all, in their own copy of the event, where the server
// delivers what the organizer writes over it: in words, "" for none. A copy that shows an earlier version is behind.
func own(v *series.View, id string, now time.Time) string {
	i := slices.IndexFunc(v.Chain, func(e series.Event) bool { return e.ID == id })
	if i < 0 || !v.ServerDelivers {
		return ""
	}
	e := &v.Chain[i]
	c := copyOf(v, e.UID)
	switch {
	case c == nil || c.Delivered != "" || c.Cancelled || e.Cancelled,
		c.Times() == e.Times() || slices.Contains(e.Earlier, c.Times()):
		return ""
	case c.Slot() != e.Slot() || c.LastDay() != e.LastDay():
		return "the whole series"
	}
	until := series.Ahead(now, yearAhead)
	theirs := map[int64]series.Meeting{}
	for _, m := range c.Meetings(now, until) {
		theirs[m.Original.Unix()] = m
	}
	var days []string
	for _, m := range e.Meetings(now, until) {
		t, ok := theirs[m.Original.Unix()]
		gone := !ok || t.Cancelled
		declined := answer(m.Guests, reportOf(v, *e)) == series.Declined
		elsewhere := !m.Cancelled && !gone && (!m.Start.Equal(t.Start) || m.Duration != t.Duration)
		if elsewhere || m.Cancelled != gone && !(gone && declined) {
			day, _ := series.WallClock(m.Original, e.Zone)
			days = append(days, day.Long())
		}
	}
	return strings.Join(days, ", ")
}

// overwrites is why a change is held that the server would deliver over what the report changed in their own copy, ""
// for one that may be made, with what is lost among its reasons: an end always arrives, and so does what a person
// asked for.
func overwrites(v *series.View, c *Change, asked bool, now time.Time) string {
	for _, s := range c.Steps {
		days := own(v, s.Ref.ID, now)
		switch {
		case s.Ref.ID == "" || days == "":
		case s.End != nil || asked:
			c.Why = append(c.Why, "what "+v.Pair.Report+" changed in their own copy is lost: "+days)
		default:
			return fmt.Sprintf("%s changed their own copy, and the server would write over it: %s; "+
				"`holdfast allow` writes all the same", v.Pair.Report, days)
		}
	}
	return ""
}

// mailed sets what a change costs where Holdfast delivers: nothing is mailed.
func mailed(v *series.View, c *Change) {
	delivered := slices.ContainsFunc(v.Copies, func(x series.Event) bool { return x.Delivered != "" })
	if !v.ServerDelivers || !v.Wanted && delivered {
		c.Mails = 0
	}
}

// invite plans what delivers the invitation again where the server delivers: it is asked for the message once more.
// What Holdfast delivers is no change of the series: Deliveries has it.
func (p *pairPlan) invite() {
	h, v := p.v.Head(), p.v
	refuse := func(because string) { p.refused = append(p.refused, Refusal{Pair: v.Pair, Because: because}) }
	report := v.Want.Report
	switch {
	case !v.Wanted:
		refuse("the roster has no such pair")
	case h == nil || h.Ended(p.in.Now):
		refuse("nothing is booked that " + report.ID + " could be invited to")
	case reportOf(v, *h) == "":
		refuse(report.ID + " is no guest of the series any more: `holdfast restore " + v.Pair.String() +
			"` puts the people back")
	case v.ServerDelivers:
		if days := own(v, h.ID, p.in.Now); days != "" {
			refuse(report.ID + " has it, and changed it in their own copy, which would be written over: " + days)
			return
		}
		p.do(Update, Change{Mails: 1, Why: []string{"the server is asked to invite " + report.ID + " again"},
			Steps: []Step{{Ref: h.Ref, Invite: reportOf(v, *h)}}})
	case !v.HasCopy:
		refuse("nobody can deliver it: the server of " + v.Pair.Manager + " sends no invitations, and the roster has " +
			"no calendar of " + report.ID + ": give them one, or send the invitation from a calendar program")
	default:
		if c := copyOf(v, h.UID); c != nil && h.DeliveredTo(*c, p.in.Now) {
			refuse(report.ID + " has it: their calendar shows the series as it was delivered")
		}
	}
}
