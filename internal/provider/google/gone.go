package google

import (
	"context"
	"slices"

	"holdfast/internal/series"
)

// missing looks at what was ours and is not there any more. A tombstone is an answer; an absence is only a question. A
// listing that lacked what is there is not believed in anything: the next one is a full one.
func (o *observation) missing(ctx context.Context) error {
	for _, es := range [][]series.Event{o.last.Series, o.last.Copies} {
		for _, e := range es {
			if _, there := o.s.Objects[opaque(e.ID)]; there {
				continue
			}
			copied := slices.ContainsFunc(o.last.Copies, func(c series.Event) bool { return c.ID == e.ID })
			if _, err := parseRaw(e.Raw); copied && err != nil {
				continue // the person had another calendar then: nobody threw the copy away
			}
			g := series.Gone{ID: e.ID, Pair: e.Mark.Pair, Generation: e.Mark.Generation, Since: o.s.At, Rounds: 1, Last: e,
				Copy: copied}
			is, err := o.ask(ctx, e.ID)
			switch {
			case err != nil:
				return err
			case is == present:
				o.s.Cursor = ""
			default:
				g.Proven = is == deleted
				o.s.Gone = append(o.s.Gone, g)
			}
		}
	}
	return nil
}

// stillGone carries on what was missing before, until the event is back. A calendar that shows nothing at all proves
// nothing by that.
func (o *observation) stillGone(ctx context.Context) error {
	for _, g := range o.last.Gone {
		if o.s.At.Sub(g.Since) > goneKept {
			continue
		}
		if _, there := o.s.Objects[opaque(g.ID)]; !g.Proven && !there {
			is, err := o.ask(ctx, g.ID)
			if err != nil {
				return err
			}
			if is != present {
				g.Rounds++
				g.Proven = is == deleted || len(o.s.Objects) > 0
			}
		}
		o.s.Gone = append(o.s.Gone, g)
	}
	back := map[string]bool{}
	for _, e := range slices.Concat(o.s.Series, o.s.Copies) {
		back[e.UID] = true
	}
	o.s.Gone = slices.DeleteFunc(o.s.Gone, func(g series.Gone) bool { return back[g.Last.UID] })
	return nil
}

// presence is what a direct look tells of an event.
type presence int

const (
	present presence = iota // and it is in the snapshot now
	absent                  // 404 or 410
	deleted                 // cancelled
)

// ask looks directly at an event that the listing does not show.
func (o *observation) ask(ctx context.Context, id string) (presence, error) {
	if o.tombstones[id] {
		return deleted, nil
	}
	g, err := o.c.read(ctx, id)
	switch {
	case gone(err):
		return absent, nil
	case err != nil:
		return absent, err
	case g.master.Status == cancelled:
		return deleted, nil
	}
	if !o.takeOurs(g) {
		o.takeOther(g)
	}
	return present, nil
}
