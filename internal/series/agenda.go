package series

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"
)

// Booking is a meeting of a pair of the roster, as something that takes the time of both, and perhaps a place.
type Booking struct {
	Pair     Pair
	Original time.Time // the start it has in its series; zero: it is beside the series
	Place    string
	Interval
}

// bookings are the meetings from..to of a pair that the roster has, and what it has beside its series, by start.
func (v *View) bookings(from, to time.Time) []Booking {
	if !v.Wanted {
		return nil
	}
	out := make([]Booking, 0, max(0, int(to.Sub(from)/(7*24*time.Hour)))+1)
	take := func(b Booking) {
		b.Pair, b.Kind = v.Pair, Hard
		out = append(out, b)
	}
	series := func(e *Event, until time.Time) {
		for m := range e.occurrences(from, to) {
			if !m.Cancelled && (until.IsZero() || m.Original.Before(until)) {
				take(Booking{Original: m.Original, Place: m.Place, Interval: Interval{Start: m.Start, End: m.End()}})
			}
		}
	}
	for k := range v.Candidates {
		series(&v.Candidates[k], time.Time{})
	}
	for k := range v.Chain {
		series(&v.Chain[k], v.TakenOver(k))
	}
	for _, x := range v.StandIns {
		if !x.LookAlike { // that one is among the busy times already
			take(Booking{Interval: Interval{Start: x.Start, End: x.Start.Add(x.Duration)}})
		}
	}
	slices.SortStableFunc(out, func(a, b Booking) int { return a.Start.Compare(b.Start) })
	return out
}

// nowhere are places that are no room, as people write them: any number of pairs may meet there at once.
var nowhere = []string{"online", "remote", "virtual", "video", "video call", "call", "phone", "phone call", "hybrid", "anywhere", "tbd",
	"zoom", "teams", "ms teams", "microsoft teams", "google meet", "meet", "webex", "skype", "slack", "jitsi"}

// IsRoom reports whether a place is one where not two can meet at once: any but a link and what is clearly no place at all.
func IsRoom(place string) bool {
	place = strings.ToLower(strings.Join(strings.Fields(place), " "))
	return place != "" && !strings.Contains(place, "://") && !slices.Contains(nowhere, place)
}

// Agenda is all that takes people's time in a while.
type Agenda struct {
	busy   map[string][]Interval // other events, by person id
	booked map[string][]ones     // of the person's pairs
	rooms  map[string][]Booking  // by the digest of the place, by start; made when first needed
}

// ones are the 1:1s of a pair by start, with the length of the longest: none that began longer before a moment reaches
// it.
type ones struct {
	all     []Booking
	longest time.Duration
}

// NewAgenda knows what the views say from..to, and the time that other events take, by person id: of pairs that the
// roster has, their meetings and what they have beside their series.
func NewAgenda(views []*View, busy map[string][]Interval, from, to time.Time) *Agenda {
	a := &Agenda{busy: busy, booked: make(map[string][]ones, len(views))}
	for _, v := range views {
		o := ones{all: v.bookings(from, to)}
		if len(o.all) == 0 {
			continue
		}
		for i := range o.all {
			o.longest = max(o.longest, o.all[i].End.Sub(o.all[i].Start))
		}
		a.booked[v.Pair.Manager] = append(a.booked[v.Pair.Manager], o)
		a.booked[v.Pair.Report] = append(a.booked[v.Pair.Report], o)
	}
	return a
}

// inRoom are the bookings of the room that may go on in start..end.
func (a *Agenda) inRoom(place string, start, end time.Time) []Booking {
	if a.rooms == nil {
		a.rooms = map[string][]Booking{}
		keys := map[string]string{} // by place as written
		for id, all := range a.booked {
			for _, o := range all {
				for _, b := range o.all {
					if b.Pair.Manager != id || !IsRoom(b.Place) {
						continue
					}
					key, ok := keys[b.Place]
					if !ok {
						key = Digest(b.Place)
						keys[b.Place] = key
					}
					a.rooms[key] = append(a.rooms[key], b)
				}
			}
		}
		for _, all := range a.rooms {
			slices.SortFunc(all, func(x, y Booking) int { return cmp.Or(x.Start.Compare(y.Start), x.Pair.Compare(y.Pair)) })
		}
	}
	all := a.rooms[Digest(place)]
	after := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(all, t, func(b Booking, t time.Time) int { return b.Start.Compare(t) })
		return i
	}
	return all[after(start.Add(-24*time.Hour)):after(end)] // no meeting is longer than a day
}

// Booked are the person's 1:1s that take time in start..end, of each pair by start.
func (a *Agenda) Booked(person string, start, end time.Time) iter.Seq[*Booking] {
	return func(yield func(*Booking) bool) {
		for _, o := range a.booked[person] {
			from, _ := slices.BinarySearchFunc(o.all, start.Add(-o.longest), func(b Booking, t time.Time) int {
				return b.Start.Compare(t)
			})
			for i := from; i < len(o.all) && o.all[i].Start.Before(end); i++ {
				if start.Before(o.all[i].End) && !yield(&o.all[i]) {
					return
				}
			}
		}
	}
}

// Busy is the time that other events take of the person.
func (a *Agenda) Busy(person string) []Interval { return a.busy[person] }

// ClashKind is what keeps two people from meeting at a time.
type ClashKind int

// The kinds of clash.
const (
	OffHours    ClashKind = iota // it is not within a person's working hours
	IsAway                       // leave, holiday, out of office
	OtherEvent                   // another event of a person
	OtherOneOne                  // another 1:1 of a person
	RoomTaken                    // another 1:1 in the room
)

// Clash keeps a pair from meeting at a time.
type Clash struct {
	Kind     ClashKind
	Person   Person    // zero of RoomTaken
	From, To time.Time // what takes the time; zero of OffHours
	Why      string    // of IsAway, in plain words
}

// Clashes are what keeps the pair from meeting from start on. own is the original start of the meeting that is to move there:
// where it stands now is no matter.
func (a *Agenda) Clashes(v *View, own, start time.Time, length time.Duration, place string) []Clash {
	var out []Clash
	end := start.Add(length)
	over := func(i Interval) bool { return i.Start.Before(end) && start.Before(i.End) }
	mine := func(b *Booking) bool { return b.Pair == v.Pair && b.Original.Equal(own) }
	for _, p := range []Person{v.Want.Manager, v.Want.Report} {
		day, at := WallClock(start, p.Zone)
		if !p.Hours.Covers(day.Weekday(), at, length) {
			out = append(out, Clash{Kind: OffHours, Person: p})
		}
		if w := p.awayOn(day); w != nil {
			from, to := Instant(w.From, 0, p.Zone), Instant(w.To.AddDays(1), 0, p.Zone)
			out = append(out, Clash{Kind: IsAway, Person: p, From: from, To: to, Why: w.Why})
		}
		var events, away, ones []Interval
		for _, i := range a.busy[p.ID] {
			switch {
			case !over(i):
			case i.Kind == AwayKind:
				away = append(away, i)
			default:
				events = append(events, i)
			}
		}
		for b := range a.Booked(p.ID, start, end) {
			if !mine(b) {
				ones = append(ones, b.Interval)
			}
		}
		out = append(out, clashes(Clash{Kind: IsAway, Person: p, Why: OutOfOffice}, away)...)
		out = append(out, clashes(Clash{Kind: OtherEvent, Person: p}, events)...)
		out = append(out, clashes(Clash{Kind: OtherOneOne, Person: p}, ones)...)
	}
	if IsRoom(place) {
		var taken []Interval
		for _, b := range a.inRoom(place, start, end) {
			if b.Pair != v.Pair && over(b.Interval) {
				taken = append(taken, b.Interval)
			}
		}
		out = append(out, clashes(Clash{Kind: RoomTaken}, taken)...)
	}
	return out
}

// Suits reports whether nothing keeps the pair from meeting then: Clashes, where it does not matter what does.
func (a *Agenda) Suits(v *View, own, start time.Time, length time.Duration, place string) bool {
	for _, p := range []*Person{&v.Want.Manager, &v.Want.Report} {
		if day, at := WallClock(start, p.Zone); !p.Hours.Covers(day.Weekday(), at, length) {
			return false
		}
	}
	return len(a.Clashes(v, own, start, length, place)) == 0
}

// clashes are such a clash with each run of the intervals.
func clashes(c Clash, all []Interval) []Clash {
	var out []Clash
	for _, i := range Runs(all) {
		c.From, c.To = i.Start, i.End
		out = append(out, c)
	}
	return out
}

// Runs are the stretches of time that the intervals take together, in order. Those that touch are one. Kinds are no matter.
func Runs(all []Interval) []Interval {
	var out []Interval
	for _, i := range slices.SortedFunc(slices.Values(all), func(a, b Interval) int { return a.Start.Compare(b.Start) }) {
		if n := len(out); n > 0 && !i.Start.After(out[n-1].End) {
			if i.End.After(out[n-1].End) {
				out[n-1].End = i.End
			}
		} else {
			out = append(out, i)
		}
	}
	return out
}

// awayOn is the leave or holiday that the person has on the day of their own zone; nil for none.
func (p *Person) awayOn(day Date) *Away {
	i := slices.IndexFunc(p.Away, func(a Away) bool { return !day.Before(a.From) && !day.After(a.To) })
	if i < 0 {
		return nil
	}
	return &p.Away[i]
}
