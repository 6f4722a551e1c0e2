// Package slotting chooses the slots of pairs whose roster says `slot: auto`. It is pure.
//
// Choose makes a Problem of what Holdfast knows and asks Solve for the best plan; the other files are the solver.
package slotting

import (
	"fmt"
	"slices"

	"holdfast/internal/series"
)

// Grid is the step between two starts that are tried.
const Grid = 30 // minutes

// Input is what slots are chosen from.
type Input struct {
	From   series.Date                  // the first day a meeting may be booked on
	Weeks  int                          // how many weeks of Busy count
	Want   []series.Series              // the pairs to place, Slot without weekday and time
	Stand  []series.Series              // pairs whose slots stand
	Booked map[string][]series.Slot     // other slots that stand, by person id
	Busy   map[string][]series.Interval // time taken by other events, by person id
	Keep   map[series.Pair]series.Slot  // of wanted pairs: what was proposed before, and stays where it can
	Leave  map[series.Pair]series.Slot  // and the one that they are not to have again
}

// Chosen is the slot that a pair gets, with what mattered for it in short sentences.
type Chosen struct {
	Slot series.Slot
	Why  []string
}

// Choose gives the wanted pairs the best slots there are, or tells why there is none. What stands does not move. A pair that
// meets every second or fourth week counts as one that meets every week: its weeks are then free to change.
func Choose(in Input) (map[series.Pair]Chosen, map[series.Pair]string) {
	slots, none := map[series.Pair]Chosen{}, map[series.Pair]string{}
	if len(in.Want) == 0 {
		return slots, none
	}
	b := build(in, series.Pair{})
	if err := b.validate(); err != nil {
		for _, w := range b.want {
			none[w.Pair] = fmt.Sprintf("choose slots: %v", err)
		}
		return slots, none
	}
	solver := newSolver(&b.Problem)
	s := solver.solve()
	for k := range solver.o.pairs {
		i := solver.o.pairs[k].given
		switch {
		case i >= len(b.want):
		case s.Slots[i] == None:
			none[b.want[i].Pair] = why(b.want[i], s.Reasons[i])
		default:
			c := b.slot(b.want[i], s.Slots[i])
			slots[b.want[i].Pair] = Chosen{c, b.praise(i, s, len(solver.o.pairs[k].options), in.From)}
		}
	}
	return slots, none
}

// why tells people why the pair has no slot.
func why(w series.Series, r Reason) string {
	m, x := w.Pair.Manager, w.Pair.Report
	switch r {
	case NoHours:
		return fmt.Sprintf("the working hours of %s and %s never overlap for %s", m, x, w.Slot.Duration)
	case NoTime:
		return fmt.Sprintf("other events of %s and %s take all of the working hours that they share", m, x)
	case NoRoom:
		return fmt.Sprintf("whenever both %s and %s are free, another 1:1 has the room", m, x)
	}
	return fmt.Sprintf("no slot is free for both %s and %s within their working hours", m, x)
}

// Option is a slot that a pair has or may have.
type Option struct {
	Slot  series.Slot
	Terms Terms // what it costs the two
	Costs []Cost
	Local map[string]string // by person id what time that is on their clock over a year, where it is another: "14:30 or 15:30, as clocks change"
	More  int               // what it would cost everybody more than the present one
}

// Reasoning is why a pair has its slot.
type Reasoning struct {
	Present  Option
	Next     []Option // the best others, the best first
	Possible int      // how many slots there are to choose from, the present one among them
	Against  string   // what makes the present one not work: "outside the hours of raj"; "": nothing
}

// Explain tells why the pair, wanted or standing, has its slot or would get it, and what the n next best would cost. It is an error
// if the pair is in neither list, or can have no slot.
func Explain(in Input, pair series.Pair, n int) (Reasoning, error) {
	b := build(in, pair)
	i := slices.IndexFunc(b.all, func(w series.Series) bool { return w.Pair == pair })
	if i < 0 {
		return Reasoning{}, fmt.Errorf("explain the slot of %s: no such pair", pair)
	}
	s, err := Solve(&b.Problem)
	if err != nil {
		return Reasoning{}, err
	}
	if s.Slots[i] == None {
		return Reasoning{}, fmt.Errorf("explain the slot of %s: %s", pair, why(b.all[i], s.Reasons[i]))
	}
	e, err := Compare(&b.Problem, s.Slots, i, n)
	if err != nil {
		return Reasoning{}, err
	}
	option := func(c Choice) Option {
		o := Option{b.slot(b.all[i], c.Slot), c.Terms, c.Terms.Costs(b.Weights, b.Weeks), map[string]string{}, c.More}
		if c == e.Chosen && i >= len(b.want) {
			o.Slot = b.all[i].Slot // which need not begin on a quarter
		}
		for _, p := range []series.Person{b.all[i].Manager, b.all[i].Report} {
			if text := clocks(o.Slot, p.Zone, in.From); text != "" {
				o.Local[p.ID] = text
			}
		}
		return o
	}
	out := Reasoning{Present: option(e.Chosen), Possible: e.Possible, Against: e.Against}
	for _, c := range e.Next {
		out.Next = append(out.Next, option(c))
	}
	return out, nil
}

// Obstacle is one of the wishes that cannot all be had: something of a person, or of a pair.
type Obstacle struct {
	Kind   WishKind
	Person string      // id, for what is a person's
	Pair   series.Pair // for what is a pair's
}

// String is the obstacle in words.
func (o Obstacle) String() string {
	switch o.Kind {
	case KeepHours:
		return "the working hours of " + o.Person
	case KeepEvents:
		return "other events of " + o.Person
	case KeepPinned:
		return "1:1s of " + o.Person + " that stand"
	case KeepRoom:
		return "the room of " + o.Pair.String()
	}
	return "the 1:1 of " + o.Pair.String()
}

// Infeasible is a pair that can have no slot, because these wishes cannot all be had.
type Infeasible struct {
	Pair    series.Pair
	Others  []series.Pair // that have none for the same reason
	Because []Obstacle
}

// Feasible tells which of the wanted pairs cannot all have slots, and why; nothing if they can.
func Feasible(in Input) ([]Infeasible, error) {
	if len(in.Want) == 0 {
		return nil, nil
	}
	b := build(in, series.Pair{})
	conflicts, err := Conflicts(&b.Problem)
	if err != nil {
		return nil, err
	}
	var out []Infeasible
	for _, c := range conflicts {
		x := Infeasible{Pair: b.all[c.Pair].Pair}
		for _, i := range c.Others {
			x.Others = append(x.Others, b.all[i].Pair)
		}
		for _, w := range c.Wishes {
			o := Obstacle{Kind: w.Kind}
			if w.Kind == Meet || w.Kind == KeepRoom {
				o.Pair = b.all[w.Pair].Pair
			} else {
				o.Person = b.People[w.Person].ID
			}
			x.Because = append(x.Because, o)
		}
		out = append(out, x)
	}
	return out, nil
}
