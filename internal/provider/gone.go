package provider

import (
	"context"
	"slices"

	"holdfast/internal/series"
)

// emptiedAtOnce is how many deletions that leave a calendar with nothing at all are not believed.
const emptiedAtOnce = 2

// missing asks for what was ours and is not listed, and carries on what was missing before.
func (b *builder) missing(ctx context.Context) error {
	var fresh []series.Gone
	for _, g := range b.absences() {
		is, err := b.look(ctx, g.ID)
		switch {
		case err != nil:
			return err
		case is == Present:
			b.doubt = true
		case is == Unclear && g.Copy:
			b.s.Copies = append(b.s.Copies, g.Last)
			b.s.Objects[series.Opaque(g.ID)] = b.last.Objects[series.Opaque(g.ID)]
		case is == Unclear:
			b.s.Series = append(b.s.Series, g.Last)
			b.s.Objects[series.Opaque(g.ID)] = b.last.Objects[series.Opaque(g.ID)]
		default:
			g.Proven = is == Deleted
			fresh = append(fresh, g)
		}
	}
	var still []series.Gone
	for _, g := range b.last.Gone {
		_, wanted := b.in.pair(g.Pair)
		if b.s.At.Sub(g.Since) > series.GoneKept && (g.Copy || !wanted) {
			continue
		}
		if _, other := b.others[series.Opaque(g.ID)]; other && !g.Proven {
			continue // it was not gone: somebody made it none of ours
		}
		if !g.Proven {
			is, err := b.look(ctx, g.ID)
			if err != nil {
				return err
			}
			b.doubt = b.doubt || is == Present && !g.Emptied
			if is == Absent || is == Deleted {
				g.Rounds++
				g.Proven = b.in.Confirmed || !g.Emptied && (is == Deleted || len(b.s.Objects) > 0)
			}
		}
		still = append(still, g)
	}
	b.hold(fresh)
	// An event that is there, at its place or at another, is not gone.
	back := map[string]bool{}
	for _, e := range slices.Concat(b.s.Series, b.s.Copies) {
		back[e.UID] = true
	}
	b.s.Gone = keep(append(still, fresh...), func(g series.Gone) bool { return !back[g.Last.UID] })
	b.s.Emptied = slices.ContainsFunc(b.s.Gone, func(g series.Gone) bool { return g.Emptied && !g.Proven })
	return nil
}

// absences are the series and copies of the last snapshot of which this reading has nothing.
func (b *builder) absences() []series.Gone {
	var out []series.Gone
	add := func(e series.Event, copied bool) {
		_, there := b.s.Objects[series.Opaque(e.ID)]
		_, known := b.in.pair(e.Mark.Pair)
		if there || !known || copied && !b.src.Knows(e) {
			return
		}
		out = append(out, series.Gone{
			ID:         e.ID,
			Pair:       e.Mark.Pair,
			Generation: e.Mark.Generation,
			Since:      b.s.At,
			Rounds:     1,
			Copy:       copied,
			Last:       e,
		})
	}
	for _, e := range b.last.Series {
		add(e, false)
	}
	for _, e := range b.last.Copies {
		add(e, true)
	}
	return out
}

// hold keeps what went just now from being believed where the calendar shows nothing at all: its storage may be gone.
// One deletion is an answer all the same.
func (b *builder) hold(fresh []series.Gone) {
	if len(b.s.Objects) > 0 || b.in.Confirmed {
		return
	}
	for i := range fresh {
		if !fresh[i].Proven || len(fresh) >= emptiedAtOnce {
			fresh[i].Proven, fresh[i].Emptied = false, true
		}
	}
}

// look reads directly what the listing does not show.
func (b *builder) look(ctx context.Context, id string) (Presence, error) {
	key := series.Opaque(id)
	switch _, there := b.s.Objects[key]; {
	case there:
		return Present, nil
	case b.r.Removed[key]:
		return Deleted, nil
	}
	is, x, err := b.src.Look(ctx, id)
	if err == nil && is == Present && !b.read[key] {
		b.take([]Item{*x})
	}
	return is, err
}
