package slotting_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"holdfast/internal/slotting"
)

// town is what an org of made-up people is like.
type town struct {
	seed   uint64
	people int
	zones  int // 1 to 6
	grid   int // in quarters
	half   float64
	pinned float64
	rooms  bool
}

var zoneNames = []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Los_Angeles", "Europe/London", "Australia/Sydney"}

// offsets are those of the zones on the Wednesdays of so many weeks from 2 March 2026 on.
func offsets(zones, weeks int) [][]int {
	out := make([][]int, zones)
	for z := range out {
		loc, err := time.LoadLocation(zoneNames[z])
		if err != nil {
			panic(err)
		}
		for w := range weeks {
			_, s := time.Date(2026, 3, 4+7*w, 12, 0, 0, 0, time.UTC).In(loc).Zone()
			out[z] = append(out[z], s/900)
		}
	}
	return out
}

// problem makes the org: teams of about seven, most of them in one zone; calendars half full, those of managers fuller.
func (c town) problem() *slotting.Problem {
	r := rand.New(rand.NewPCG(c.seed, 1))
	p := &slotting.Problem{Grid: c.grid, Weeks: 12, RowMax: 3, Weights: slotting.DefaultWeights, Zones: offsets(c.zones, 12)}
	team := 0
	zone := 0
	for manager := -1; len(p.People) < c.people; {
		if manager >= 0 {
			if team == 0 {
				manager++
				team = 4 + min(r.IntN(5), r.IntN(5)) + r.IntN(5)
				zone = p.People[manager].Zone
			}
			team--
		}
		z := zone
		if manager < 0 || r.Float64() < 0.13 {
			z = min(r.IntN(c.zones), r.IntN(c.zones))
		}
		if manager >= 0 {
			d := 4
			if r.Float64() < c.half {
				d = 2
			}
			p.Pairs = append(p.Pairs, slotting.Pair{Manager: manager, Report: len(p.People), Zone: zone, Duration: d, Pinned: slotting.None, Current: slotting.None, Leave: slotting.None, Room: slotting.None})
		} else {
			manager, team, zone = 0, 7, z
		}
		// By and large the first seventh of an org are its managers.
		if ahead := p.Zones[z][6] - p.Zones[zone][6]; ahead < -40 || ahead > 40 {
			z = zone
		}
		x := somebody(r, fmt.Sprintf("p%06d", len(p.People)), z, len(p.People) < c.people/7+1)
		if manager >= 0 && z != zone {
			x.meet(p.People[manager].Work[0], p.Zones[z][6]-p.Zones[zone][6])
		}
		p.People = append(p.People, x.Person)
	}
	if c.rooms {
		need := make([]int, c.zones)
		for i := range p.Pairs {
			if x := &p.Pairs[i]; r.IntN(2) == 0 {
				x.Room = p.People[x.Manager].Zone
				need[x.Room]++
			}
		}
		for z, n := range need {
			p.Rooms = append(p.Rooms, slotting.Rooms{Zone: z, Count: max(1, n/22)})
		}
	}
	for i := range p.Pairs {
		if r.Float64() < c.pinned {
			w := p.People[p.Pairs[i].Manager].Work
			d := w[r.IntN(len(w))]
			p.Pairs[i].Pinned = d.From + r.IntN((d.To-d.From-4)/2)*2
		}
	}
	return p
}

type citizen struct{ slotting.Person }

// meet stretches the working days of somebody far from their manager, so that the two have four hours or so in common.
func (x *citizen) meet(theirs slotting.Window, ahead int) {
	for d := range x.Work {
		w := &x.Work[d]
		from, to := 96*d+theirs.From+ahead, 96*d+theirs.To+ahead
		if from > w.To-16 {
			w.To = min(from+16, 96*d+88)
		}
		if to < w.From+16 {
			w.From = max(to-16, 96*d+20)
		}
	}
}

func somebody(r *rand.Rand, id string, zone int, manager bool) citizen {
	x := citizen{slotting.Person{ID: id, Zone: zone}}
	from := 36
	switch r.IntN(4) {
	case 0:
		from = 32
	case 1:
		from = 36 + 4*r.IntN(2)
	}
	x.Core = slotting.Window{From: max(from, 36), To: min(70, from+36)}
	for d := range 5 {
		x.Work = append(x.Work, slotting.Window{From: 96*d + from, To: 96*d + from + 36})
	}
	if r.IntN(4) > 0 {
		at := 46 + 2*r.IntN(3)
		for d := range 5 {
			x.Avoid = append(x.Avoid, slotting.Window{From: 96*d + at, To: 96*d + at + 4})
		}
	}
	if r.IntN(7) == 0 {
		x.Avoid = append(x.Avoid, slotting.Window{From: 440, To: 460})
	}
	if r.IntN(10) < 3 {
		for d := range 5 {
			if r.IntN(2) == 0 {
				a := from + 4*r.IntN(4)
				x.Prefer = append(x.Prefer, slotting.Window{From: 96*d + a, To: 96*d + a + 20})
			}
		}
	}
	if manager {
		x.Mode = slotting.Mode(r.IntN(3))
	}
	n := 18 + r.IntN(12)
	if manager {
		n += 8
	}
	for range n {
		at := 96*r.IntN(5) + from + 2*r.IntN(18)
		if r.IntN(10) == 0 {
			at++
		}
		b := slotting.Busy{Start: at, Length: []int{1, 2, 2, 4, 4, 4, 4, 6, 8}[r.IntN(9)], Mask: 1<<12 - 1, Hard: r.IntN(20) < 7}
		switch k := r.IntN(20); {
		case k < 4:
			b.Mask = []uint64{1365, 2730}[r.IntN(2)]
		case k < 7:
			b.Mask = 0b000100010001 << r.IntN(4)
		case k < 10:
			b.Mask, b.Hard = 1<<r.IntN(12), false
		}
		x.Busy = append(x.Busy, b)
	}
	if r.IntN(5) < 3 {
		w := r.IntN(12)
		for d := range 5 {
			x.Busy = append(x.Busy, slotting.Busy{Start: 96*d + from, Length: 36, Mask: 1 << w})
		}
	}
	return x
}
