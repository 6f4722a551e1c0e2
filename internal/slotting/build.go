package slotting

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"time"

	"holdfast/internal/series"
)

// built is a Problem with what its numbers stand for. The pairs of all are its first ones, those of want before the others.
type built struct {
	Problem
	all    []series.Series
	want   []series.Series
	monday series.Date    // of the first week
	zones  map[string]int // by name
	people map[string]int // by id
	rooms  map[string]int // by place
}

const minutesPerQuarter = 15

// build makes the problem of the wanted pairs and of what stands in their way, or in that of the pair about.
func build(in Input, about series.Pair) *built {
	b := &built{want: slices.SortedFunc(slices.Values(in.Want), func(x, y series.Series) int { return x.Pair.Compare(y.Pair) }),
		monday: in.From.Monday(), zones: map[string]int{}, people: map[string]int{}, rooms: map[string]int{}}
	b.Grid, b.RowMax, b.Weights = Grid/minutesPerQuarter, 3, DefaultWeights
	b.Weeks = max(1, min(in.Weeks+1, 64)) // the first one may have begun

	near, places := map[string]bool{}, map[string]bool{}
	for _, w := range slices.Concat(b.want, slices.DeleteFunc(slices.Clone(in.Stand), func(s series.Series) bool { return s.Pair != about })) {
		near[w.Pair.Manager], near[w.Pair.Report] = true, true
		if series.IsRoom(w.Place) {
			places[w.Place] = true
		}
	}
	stand := slices.DeleteFunc(slices.Clone(in.Stand), func(s series.Series) bool {
		return !near[s.Pair.Manager] && !near[s.Pair.Report] && !places[s.Place]
	})
	slices.SortFunc(stand, func(x, y series.Series) int { return x.Pair.Compare(y.Pair) })
	b.all = slices.Concat(b.want, stand)
	for _, w := range b.all {
		b.person(w.Manager, in)
		b.person(w.Report, in)
	}
	for i, w := range b.all {
		p := Pair{Manager: b.people[w.Pair.Manager], Report: b.people[w.Pair.Report], Zone: b.zone(w.Slot.Zone),
			Duration: quarters(0, w.Slot), Pinned: None, Current: None, Leave: None, Room: None}
		if places[w.Place] {
			p.Room = b.room(w.Place, p.Zone)
		}
		if i >= len(b.want) {
			b.pin(&p, w.Slot)
		} else {
			p.Current, p.Leave = wished(in.Keep, w), wished(in.Leave, w)
		}
		b.Pairs = append(b.Pairs, p)
	}
	for _, id := range slices.Sorted(maps.Keys(in.Booked)) {
		v, ok := b.people[id]
		if !ok {
			continue
		}
		for k, s := range in.Booked[id] {
			// Whom they meet is not known, and no matter.
			other := len(b.People)
			b.People = append(b.People, Person{ID: fmt.Sprintf("%s, %d", id, k), Zone: b.zone(s.Zone)})
			p := Pair{Manager: other, Report: v, Zone: b.zone(s.Zone), Room: None, Current: None, Leave: None}
			b.pin(&p, s)
			b.Pairs = append(b.Pairs, p)
		}
	}
	b.clocks(in.From)
	return b
}

func (b *built) room(place string, zone int) int {
	k, ok := b.rooms[place]
	if !ok {
		k = len(b.Rooms)
		b.rooms[place], b.Rooms = k, append(b.Rooms, Rooms{zone, 1})
	}
	return k
}

func (b *built) zone(name string) int {
	z, ok := b.zones[name]
	if !ok {
		z = len(b.zones)
		b.zones[name] = z
	}
	return z
}

// quarters is how many of them the slot takes that begins so many minutes into one.
func quarters(late int, s series.Slot) int {
	n := (late + int(s.Duration/time.Minute) + minutesPerQuarter - 1) / minutesPerQuarter
	return max(1, min(n, quartersPerDay))
}

// weekQuarter is the quarter of the week in which the slot begins.
func weekQuarter(s series.Slot) int {
	return (int(s.Weekday)+6)%7*quartersPerDay + int(s.At)/minutesPerQuarter
}

// wished is the start that the list has for the wanted pair, None if that is none which it may have.
func wished(list map[series.Pair]series.Slot, w series.Series) int {
	if s := list[w.Pair]; s.Zone == w.Slot.Zone && s.At%Grid == 0 {
		return weekQuarter(s)
	}
	return None
}

// pin gives the pair the slot that stands, all the quarters that it touches.
func (b *built) pin(p *Pair, s series.Slot) {
	p.Pinned = weekQuarter(s)
	p.Duration = quarters(int(s.At)%minutesPerQuarter, s)
}

// slot is the pair's slot as its number means it.
func (b *built) slot(w series.Series, start int) series.Slot {
	s := w.Slot
	s.Weekday = time.Weekday((start/quartersPerDay + 1) % 7)
	s.At = series.TimeOfDay(start % quartersPerDay * minutesPerQuarter)
	return s
}

// Social hours, in quarters of the day, and the weekend.
var (
	social  = Window{36, 70}
	weekend = Window{5 * quartersPerDay, 7 * quartersPerDay}
)

func (b *built) person(p series.Person, in Input) {
	if _, ok := b.people[p.ID]; ok {
		return
	}
	b.people[p.ID] = len(b.People)
	x := person(p, b.zone(p.Zone))
	x.Busy = b.busy(p, in)
	b.People = append(b.People, x)
}

// person is somebody of the roster without what their calendar says.
func person(p series.Person, zone int) Person {
	x := Person{ID: p.ID, Zone: zone, Core: social}
	day := Window{quartersPerDay, 0}
	for d, ws := range p.Hours {
		from := (d + 6) % 7 * quartersPerDay
		for _, w := range ws {
			q := Window{(int(w.From) + minutesPerQuarter - 1) / minutesPerQuarter, int(w.To) / minutesPerQuarter}
			if q.From < q.To {
				x.Work = append(x.Work, Window{from + q.From, from + q.To})
				day = Window{min(day.From, q.From), max(day.To, q.To)}
			}
		}
	}
	slices.SortFunc(x.Work, compareWindows)
	if len(slices.Concat(p.Hours[:]...)) == 0 {
		x.Work, x.Avoid = []Window{{0, quartersPerWeek}}, []Window{weekend}
	} else if x.Core = (Window{max(day.From, social.From), min(day.To, social.To)}); x.Core.From >= x.Core.To {
		x.Core = day // who works at night is at night not at an odd hour
	}
	return x
}

// busy is the person's time by quarters and weeks. What is hard in more than a third of the weeks, or in three in a row, recurs,
// and cannot be met over; anything else costs.
func (b *built) busy(p series.Person, in Input) []Busy {
	hard, soft := make([]uint64, quartersPerWeek), make([]uint64, quartersPerWeek)
	begin := in.From.DaysSince(b.monday) * quartersPerDay
	add := func(to []uint64, from, end int) { // quarters since the first Monday
		for q := max(from, begin); q < min(end, b.Weeks*quartersPerWeek); q++ {
			to[q%quartersPerWeek] |= 1 << (q / quartersPerWeek)
		}
	}
	minutes := func(t time.Time) int {
		d, at := series.WallClock(t, p.Zone)
		return d.DaysSince(b.monday)*24*60 + int(at)
	}
	for _, i := range in.Busy[p.ID] {
		to := soft
		if i.Kind == series.Hard {
			to = hard
		}
		add(to, minutes(i.Start)/minutesPerQuarter, (minutes(i.End)+minutesPerQuarter-1)/minutesPerQuarter)
	}
	for _, a := range p.Away {
		add(soft, a.From.DaysSince(b.monday)*quartersPerDay, (a.To.DaysSince(b.monday)+1)*quartersPerDay)
	}
	var out []Busy
	for q := range quartersPerWeek {
		s := soft[q] | hard[q]
		if h := hard[q]; 3*bits.OnesCount64(h) > b.Weeks || h&(h>>1)&(h>>2) != 0 {
			out = append(out, Busy{q, 1, hard[q], true})
		}
		if s != 0 {
			out = append(out, Busy{q, 1, s, false})
		}
	}
	return out
}

// clocks finds the offsets of all zones for a year: those of each known week, and those that hold on some other day.
func (b *built) clocks(from series.Date) {
	names := make([]string, len(b.zones))
	for name, z := range b.zones {
		names[z] = name
	}
	at := func(t time.Time) []int {
		out := make([]int, len(names))
		for z, name := range names {
			d, wall := series.WallClock(t, name)
			utc, clock := series.WallClock(t, "UTC")
			minutes := d.DaysSince(utc)*24*60 + int(wall) - int(clock)
			out[z] = floorDiv(minutes, minutesPerQuarter)
		}
		return out
	}
	type column struct {
		offsets []int
		days    uint8
	}
	var columns []column
	for w := range b.Weeks {
		columns = append(columns, column{at(series.Instant(b.monday.AddDays(7*w+2), 12*60, "UTC")), 0})
	}
	note := func(t time.Time, offsets []int) {
		days := uint8(0)
		for _, name := range names {
			d, _ := series.WallClock(t, name)
			days |= 1 << ((d.Weekday() + 6) % 7)
		}
		d, _ := series.WallClock(t, "UTC")
		if w := d.DaysSince(b.monday) / 7; w < b.Weeks && slices.Equal(columns[w].offsets, offsets) {
			columns[w].days |= days
			return
		}
		for i := b.Weeks; i < len(columns); i++ {
			if slices.Equal(columns[i].offsets, offsets) {
				columns[i].days |= days
				return
			}
		}
		columns = append(columns, column{offsets, days})
	}
	for d := b.monday; d.Before(from.AddDays(366)); d = d.AddDays(1) {
		begin, end := series.Instant(d, 0, "UTC"), series.Instant(d.AddDays(1), 0, "UTC")
		before, after := at(begin), at(end)
		if slices.Equal(before, after) {
			note(begin, before)
			note(end.Add(-time.Minute), before)
			continue
		}
		for h := range 24 { // a clock changes that day
			t := begin.Add(time.Duration(h) * time.Hour)
			note(t, at(t))
		}
	}
	b.Zones = make([][]int, len(names))
	for _, c := range columns {
		for z, off := range c.offsets {
			b.Zones[z] = append(b.Zones[z], off)
		}
		b.Days = append(b.Days, c.days)
	}
}

func floorDiv(a, b int) int {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}
