package series

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// Ref names an event on its calendar in one version; every write is conditional on it.
type Ref struct {
	ID      string // CalDAV: the object's path; Google: the event id
	Version string // ETag
}

// PartStat is an attendee's answer (RFC 5545 section 3.2.12).
type PartStat string

// The answers Holdfast tells apart.
const (
	NeedsAction PartStat = "NEEDS-ACTION"
	Accepted    PartStat = "ACCEPTED"
	Declined    PartStat = "DECLINED"
	Tentative   PartStat = "TENTATIVE"
)

// Stranger stands for the address of somebody whose line cannot be read. It is nobody's address.
const Stranger = "?"

// Guest is an attendee other than the organizer.
type Guest struct {
	Address string // lower case, without mailto:; or Stranger
	Answer  PartStat
}

// Event is a recurring event as a calendar holds it.
type Event struct {
	Ref
	UID string
	// Derived: its identity is the one that Create derives from its mark's pair and generation. Duplicates, split-off
	// successors and replacements made by people's clients have another.
	Derived  bool
	Mark     Mark      // zero: not marked
	Start    time.Time // first occurrence, in Zone
	Zone     string    // IANA name, or one of CustomZone; "UTC" for UTC
	Duration time.Duration
	Rule     Rule

	Title     string // of our own series only; "" for candidates
	Place     string
	Link      string // the prep link; "" unless it can be seen on the master
	Organizer string // lower-case address, "" if none
	Guests    []Guest
	Rooms     []Guest // rooms and things that were asked for, with their answers; none of them is a guest
	Free      bool    // TRANSP:TRANSPARENT
	Cancelled bool    // the whole series has STATUS:CANCELLED
	NoVideo   bool    // it was to have a video conference, was refused it, and has none

	Excluded  []time.Time // original starts of occurrences taken out (EXDATE), those that hit one only
	Overrides []Override  // by Original

	// Delivered is what Holdfast last delivered to this copy, per occurrence and field, as For makes it; "" where the
	// server delivers.
	Delivered string
	// Raw is the object as served, for bringing a deleted one back. Never logged.
	Raw string
	// Earlier are the Times of versions that were observed before this one, the newest first: what a copy that is
	// behind may still show. Rounds keep it; providers know nothing of it.
	Earlier []string
}

// Rule is an event's recurrence.
type Rule struct {
	Plain  bool        // every Every weeks on the weekday of the start, nothing else
	Every  int         // weeks, when Plain
	Until  time.Time   // last moment at which an occurrence may start; zero: unending. A COUNT is told as its last start
	Starts []time.Time // when not Plain: the original starts around the time of observation
}

// Override is an occurrence that differs from its series, or carries properties of its own.
type Override struct {
	Original  time.Time // the start it had in the series
	Start     time.Time
	Duration  time.Duration
	Cancelled bool
	Place     string
	Link      string
	Guests    []Guest
	Rooms     []Guest
	Free      bool
	MadeUp    bool // what SetOverride is told of a make-up: the mark is to remember it. Never of one that is read
}

// Meeting is one occurrence as the calendar has it now.
type Meeting struct {
	Override
	Excluded   bool // taken out (EXDATE); Cancelled is then set too
	Overridden bool // it is an override, not the series' own
}

// End is when the meeting ends.
func (m Meeting) End() time.Time { return m.Start.Add(m.Duration) }

// Slot is where the series stands: the slot that its start, duration, rule and zone spell. Zero when the rule is not
// plain.
func (e Event) Slot() Slot {
	if !e.Rule.Plain {
		return Slot{}
	}
	d, at := WallClock(e.Start, e.Zone)
	return Slot{d.Weekday(), at, e.Duration, e.Rule.Every, e.Zone}
}

// First is the day of the first occurrence in the event's zone.
func (e Event) First() Date { d, _ := WallClock(e.Start, e.Zone); return d }

// LastDay is the last day, in the event's zone, on which its rule lets an occurrence start; zero if it has no end. It
// is the day of the last original start, so that all spellings of one end are equal.
func (e Event) LastDay() Date {
	if e.Rule.Until.IsZero() {
		return Date{}
	}
	last, _ := WallClock(e.Rule.Until, e.Zone)
	if !e.Rule.Plain {
		return last
	}
	s := e.Slot()
	days := s.Dates(e.First(), last.AddDays(-7*max(s.Every, 1)), last)
	if n := len(days); n > 0 && s.On(days[n-1]).After(e.Rule.Until) {
		days = days[:n-1]
	}
	if len(days) == 0 {
		return e.First().AddDays(-1) // it ends before it begins
	}
	return days[len(days)-1]
}

// Ended reports whether no occurrence starts at or after t.
func (e Event) Ended(t time.Time) bool {
	if e.Cancelled || e.Rule.Until.IsZero() {
		return e.Cancelled
	}
	last := e.Rule.Until
	if e.Rule.Plain {
		last = e.Slot().On(e.LastDay())
	}
	return (last.Before(t) || last.Before(e.Start)) &&
		!slices.ContainsFunc(e.Overrides, func(o Override) bool { return !o.Cancelled && !o.Start.Before(t) })
}

// LastStart is when the last meeting begins of a series with an end: at every later moment it has Ended.
func (e Event) LastStart() time.Time {
	last := e.LastOriginal()
	for i := range e.Overrides {
		if o := &e.Overrides[i]; !o.Cancelled && o.Start.After(last) {
			last = o.Start
		}
	}
	return last
}

// Meetings are the occurrences whose original start or present start lies in [from, to), by original start. Those
// taken out are among them, as cancelled.
func (e Event) Meetings(from, to time.Time) []Meeting {
	var out []Meeting
	if most := int(to.Sub(from) / (7 * 24 * time.Hour)); most > 0 {
		out = make([]Meeting, 0, min(most/max(e.Rule.Every, 1), 16)+1+len(e.Overrides))
	}
	for m := range e.occurrences(from, to) {
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b Meeting) int { return a.Original.Compare(b.Original) })
	return out
}

// occurrences are the Meetings in no order. Each is of use until the next.
func (e *Event) occurrences(from, to time.Time) iter.Seq[*Meeting] {
	return func(yield func(*Meeting) bool) {
		in := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
		var m Meeting
		for i := range e.Overrides {
			if o := &e.Overrides[i]; in(o.Original) || in(o.Start) {
				m = Meeting{Override: *o, Overridden: true}
				m.Cancelled = m.Cancelled || e.Cancelled
				if !yield(&m) {
					return
				}
			}
		}
		for t := range e.starts(from, to) {
			second := t.Unix()
			if slices.ContainsFunc(e.Overrides, func(o Override) bool { return o.Original.Unix() == second }) {
				continue
			}
			gone := slices.ContainsFunc(e.Excluded, func(x time.Time) bool { return x.Unix() == second })
			m = Meeting{Excluded: gone, Override: Override{Original: t, Start: t, Duration: e.Duration,
				Cancelled: gone || e.Cancelled, Place: e.Place, Link: e.Link, Guests: e.Guests, Rooms: e.Rooms, Free: e.Free}}
			if !yield(&m) {
				return
			}
		}
	}
}

// starts are the original starts of the rule in [from, to), those excluded among them.
func (e *Event) starts(from, to time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		in := func(t time.Time) bool {
			return !t.Before(from) && t.Before(to) && (e.Rule.Until.IsZero() || !t.After(e.Rule.Until))
		}
		if !e.Rule.Plain {
			for _, t := range e.Rule.Starts {
				if in(t) && !yield(t) {
					return
				}
			}
			return
		}
		s := e.Slot()
		lo, _ := WallClock(from, e.Zone)
		hi, _ := WallClock(to, e.Zone)
		for d := range s.days(e.First(), lo.AddDays(-1), hi.AddDays(1)) {
			if t := s.On(d); in(t) && !yield(t) {
				return
			}
		}
	}
}

// People are the addresses of organizer and guests together, as DigestPeople sees them.
func (e Event) People() string {
	var g []string
	for _, x := range e.Guests {
		g = append(g, x.Address)
	}
	return DigestPeople(e.Organizer, g)
}

// Digests are those of the owned fields as they stand, whether the roster states them or not.
func (e Event) Digests() map[Field]string {
	m := make(map[Field]string, len(Fields))
	for _, f := range Fields {
		if d := e.digest(f); d != "" {
			m[f] = d
		}
	}
	return m
}

// digest is that of the field as it stands, "" of an end or a phase where there is none.
func (e *Event) digest(f Field) string {
	switch f {
	case FieldSlot:
		return DigestSlot(e.Slot())
	case FieldPeople:
		return e.People()
	case FieldPlace:
		return Digest(e.Place)
	case FieldLink:
		return Digest(e.Link)
	case FieldBusy:
		if e.Free {
			return Digest("free")
		}
		return Digest("busy")
	case FieldTitle:
		return Digest(e.Title)
	case FieldEnd:
		if last := e.LastDay(); !last.IsZero() {
			return Digest(last.String())
		}
	case FieldPhase:
		if e.Rule.Plain && e.Rule.Every > 1 {
			return digestPhase(e.First(), e.Rule.Every)
		}
	}
	return ""
}

// Times is a digest of when the meetings are: slot, end, exclusions and overrides' times, nothing else. Two copies of
// one series that agree on it show the same calendar. Occurrences taken out and cancelled ones count alike.
func (e Event) Times() string {
	type x struct {
		at   int64
		text string
	}
	var xs []x
	put := func(original time.Time, text string) { xs = append(xs, x{original.Unix(), text}) }
	for _, t := range e.Excluded {
		put(t, "gone")
	}
	for _, o := range e.Overrides {
		switch {
		case o.Cancelled:
			put(o.Original, "gone")
		case !o.Start.Equal(o.Original) || o.Duration != e.Duration:
			put(o.Original, o.Start.UTC().Format(time.RFC3339)+o.Duration.String())
		}
	}
	slices.SortFunc(xs, func(a, b x) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.text, b.text)) })
	xs = slices.Compact(xs)
	text := e.Start.UTC().Format(time.RFC3339) + " " + e.Slot().Line()
	if e.Cancelled {
		text += " cancelled"
	}
	if last := e.LastDay(); !last.IsZero() {
		text += " until " + last.String()
	}
	for _, v := range xs {
		text += " " + time.Unix(v.at, 0).UTC().Format(time.RFC3339) + "=" + v.text
	}
	return Digest(text)
}

// oldDelivery is what earlier releases wrote as Delivered: the Times, and a digest of place and link.
func (e Event) oldDelivery() string { return e.Times() + "-" + e.oldRest() }

func (e Event) oldRest() string {
	rest := e.Place + "\n" + e.Link
	for _, o := range e.Overrides {
		// One that only carries an answer is none that the copy is given.
		if !o.Cancelled && (o.Place != e.Place || o.Link != e.Link) {
			rest += "\n" + o.Original.UTC().Format(time.RFC3339) + "\n" + o.Place + "\n" + o.Link
		}
	}
	return Digest(rest)
}
