package plan

import (
	"fmt"
	"slices"

	"holdfast/internal/series"
)

// group joins the end of a pair that the roster no longer has with the creation for the same report under another
// manager: both are done or neither.
func (b *builder) group() {
	for i := range b.changes {
		end := &b.changes[i]
		if end.Action != End || end.Group != "" || b.wanted(end.Pair) {
			continue
		}
		for k := range b.changes {
			if c := &b.changes[k]; c.Action == Create && c.Group == "" && c.Pair.Report == end.Pair.Report {
				end.Group = "replace " + end.Pair.String()
				c.Group = end.Group
				end.Why = append(end.Why, "the manager is now "+c.Pair.Manager)
				break
			}
		}
	}
}

func (b *builder) wanted(p series.Pair) bool {
	return slices.ContainsFunc(b.in.Views, func(v series.View) bool { return v.Pair == p && v.Wanted })
}

// brake holds all changes of a kind that there are too many of, and puts the rest in order: ends first, so that a
// replacement never books before it has ended.
func (b *builder) brake() Plan {
	pairs := 0
	for _, v := range b.in.Views {
		if v.Wanted {
			pairs++
		}
	}
	creates, ends, mails := 0, 0, 0
	for _, c := range b.changes {
		if c.Action == Create && c.Group == "" {
			creates++
		}
		if c.Action == End {
			ends++
		}
		mails += c.Mails
	}
	why := func(c Change) string {
		pol := b.in.Policy
		switch {
		case len(b.in.Asks) > 0:
			return ""
		case c.Action == Create && c.Group == "" && creates > pol.MaxCreations.Of(pairs):
			return fmt.Sprintf("%d creations at once, the limit is %d: `holdfast allow` lets them through", creates, pol.MaxCreations.Of(pairs))
		case (c.Action == End || c.Group != "") && ends > pol.MaxEndings.Of(pairs):
			return fmt.Sprintf("%d endings at once, the limit is %d: `holdfast allow` lets them through", ends, pol.MaxEndings.Of(pairs))
		}
		return ""
	}
	var out Plan
	hold := func(why func(Change) string) {
		var go_ []Change
		for _, c := range b.changes {
			if because := why(c); because != "" {
				b.held = append(b.held, Held{Change: c, Because: because, Brake: true})
			} else {
				go_ = append(go_, c)
			}
		}
		b.changes = go_
	}
	hold(why)
	mails = 0
	for _, c := range b.changes {
		mails += c.Mails
	}
	if limit := b.in.Policy.MaxMails; mails > limit && len(b.in.Asks) == 0 {
		hold(func(c Change) string {
			if c.Mails == 0 {
				return ""
			}
			return fmt.Sprintf("%d mails at once, the limit is %d: `holdfast allow` lets them through", mails, limit)
		})
	}
	out.Held = b.held
	if d := out.HeldDigest(); d != "" && d == b.in.Allowed {
		out.Held = nil
		for _, h := range b.held {
			if h.Brake {
				b.changes = append(b.changes, h.Change)
			} else {
				out.Held = append(out.Held, h)
			}
		}
	}
	rank := func(c Change) int {
		if c.Action == End {
			return 0
		}
		return 1
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
