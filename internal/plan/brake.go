package plan

import (
	"fmt"
	"slices"
	"strings"

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
		v := b.in.Views[i]
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
			c.Why = append(c.Why, "what people put on the 1:1 of "+v.Pair.String()+" stays there: it was theirs")
			for k := range b.changes {
				if e := &b.changes[k]; e.Action == End && e.Pair == v.Pair {
					e.Group = c.Group
					e.Why = append(e.Why, "the manager is now "+c.Pair.Manager)
				}
			}
		}
	}
	b.hold(func(c Change) (string, bool) {
		h := because[c.Pair]
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

// brake holds what there is too much of, and all of a kind with it, and puts the rest in order: a replacement ends the
// old series only after all else of it is done.
func (b *builder) brake() Plan {
	b.count()
	if len(b.in.Asks) == 0 {
		b.hold(func(c Change) (string, bool) {
			if h, ok := b.in.Held[c.ID()]; ok && !c.Allowed {
				return h.Because, true
			}
			return "", false
		})
		b.limit()
		b.mailBudget()
		b.stuck()
	}
	out := Plan{Doubtful: b.doubtful, Refused: b.refused}
	for _, h := range b.held {
		if h.Allowed = b.allowed(h.Change); h.Brake && h.Allowed {
			b.changes = append(b.changes, h.Change)
			out.Doubtful = slices.DeleteFunc(out.Doubtful, func(p series.Pair) bool { return p == h.Pair })
			continue
		}
		if _, was := b.in.Allowed[h.ID()]; was {
			h.Changed, h.Because = true, notAllowed+strings.TrimPrefix(h.Because, notAllowed)
		}
		out.Held = append(out.Held, h)
	}
	b.held = out.Held
	if len(b.in.Asks) == 0 {
		b.settle()
		b.together()
		b.unmarked()
	}
	out.Held = b.held
	rank := func(c Change) int {
		switch {
		case c.first:
			return 0
		case c.Action == End && c.Group != "":
			return 2
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

// notAllowed goes before why a change is held that a person had let through in another form.
const notAllowed = "it is not what was allowed any more: "

func (b *builder) allowed(c Change) bool { return b.in.Allowed[c.ID()] == c.Digest() }

// count notes what each change counts as, and which a person let through.
func (b *builder) count() {
	latest := map[series.Pair]int{} // generation, of the pairs that the roster has
	for i := range b.in.Views {
		if v := b.in.Views[i]; v.Wanted {
			latest[v.Pair] = v.Generation()
		}
	}
	own := map[string]bool{} // groups that give a pair another slot or length
	for _, c := range b.changes {
		own[c.Group] = own[c.Group] || c.Group == "replace "+c.Pair.String() && c.books()
	}
	for i := range b.changes {
		c := &b.changes[i]
		switch c.Allowed = b.allowed(*c); {
		case c.Action == End && (own[c.Group] || c.Generation < latest[c.Pair]):
			c.Counts = Replacement
		case c.Action == End:
			c.Counts = Ending
		case c.books() && c.Group == "":
			c.Counts = Creation
		}
	}
}

// limit holds all creations, or endings, where there are more than the limit within the BrakeWindow.
func (b *builder) limit() {
	by := map[string]Count{}      // the changes that count, by id
	all := map[series.Pair]bool{} // pairs that there are, or were until now
	for i := range b.in.Views {
		if v := b.in.Views[i]; v.Wanted {
			all[v.Pair] = true
		}
	}
	note := func(id string, p series.Pair, c Count) {
		if by[id] = c; c == Ending {
			all[p] = true
		}
	}
	for _, r := range b.in.Recent {
		note(r.ID, r.Pair, r.Counts)
	}
	for _, c := range b.changes {
		if !c.Allowed {
			note(c.ID(), c.Pair, c.Counts)
		}
	}
	for _, h := range b.held {
		if h.Brake && !b.allowed(h.Change) {
			note(h.ID(), h.Pair, h.Counts)
		}
	}
	n := map[Count]int{}
	for _, c := range by {
		n[c]++
	}
	creations, endings := b.in.Policy.MaxCreations.Of(len(all)), b.in.Policy.MaxEndings.Of(len(all))
	const lets = ": `holdfast allow` lets them through"
	b.hold(func(c Change) (string, bool) {
		ends := n[Ending] + n[Replacement]
		switch {
		case c.Allowed:
		case c.Counts == Creation && n[Creation] > creations:
			return fmt.Sprintf("%d creations within an hour, the limit is %d", n[Creation], creations) + lets, true
		case (c.Counts == Ending || c.Counts == Replacement) && ends > endings:
			return fmt.Sprintf("%d endings within an hour, the limit is %d", ends, endings) + lets, true
		case c.Counts == Ending && n[Ending] >= 2 && 2*n[Ending] >= len(all):
			return fmt.Sprintf("%d endings within an hour, of %d pairs in all", n[Ending], len(all)) + lets, true
		}
		return "", false
	})
	b.together()
}

// mailBudget holds all that mails somebody where it would be more mails than the limit within the BrakeWindow.
func (b *builder) mailBudget() {
	by := map[string]int{}
	for _, r := range b.in.Recent {
		by[r.ID] = r.Mails
	}
	for _, c := range b.changes {
		if !c.Allowed {
			by[c.ID()] = max(by[c.ID()], c.Mails)
		}
	}
	mails := 0
	for _, n := range by {
		mails += n
	}
	if limit := b.in.Policy.MaxMails; mails > limit {
		b.hold(func(c Change) (string, bool) {
			if c.Mails == 0 || c.Allowed {
				return "", false
			}
			return fmt.Sprintf("%d mails within an hour, the limit is %d: `holdfast allow` lets them through", mails, limit),
				true
		})
	}
}

// stuck keeps what failed too often.
func (b *builder) stuck() {
	var on []Change
	for _, c := range b.changes {
		if s, ok := b.in.Stuck[c.ID()]; ok && s.What == c.What() && !c.Allowed {
			b.held = append(b.held, Held{Change: c, Brake: true, Stuck: true, Because: s.Because +
				"; `holdfast allow` has it tried again"})
		} else {
			on = append(on, c)
		}
	}
	b.changes = on
}

// settle keeps what a roster ends or replaces that may be half saved.
func (b *builder) settle() {
	if !b.in.Settling {
		return
	}
	wanted := map[series.Pair]bool{}
	for i := range b.in.Views {
		wanted[b.in.Views[i].Pair] = b.in.Views[i].Wanted
	}
	var on []Change
	for _, c := range b.changes {
		if c.Group != "" || c.Action == End && !wanted[c.Pair] {
			b.held = append(b.held, Held{Change: c, Waits: true,
				Because: "the roster has just changed: what it ends or replaces waits for a minute"})
		} else {
			on = append(on, c)
		}
	}
	b.changes = on
}

// unmarked holds, for as long as the mark of a series that lost it is held, what would be noted in that mark: nobody
// could know it for ours. An end needs no mark, nor does what replaces the series.
func (b *builder) unmarked() {
	lost := map[series.Pair]string{}
	for _, h := range b.held {
		if h.first {
			lost[h.Pair] = h.Because
		}
	}
	b.hold(func(c Change) (string, bool) {
		because := lost[c.Pair]
		if because == "" || c.Group != "" || c.Action == End {
			return "", false
		}
		return "it waits for the mark that the event lost, which is held: " + because, false
	})
}

// together holds what is left of a group of which something is held.
func (b *builder) together() {
	of := map[string]Held{}
	for _, h := range b.held {
		if h.Group != "" {
			of[h.Group] = h
		}
	}
	var on []Change
	for _, c := range b.changes {
		if h, ok := of[c.Group]; ok {
			b.held = append(b.held, Held{Change: c, Because: h.Because, Brake: h.Brake, Waits: h.Waits, Stuck: h.Stuck})
		} else {
			on = append(on, c)
		}
	}
	b.changes = on
}

// books reports whether the change makes a series where there is none.
func (c Change) books() bool {
	return c.Action == Create || slices.ContainsFunc(c.Steps, func(s Step) bool { return s.Revive != nil })
}
