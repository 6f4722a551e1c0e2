package plan

import (
	"fmt"
	"slices"

	"holdfast/internal/series"
)

// group joins the end of a pair that the roster no longer has with the creation for the same report under another
// manager: both are done or neither.
func (b *builder) group() {
	if len(b.in.Asks) > 0 {
		return
	}
	wanted := map[series.Pair]bool{}
	for i := range b.in.Views {
		wanted[b.in.Views[i].Pair] = b.in.Views[i].Wanted
	}
	ends := map[series.Pair]bool{}  // that are planned
	creates := map[string]*Change{} // that are planned, by report
	waiting := map[string]*Held{}   // creations that are held, by report
	for i := range b.changes {
		switch c := &b.changes[i]; {
		case c.Action == End && !wanted[c.Pair]:
			ends[c.Pair] = true
		case c.Action == Create && c.Group == "" && creates[c.Pair.Report] == nil:
			creates[c.Pair.Report] = c
		}
	}
	for i := range b.held {
		if h := &b.held[i]; h.Action == Create && wanted[h.Pair] && waiting[h.Pair.Report] == nil {
			waiting[h.Pair.Report] = h
		}
	}
	because := map[series.Pair]Held{} // why a change of that pair, planned so far, is held
	for i := range b.in.Views {
		v := &b.in.Views[i]
		h, c := v.Head(), creates[v.Pair.Report]
		switch w := waiting[v.Pair.Report]; {
		case v.Wanted || h == nil || h.Ended(b.in.Now):
		case ends[v.Pair] && c == nil && w != nil:
			because[v.Pair] = Held{Because: fmt.Sprintf("the 1:1 of %s that takes its place is held: %s", w.Pair, w.Because), Brake: w.Brake}
		case c == nil:
		case !ends[v.Pair] && h.LastDay().IsZero():
			because[c.Pair] = Held{Because: fmt.Sprintf("the 1:1 of %s cannot be ended, and is to end first: `holdfast allow` books the new one all the same", v.Pair), Brake: true}
		case ends[v.Pair]:
			if c.Group == "" {
				c.Group = "replace " + v.Pair.String()
			}
			for k := range b.changes {
				if e := &b.changes[k]; e.Action == End && e.Pair == v.Pair {
					e.Group = c.Group
					e.Why = append(e.Why, "the manager is now "+c.Pair.Manager)
				}
			}
		}
	}
	groups := map[string]Held{}
	for _, c := range creates {
		if h := because[c.Pair]; h.Because != "" && c.Group != "" {
			groups[c.Group] = h
		}
	}
	b.hold(func(c Change) (string, bool) {
		h, ok := because[c.Pair]
		if !ok {
			h = groups[c.Group]
		}
		return h.Because, h.Brake
	})
}

// hold keeps back the changes for which why tells a reason.
func (b *builder) hold(why func(Change) (because string, brake bool)) {
	var on []Change
	for _, c := range b.changes {
		if because, brake := why(c); because != "" {
			b.held = append(b.held, Held{Change: c, Because: because, Brake: brake})
		} else {
			on = append(on, c)
		}
	}
	b.changes = on
}

// brake holds all changes of a kind that there are too many of, and puts the rest in order: a replacement books only after
// it has ended.
func (b *builder) brake() Plan {
	creates, ends := 0, 0
	for _, c := range b.changes {
		switch {
		case c.Action == End:
			ends++
		case c.books() && c.Group == "":
			creates++
		}
	}
	pol := b.in.Policy
	if len(b.in.Asks) == 0 {
		b.hold(func(c Change) (string, bool) {
			if limit := pol.MaxCreations.Of(b.pairs); c.books() && c.Group == "" && creates > limit {
				return fmt.Sprintf("%d creations at once, the limit is %d: `holdfast allow` lets them through", creates, limit), true
			}
			if limit := pol.MaxEndings.Of(b.pairs); (c.Action == End || c.Group != "") && ends > limit {
				return fmt.Sprintf("%d endings at once, the limit is %d: `holdfast allow` lets them through", ends, limit), true
			}
			return "", false
		})
		mails := 0
		for _, c := range b.changes {
			mails += c.Mails
		}
		if mails > pol.MaxMails {
			b.hold(func(c Change) (string, bool) {
				if c.Mails == 0 {
					return "", false
				}
				return fmt.Sprintf("%d mails at once, the limit is %d: `holdfast allow` lets them through", mails, pol.MaxMails), true
			})
		}
	}
	out := Plan{Held: b.held, Doubtful: b.doubtful, Refused: b.refused}
	if d := out.HeldDigest(); d != "" && d == b.in.Allowed {
		out.Held, out.Doubtful = nil, nil
		for _, h := range b.held {
			if h.Brake {
				b.changes = append(b.changes, h.Change)
			} else {
				out.Held = append(out.Held, h)
			}
		}
	}
	rank := func(c Change) int {
		switch {
		case c.first:
			return 0
		case c.Action == End && c.Group != "":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(b.changes, func(x, y Change) int {
		if r := rank(x) - rank(y); r != 0 {
			return r
		}
		return x.Pair.Compare(y.Pair)
	})
	slices.SortStableFunc(out.Held, func(x, y Held) int { return x.Pair.Compare(y.Pair) })
	out.Changes = b.changes
	for _, c := range out.Changes {
		out.Mails += c.Mails
	}
	return out
}

// books reports whether the change makes a series where there is none.
func (c Change) books() bool {
	return c.Action == Create || slices.ContainsFunc(c.Steps, func(s Step) bool { return s.Revive != nil })
}
