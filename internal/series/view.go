package series

import (
	"cmp"
	"slices"
	"time"
)

// View is what the roster wants of one pair and what the calendars say about it, at one moment.
type View struct {
	Pair   Pair
	Want   Series // meaningless unless Wanted
	Wanted bool   // the roster has the pair

	// Chain is the pair's lineage on the organizer's calendar, oldest first: generations, and the successors that
	// people split off. Duplicates are not in it.
	Chain      []Event
	Duplicates []Event
	Gone       []Gone  // series of the pair that the organizer's calendar no longer has, oldest generation first
	Candidates []Event // recurring 1:1s that the pair has without us
	// Unmarked: the last of Chain is a successor whose client dropped the mark; it carries that of its predecessor here.
	Unmarked bool

	Mine       []Event // recurring 1:1s of the pair without a mark in the report's calendar
	Copies     []Event // the report's, of any of the chain
	LastCopies []Event // as they were in the observation before this one
	GoneCopies []Gone
	StandIns   []StandIn

	// Stale: one of the two calendars could not be read, so that nothing may be decided.
	Stale bool
	// Suspect: a calendar lists so much less than before that it is not believed.
	Suspect bool
	// ServerDelivers: the organizer's server brings invitations and changes to the report.
	ServerDelivers bool
	// HasCopy: the report's calendar is one that Holdfast reads, so that a copy can be seen or written there.
	HasCopy bool
	// Quiet: the organizer's calendar can be written without anything being delivered.
	Quiet bool

	At     time.Time // when the calendars were read: the earlier of the two
	Before time.Time // when they were read the time before; zero: never
}

// Head is the series that holds the pair's slot now or was the last to do so; nil if there never was one.
func (v View) Head() *Event {
	if len(v.Chain) == 0 {
		return nil
	}
	return &v.Chain[len(v.Chain)-1]
}

// Generation is the highest that was ever seen, 0 for none.
func (v View) Generation() int {
	n := 0
	for _, e := range slices.Concat(v.Chain, v.Duplicates) {
		n = max(n, e.Mark.Generation)
	}
	for _, g := range v.Gone {
		n = max(n, g.Generation)
	}
	return n
}

// Lost is the series of the latest generation when it is proven gone and nothing took its place, else nil.
func (v View) Lost() *Gone {
	if len(v.Gone) == 0 {
		return nil
	}
	g := &v.Gone[len(v.Gone)-1]
	if !g.Proven || v.Head() != nil && v.Head().Mark.Generation >= g.Generation {
		return nil
	}
	return g
}

// Missing reports whether a series is absent without proof that somebody removed it.
func (v View) Missing() bool {
	return slices.ContainsFunc(v.Gone, func(g Gone) bool {
		return !g.Proven && (v.Head() == nil || v.Head().Mark.Generation < g.Generation)
	})
}

// EndedByHand reports whether the event has an end that Holdfast did not write.
func (e Event) EndedByHand() bool {
	return e.Cancelled || !e.Rule.Until.IsZero() && e.Mark.Written[FieldEnd] != e.Digests()[FieldEnd]
}

// SlotTouched reports whether a person moved the series: it stands elsewhere than where it was booked.
func (e Event) SlotTouched() bool {
	return !e.Rule.Plain || !e.Slot().Same(e.Mark.Slot, e.First())
}

// Touched reports whether the field is other than Holdfast last wrote it.
func (e Event) Touched(f Field) bool {
	if f == FieldSlot {
		return e.SlotTouched()
	}
	return e.Mark.Written[f] != "" && e.Mark.Written[f] != e.Digests()[f]
}

// Week is one week's meeting of a pair: where it was booked, and what the calendar has.
type WeekMeeting struct {
	Generation int
	Date       Date      // the booked day: the occurrence's name
	Booked     time.Time // the booked start
	Slot       Slot      // as booked
	Meeting    *Meeting  // nil: nothing of the series lies in that week
	Skip       *Skip     // it is planned to be skipped
	Event      *Event    // of Chain
}

// Weeks are the pair's meetings booked in the ISO weeks from and to, both included, by date.
func (v View) Weeks(from, to Week) []WeekMeeting {
	var out []WeekMeeting
	for i := range v.Chain {
		e := &v.Chain[i]
		slot := e.Mark.Slot
		if slot.IsZero() {
			continue
		}
		step := 7 * max(slot.Every, 1)
		first := inWeek(e.First().Monday(), slot.Weekday)
		meetings := e.Meetings(slot.On(from.Monday().AddDays(-7)), slot.On(to.Monday().AddDays(14)))
		for _, d := range slot.Dates(first, from.Monday(), to.Monday().AddDays(6)) {
			w := WeekMeeting{Generation: e.Mark.Generation, Date: d, Booked: slot.On(d), Slot: slot, Event: e}
			if last := e.LastDay(); !last.IsZero() && d.Monday().After(last.Monday()) {
				break
			}
			for k := range meetings {
				od, _ := WallClock(meetings[k].Original, slot.Zone)
				if od == d || !e.Start.IsZero() && od.Monday() == d.Monday() && e.SlotTouched() && step == 7*max(e.Rule.Every, 1) {
					w.Meeting = &meetings[k]
					break
				}
			}
			for k := range e.Mark.Skips {
				if e.Mark.Skips[k].Date == d {
					w.Skip = &e.Mark.Skips[k]
				}
			}
			if w.Meeting == nil && i < len(v.Chain)-1 {
				continue // the last week of a part that was ended: its successor has that week
			}
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(a, b WeekMeeting) int { return a.Date.Compare(b.Date) })
	return out
}

func inWeek(monday Date, day time.Weekday) Date { return monday.AddDays((int(day) + 6) % 7) }

// InWeek is the slot's day in the ISO week of d.
func (s Slot) InWeek(d Date) Date { return inWeek(d.Monday(), s.Weekday) }

// AwayOn tells why one of the pair is not there on d; "" if both are.
func (s Series) AwayOn(d Date) string {
	for _, p := range []Person{s.Manager, s.Report} {
		for _, a := range p.Away {
			if !d.Before(a.From) && !d.After(a.To) {
				return a.Why
			}
		}
	}
	return ""
}

// Observed is one person's calendar as a round has it.
type Observed struct {
	Snapshot Snapshot
	Last     Snapshot // the one before
	Stale    bool
	Suspect  bool
}

// Gather puts together what the roster wants and what calendars say, one View for each pair of the roster and for each
// other pair of which a live series with our mark was seen, ordered by pair. observed is by person id; a person without an entry
// has no calendar that Holdfast reads.
func Gather(want []Series, observed map[string]Observed) []View {
	views := map[Pair]*View{}
	former := map[Pair]Pair{}
	for _, s := range want {
		views[s.Pair] = &View{Pair: s.Pair, Want: s, Wanted: true}
		for _, f := range s.Formerly {
			former[f] = s.Pair
		}
	}
	view := func(p Pair) *View {
		if now, ok := former[p]; ok && views[p] == nil {
			p = now
		}
		if views[p] == nil {
			views[p] = &View{Pair: p}
		}
		return views[p]
	}
	for _, id := range sortedKeys(observed) {
		s := observed[id].Snapshot
		for _, e := range s.Series {
			v := view(e.Mark.Pair)
			v.Chain = append(v.Chain, e)
		}
		for _, g := range s.Gone {
			if v := view(g.Pair); g.Copy {
				v.GoneCopies = append(v.GoneCopies, g)
			} else {
				v.Gone = append(v.Gone, g)
			}
		}
		for _, c := range s.Copies {
			v := view(c.Mark.Pair)
			v.Copies = append(v.Copies, c)
		}
		for _, c := range observed[id].Last.Copies {
			v := view(c.Mark.Pair)
			v.LastCopies = append(v.LastCopies, c)
		}
		for _, c := range s.Candidates {
			if v := view(c.Pair); v.Pair.Manager == id {
				v.Candidates = append(v.Candidates, c.Event)
			} else {
				v.Mine = append(v.Mine, c.Event)
			}
		}
		for _, x := range s.StandIns {
			v := view(x.Pair)
			if !slices.ContainsFunc(v.StandIns, func(y StandIn) bool { return y.Start.Equal(x.Start) && y.LookAlike == x.LookAlike }) {
				v.StandIns = append(v.StandIns, x)
			}
		}
	}
	var out []View
	for _, p := range sortedPairs(views) {
		v := views[p]
		if !v.Wanted && len(v.Chain) == 0 {
			continue
		}
		v.link()
		v.judge(observed)
		out = append(out, *v)
	}
	return out
}

// judge notes how far the pair's two calendars can be believed, and what they can do.
func (v *View) judge(observed map[string]Observed) {
	m, ok := observed[v.Pair.Manager]
	r, has := observed[v.Pair.Report]
	v.Stale = !ok || m.Stale || has && r.Stale
	v.Suspect = m.Suspect || has && r.Suspect
	v.HasCopy = has
	v.Quiet = m.Snapshot.Quiet
	v.ServerDelivers = m.Snapshot.Schedules && !(v.Wanted && v.Want.ClientDelivers)
	v.At, v.Before = m.Snapshot.At, m.Last.At
	if has && r.Snapshot.At.Before(v.At) {
		v.At = r.Snapshot.At
	}
	if has && r.Last.At.Before(v.Before) {
		v.Before = r.Last.At
	}
}

// link sorts the marked events into the chain and the duplicates: in each generation the one of derived identity leads;
// another is its successor if it begins after the leader's end, its replacement if there is no live leader, else a duplicate.
func (v *View) link() {
	events := v.Chain
	v.Chain = nil
	slices.SortStableFunc(events, func(a, b Event) int {
		if c := cmp.Compare(a.Mark.Generation, b.Mark.Generation); c != 0 {
			return c
		}
		if a.Derived != b.Derived {
			if a.Derived {
				return -1
			}
			return 1
		}
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.UID, b.UID))
	})
	for _, e := range events {
		head := v.Head()
		switch {
		case head == nil || head.Mark.Generation < e.Mark.Generation || head.Cancelled:
			v.Chain = append(v.Chain, e)
		case !head.Rule.Until.IsZero() && e.Start.After(head.Rule.Until):
			v.Chain = append(v.Chain, e)
		default:
			v.Duplicates = append(v.Duplicates, e)
		}
	}
	// The report's side of a 1:1 that was adopted bears no mark: its UID tells.
	v.Mine = slices.DeleteFunc(v.Mine, func(c Event) bool {
		ours := slices.ContainsFunc(v.Chain, func(e Event) bool { return e.UID == c.UID })
		if ours {
			c.Mark.Pair = v.Pair
			v.Copies = append(v.Copies, c)
		}
		return ours
	})
	slices.SortStableFunc(v.Gone, func(a, b Gone) int { return cmp.Compare(a.Generation, b.Generation) })
	slices.SortFunc(v.Candidates, func(a, b Event) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.UID, b.UID)) })
	slices.SortFunc(v.StandIns, func(a, b StandIn) int { return a.Start.Compare(b.Start) })
	if head := v.Head(); head != nil && !head.Rule.Until.IsZero() && head.EndedByHand() {
		for i, c := range v.Candidates {
			if c.Start.After(head.Rule.Until) && DateOf(c.Start.UTC()).DaysSince(DateOf(head.Rule.Until.UTC())) <= 14*max(head.Mark.Slot.Every, 1) {
				c.Mark = head.Mark
				v.Chain, v.Unmarked = append(v.Chain, c), true
				v.Candidates = slices.Delete(v.Candidates, i, i+1)
				break
			}
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	var ks []string
	for k := range m {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}

func sortedPairs[V any](m map[Pair]V) []Pair {
	var ks []Pair
	for k := range m {
		ks = append(ks, k)
	}
	slices.SortFunc(ks, Pair.Compare)
	return ks
}
