package see

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Mine is a person's 1:1s.
type Mine struct {
	Made
	Me       Party
	Needs    []Need // what needs the reader, the soonest first
	Reports  []Row  // with the people they manage, by name
	Managers []Row  // with their manager, or managers
	ThisWeek int    // 1:1s of the reader's ISO week, by their clock, that take place, those that are over too
}

// Need is something that the reader has not acknowledged, or not decided.
type Need struct {
	Pair  series.Pair
	As    As // what the reader is in the pair
	Other Party
	Flag
	// Held is a change that one of the two has to decide and that no flag is about; of it May is, and Flag is zero.
	Held *plan.Held
}

// Row is a 1:1 as the list of a person's has it.
type Row struct {
	Pair  series.Pair
	As    As // what the reader is in it
	Other Party
	Slot  series.Slot // as booked; zero: none
	// Wanted is the roster's; zero: Holdfast chooses it.
	Wanted series.Slot
	Length time.Duration
	Agenda string    // link to the document; "" where there is none
	Next   time.Time // the next meeting, in the slot's zone; zero: none
	OnSlot bool      // Next is as booked
	State  reconcile.State
	Flags  int    // open ones
	Needs  int    // of them those that the reader has not acknowledged
	Weeks  []Week // the last twelve, oldest first
	Kept   *float64
}

// Mine is the page of the one who asks; ErrNotIn where they are not in the roster.
func (s *See) Mine(ctx context.Context, who act.Actor) (Mine, error) {
	me, err := s.in(who)
	if err != nil {
		return Mine{}, err
	}
	out := Mine{Me: Party{me.ID, me.Name, me.Zone}}
	if out.Made, err = s.made(ctx); err != nil {
		return Mine{}, err
	}
	left, flagged, err := s.left(ctx, me.ID, out.At)
	if err != nil {
		return Mine{}, err
	}
	today, _ := series.WallClock(out.At, me.Zone)
	records, err := s.Journal.Weeks(ctx, me.ID, firstWeek(today, rowWeeks))
	if err != nil {
		return Mine{}, fmt.Errorf("the record of %s: %w", me.ID, err)
	}
	soon := map[string]time.Time{} // when what needs the reader is, by what it is
	for i := range left.Rows {
		row := &left.Rows[i]
		of := flagged[row.Pair]
		status := row.At(out.At, len(of), left.Outages)
		role, at := as(row.Pair, me.ID)
		r := Row{
			Pair:   row.Pair,
			As:     role,
			Other:  s.parties(row)[at],
			Slot:   row.Slot,
			Wanted: row.Wanted,
			Length: status.Duration,
			Agenda: status.PrepDoc,
			Next:   status.Next,
			State:  status.State,
			Flags:  len(of),
			Weeks:  weeks(records[row.Pair], today, rowWeeks),
			Kept:   row.Kept,
		}
		for _, n := range needs(who, row, of) {
			n.Pair, n.As, n.Other = r.Pair, role, r.Other
			out.Needs = append(out.Needs, n)
			soon[n.key()] = n.when(status.Next)
			r.Needs++
		}
		for _, m := range meetings(row, today.Monday().AddDays(-7), today.Monday().AddDays(13)) {
			if on, _ := series.WallClock(m.Start, me.Zone); !m.Start.IsZero() && on.Monday() == today.Monday() {
				out.ThisWeek++
			}
			r.OnSlot = r.OnSlot || m.OnSlot && m.Start.Equal(r.Next)
		}
		if role == Manager {
			out.Reports = append(out.Reports, r)
		} else {
			out.Managers = append(out.Managers, r)
		}
	}
	byName := func(a, b Row) int {
		return cmp.Or(strings.Compare(a.Other.Name, b.Other.Name), a.Pair.Compare(b.Pair))
	}
	slices.SortFunc(out.Reports, byName)
	slices.SortFunc(out.Managers, byName)
	slices.SortStableFunc(out.Needs, func(a, b Need) int { return soon[a.key()].Compare(soon[b.key()]) })
	return out, nil
}

// key names it among those of one person.
func (n *Need) key() string {
	if n.Held != nil {
		return n.Pair.String() + n.Held.ID()
	}
	return n.Flag.ID()
}

// when is when it is about: its meeting, or else the next one.
func (n *Need) when(next time.Time) time.Time {
	switch {
	case n.Booked.IsZero() && n.Now.IsZero():
		return next
	case n.Booked.IsZero(), !n.Now.IsZero() && n.Now.Before(n.Booked):
		return n.Now
	}
	return n.Booked
}

// needs are the flags that the reader has not acknowledged, and what waits for the two and is about no flag.
func needs(who act.Actor, row *reconcile.StatusRow, of []reconcile.FlagRow) []Need {
	var out []Need
	whole := false
	for _, f := range flags(who, row, of) {
		whole = whole || f.Occurrence.IsZero()
		if !f.Acknowledged {
			out = append(out, Need{Flag: f})
		}
	}
	for _, h := range held(row.Held) {
		if !h.Brake && !h.Waits && !whole {
			out = append(out, Need{Held: &h, Flag: Flag{May: decide(who, row.Pair)}})
		}
	}
	return out
}

// decide is what the reader may do about a change of the pair that waits for its two.
func decide(who act.Actor, p series.Pair) (out []act.Deed) {
	for _, d := range []act.Deed{act.Accept, act.AskAccept, act.Restore, act.AskRestore} {
		if act.May(who, act.Request{Deed: d, Pair: p}, nil) == "" {
			out = append(out, d)
		}
	}
	return out
}
