package slotting

import (
	"fmt"
	"math/bits"
	"slices"
)

// Check judges a plan by the definitions alone: what it costs, and which hard rules it breaks. It shares nothing with the
// search. What only pinned pairs break is not the plan's fault and not told.
func Check(p *Problem, slots []int) (Terms, []string) {
	var total Terms
	var broken []string
	teams, uses := make([][]Window, len(p.People)), make([][]int, len(p.People))
	reports := make([]int, len(p.People))
	rooms := map[[3]int][]int{} // by kind, week, quarter the pairs
	for i, x := range p.Pairs {
		reports[x.Manager]++
		t, bad := p.judge(x, slots[i])
		total.add(t)
		name := p.People[x.Manager].ID + "/" + p.People[x.Report].ID
		if x.Pinned != None && slots[i] != x.Pinned {
			broken = append(broken, name+": a pinned slot moved")
		}
		if bad != "" && x.Pinned == None {
			broken = append(broken, name+": "+bad)
		}
		if slots[i] == None {
			continue
		}
		s := p.first(x, slots[i])
		teams[x.Manager] = append(teams[x.Manager], Window{s, s + x.Duration})
		uses[x.Manager] = append(uses[x.Manager], i)
		uses[x.Report] = append(uses[x.Report], i)
		if x.Room != None {
			for w := range p.Zones[0] {
				if at, ok := p.local(x, p.Rooms[x.Room].Zone, slots[i], w); ok {
					for q := range x.Duration {
						k := [3]int{x.Room, w, (at + q) % quartersPerWeek}
						rooms[k] = append(rooms[k], i)
					}
				}
			}
		}
	}
	unpinned := func(pairs ...int) bool {
		return slices.ContainsFunc(pairs, func(i int) bool { return p.Pairs[i].Pinned == None })
	}
	for v, pairs := range uses {
		for a, i := range pairs {
			for _, j := range pairs[:a] {
				if unpinned(i, j) && p.collide(v, i, j, slots) {
					broken = append(broken, fmt.Sprintf("%s: two 1:1s at once, pairs %d and %d", p.People[v].ID, j, i))
				}
			}
		}
	}
	for k, pairs := range rooms {
		if n := p.Rooms[k[0]].Count; len(pairs) > n && unpinned(pairs...) {
			broken = append(broken, fmt.Sprintf("rooms %d: %d pairs in %d, week %d, quarter %d", k[0], len(pairs), n, k[1], k[2]))
		}
	}
	slices.Sort(broken)
	for v, team := range teams {
		total.Row += p.Weights.Row * p.inRow(team)
		total.Day += p.Weights.Day * days(p.People[v].Mode, team, reports[v])
	}
	return total, broken
}

// local is when the slot of the pair is on the clock of the zone in that week; not ok if the week's offsets do not hold on the
// slot's day.
func (p *Problem) local(x Pair, zone, slot, week int) (at int, ok bool) {
	at = ((slot+p.Zones[zone][week]-p.Zones[x.Zone][week])%quartersPerWeek + quartersPerWeek) % quartersPerWeek
	return at, p.days(week)>>(slot/quartersPerDay)&1 != 0
}

// first is when the slot of the pair is on the manager's clock in the first week.
func (p *Problem) first(x Pair, slot int) int {
	at, _ := p.local(x, p.People[x.Manager].Zone, slot, 0)
	return at
}

func (p *Problem) collide(v, i, j int, slots []int) bool {
	for w := range p.Zones[0] {
		a, one := p.local(p.Pairs[i], p.People[v].Zone, slots[i], w)
		b, two := p.local(p.Pairs[j], p.People[v].Zone, slots[j], w)
		if one && two && ((b-a+quartersPerWeek)%quartersPerWeek < p.Pairs[i].Duration || (a-b+quartersPerWeek)%quartersPerWeek < p.Pairs[j].Duration) {
			return true
		}
	}
	return false
}

const offGrid = "off the grid"

// judge finds the terms that one pair has alone, and the hard rule that the slot breaks.
func (p *Problem) judge(x Pair, slot int) (t Terms, broken string) {
	w := &p.Weights
	if x.Pinned == None && x.Current != None && slot != x.Current {
		t.Move = w.Move
	}
	if slot == None {
		t.Unplaced = w.Unplaced
		return t, ""
	}
	if slot%p.Grid != 0 || slot < 0 || slot >= quartersPerWeek {
		broken = offGrid
	}
	if slot == x.Leave {
		broken = "the slot that it is to leave"
	}
	for side, v := range []int{x.Manager, x.Report} {
		who := &p.People[v]
		weeks := map[int]uint64{} // by local start
		for n := range p.Zones[x.Zone] {
			at, ok := p.local(x, who.Zone, slot, n)
			if !ok {
				continue
			}
			weeks[at] |= 1 << n &^ (^uint64(0) << p.Weeks)
		}
		first, last := edges(who.Work)
		prefer, avoid, edge, odd := false, false, false, 0
		for at, mask := range weeks {
			span := Window{at, at + x.Duration}
			inside := func(o Window) bool { return o.From <= span.From && span.To <= o.To }
			if !slices.ContainsFunc(who.Work, inside) {
				broken = "outside the hours of " + who.ID
			}
			var soft uint64
			for _, b := range who.Busy {
				over := (at-b.Start+quartersPerWeek)%quartersPerWeek < b.Length || (b.Start-at+quartersPerWeek)%quartersPerWeek < x.Duration
				switch {
				case !over || b.Length == 0:
				case !b.Hard:
					soft |= b.Mask
				case b.Mask&mask != 0:
					broken = "over another event of " + who.ID
				}
			}
			t.Collision += w.Collision * bits.OnesCount64(soft&mask)
			prefer = prefer || len(who.Prefer) > 0 && !slices.ContainsFunc(who.Prefer, inside)
			avoid = avoid || slices.ContainsFunc(who.Avoid, span.touches)
			edge = edge || at < first+4 && span.To > first || at < last && span.To > last-4
			odd = max(odd, who.oddHours(at, span.To))
		}
		if prefer {
			t.Prefer += [...]int{w.PreferManager, w.PreferReport}[side]
		}
		if avoid {
			t.Avoid += w.Avoid
		}
		if edge {
			t.Edge += w.Edge
		}
		t.Odd += w.Odd * odd * odd
	}
	return t, broken
}

// inRow counts the 1:1s that have RowMax of them or more directly before.
func (p *Problem) inRow(team []Window) int {
	slices.SortFunc(team, compareWindows)
	n, row, end := 0, 0, -1
	for _, w := range team {
		if row++; w.From != end {
			row = 1
		}
		if row > p.RowMax {
			n++
		}
		end = w.To
	}
	return n
}

// days counts the days beyond the first that a batching manager has 1:1s on, or the 1:1s that a spreading one has on a day
// beyond an equal share.
func days(mode Mode, team []Window, reports int) int {
	var on [7]int
	for _, w := range team {
		on[w.From/quartersPerDay]++
	}
	n := 0
	for _, k := range on {
		switch mode {
		case Batch:
			n += min(k, 1)
		case Spread:
			n += max(0, k-(reports+4)/5)
		}
	}
	if mode == Batch {
		return max(0, n-1)
	}
	return n
}
