package see

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"holdfast/internal/act"
	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// Open are the open flags of the one who asks, by pair, those that they have acknowledged too; ErrNotIn where they are
// not in the roster.
func (s *See) Open(ctx context.Context, who act.Actor) ([]Need, error) {
	me, err := s.in(who)
	if err != nil {
		return nil, err
	}
	left, flagged, err := s.left(ctx, me.ID, s.Clock())
	if err != nil {
		return nil, err
	}
	var out []Need
	for i := range left.Rows {
		row := &left.Rows[i]
		role, at := as(row.Pair, me.ID)
		for _, f := range flags(who, row, flagged[row.Pair]) {
			out = append(out, Need{Pair: row.Pair, As: role, Other: s.parties(row)[at], Flag: f})
		}
	}
	return out, nil
}

// History is what became of the weeks from that of the day on, by week, those of the pair, or with a zero one of all
// pairs of the one who asks; of weeks to come those alone that are not as they were booked. ErrNotYours of another's.
func (s *See) History(ctx context.Context, who act.Actor, p series.Pair, since series.Date) ([]drift.Outcome, error) {
	me, err := s.in(who)
	if err != nil {
		return nil, err
	}
	var out []drift.Outcome
	switch {
	case p == series.Pair{}:
		var week series.Week
		if !since.IsZero() {
			week = since.Week()
		}
		var of map[series.Pair][]drift.Outcome
		of, err = s.Journal.Weeks(ctx, me.ID, week)
		out = slices.Concat(slices.Collect(maps.Values(of))...)
	case !p.Has(me.ID):
		return nil, ErrNotYours
	default:
		out, err = s.Journal.Outcomes(ctx, p, since)
	}
	if err != nil {
		return nil, fmt.Errorf("the record of %s: %w", me.ID, err)
	}
	today := series.DateOf(s.Clock().UTC())
	out = slices.DeleteFunc(out, func(o drift.Outcome) bool {
		return !o.Final && o.Result == drift.Kept && o.Week.Monday().After(today)
	})
	slices.SortFunc(out, func(a, b drift.Outcome) int {
		return cmp.Or(a.Week.Monday().Compare(b.Week.Monday()), a.Pair.Compare(b.Pair), a.Occurrence.Compare(b.Occurrence))
	})
	return out, nil
}
