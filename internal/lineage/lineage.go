// Package lineage puts together what the roster wants of pairs and what calendars say of them: which events are a
// pair's, which of them holds its slot, which are copies of it, and what is gone. It is pure.
package lineage

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// Observed is one person's calendar as a round has it.
type Observed struct {
	Snapshot series.Snapshot
	Last     series.Snapshot // the one before
	Stale    bool            // it could not be read: Snapshot is Last
	Missed   bool            // it could not be read the time before, or never was
	// Busy is the time taken by other events, as Snapshot.Busy expands to, by start.
	Busy []series.Interval
}

// Suspect reports whether the listing has lost series without a tombstone in a number that nobody would believe.
func (o Observed) Suspect() bool {
	missing := 0
	for _, g := range o.Snapshot.Gone {
		if !g.Proven && !g.Copy {
			missing++
		}
	}
	return missing >= 2 && 2*missing > len(o.Last.Series)
}

// Gather puts together what the roster wants and what calendars say, one View for each pair of the roster and for each
// other pair of which a live series with our mark was seen, ordered by pair. observed is by person id; a person without
// an entry has no calendar that Holdfast reads.
func Gather(want []series.Series, observed map[string]Observed) []*series.View {
	views := map[series.Pair]*series.View{}
	former := map[series.Pair]series.Pair{}
	for _, s := range want {
		views[s.Pair] = &series.View{Pair: s.Pair, Want: s, Wanted: true}
		for _, f := range s.Formerly {
			former[f] = s.Pair
		}
	}
	view := func(p series.Pair) *series.View {
		if now, ok := former[p]; ok && views[p] == nil {
			p = now
		}
		if views[p] == nil {
			views[p] = &series.View{Pair: p}
		}
		return views[p]
	}
	var keys map[string]series.Pair // made when first needed
	for _, id := range slices.Sorted(maps.Keys(observed)) {
		s := observed[id].Snapshot
		for _, e := range s.Series {
			// A mark counts in the calendar of its manager only: anybody can write one into their own. One under an id that
			// the roster does not have (any more) does not end the series that the UID names.
			v := view(e.Mark.Pair)
			if !v.Wanted {
				if keys == nil {
					keys = pairKeys(want)
				}
				for part := range strings.SplitSeq(e.UID, "-") {
					if p, ok := keys[part]; ok {
						v = view(p)
					}
				}
			}
			if v.Pair.Manager == id {
				v.Chain = append(v.Chain, e)
			}
		}
		for _, g := range s.Gone {
			switch v := view(g.Pair); {
			case g.Copy && v.Pair.Report == id:
				v.GoneCopies = append(v.GoneCopies, g)
			case !g.Copy && v.Pair.Manager == id:
				v.Gone = append(v.Gone, g)
			}
		}
		for _, c := range s.Copies {
			if v := view(c.Mark.Pair); v.Pair.Report == id {
				v.Copies = append(v.Copies, c)
			}
		}
		for _, c := range observed[id].Last.Copies {
			if v := view(c.Mark.Pair); v.Pair.Report == id {
				v.LastCopies = append(v.LastCopies, c)
			}
		}
		for _, c := range s.Candidates {
			switch v := view(c.Pair); {
			case c.Foreign && v.Pair.Manager == id:
				v.Foreign = append(v.Foreign, c.Event)
			case c.Foreign: // anybody can write a mark into their own calendar
			case v.Pair.Manager == id:
				v.Candidates = append(v.Candidates, c.Event)
			default:
				v.Mine = append(v.Mine, c.Event)
			}
		}
		for _, x := range s.StandIns {
			v := view(x.Pair)
			same := func(y series.StandIn) bool { return y.Start.Equal(x.Start) && y.LookAlike == x.LookAlike }
			if !slices.ContainsFunc(v.StandIns, same) {
				v.StandIns = append(v.StandIns, x)
			}
		}
	}
	var out []*series.View
	for _, p := range slices.SortedFunc(maps.Keys(views), series.Pair.Compare) {
		v := views[p]
		if !v.Wanted && len(v.Chain) == 0 && len(v.Copies) == 0 {
			continue
		}
		link(v)
		heal(v)
		judge(v, observed)
		out = append(out, v)
	}
	return out
}

// pairKeys are the roster's pairs by the key that the UIDs of their series bear.
func pairKeys(want []series.Series) map[string]series.Pair {
	keys := make(map[string]series.Pair, len(want))
	for _, w := range want {
		keys[w.Pair.Key(w.Org)] = w.Pair
	}
	return keys
}

// Looked is when a calendar was read, and the time before.
type Looked struct {
	At, Before time.Time
	Missed     bool // it could not be read, or could not the time before
}

func (o Observed) looked() Looked { return Looked{o.Snapshot.At, o.Last.At, o.Stale || o.Missed} }

// With is when a pair's calendars were read, as View.At and View.Before have it: l is the manager's, r the report's.
func (l Looked) With(r Looked) Looked {
	// The pair was not judged since then, whenever the manager's was read.
	if r.Missed {
		l.At, l.Before = earlier(l.At, r.At), earlier(l.Before, r.Before)
	}
	return l
}

// judge notes how far the pair's two calendars can be believed, and what they can do.
func judge(v *series.View, observed map[string]Observed) {
	m, ok := observed[v.Pair.Manager]
	r, has := observed[v.Pair.Report]
	v.Stale = !ok || m.Stale || has && r.Stale
	v.OnlyCopyStale = v.Stale && ok && !m.Stale
	v.Suspect = m.Suspect() || has && r.Suspect()
	v.HasCopy = has
	v.MayHide = has && r.Snapshot.Network != ""
	v.Quiet = m.Snapshot.Quiet
	v.Singly = m.Snapshot.Singly
	v.ServerDelivers = m.Snapshot.Schedules && !(v.Wanted && v.Want.ClientDelivers)
	at := m.looked().With(r.looked())
	v.At, v.Before = at.At, at.Before
	for _, o := range []Observed{m, r} {
		for _, b := range o.Busy {
			if b.Kind == series.AwayKind {
				v.Out = append(v.Out, b)
			}
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// heal gives series that lost their mark the one that the roster's values make.
func heal(v *series.View) {
	for i := range v.Chain {
		h := &v.Chain[i]
		w := v.Want
		w.Generation, w.First = h.Mark.Generation, h.First()
		if w.Auto {
			w.Slot = h.Slot()
		}
		if !v.Wanted || !h.Mark.Slot.IsZero() || w.Slot.IsZero() {
			continue // or a rule of its own, and no wish to hold it against
		}
		for _, t := range h.Excluded {
			if why := w.AwayAt(t); why != "" {
				w.Skips = append(w.Skips, series.Skip{Date: series.DateOf(series.At(t, h.Zone)), Why: why})
			}
		}
		h.Mark, v.MarkLost = w.Mark(), append(v.MarkLost, h.UID)
	}
}

// link sorts the marked events into the chain and the duplicates: in each generation the one of derived identity leads;
// another is its successor if it begins after the leader's last meeting, its replacement if there is no live leader,
// else a duplicate.
func link(v *series.View) {
	events := v.Chain
	v.Chain = nil
	slices.SortStableFunc(events, func(a, b series.Event) int {
		if c := cmp.Compare(a.Mark.Generation, b.Mark.Generation); c != 0 {
			return c
		}
		if a.Derived != b.Derived {
			if a.Derived {
				return -1
			}
			return 1
		}
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.UID, b.UID))
	})
	// What is left of a generation that Holdfast removed is no replacement.
	removed := func(e series.Event) bool {
		ours := func(g series.Gone) bool { return g.Ours && g.Generation == e.Mark.Generation }
		return !e.Derived && slices.ContainsFunc(v.Gone, ours)
	}
	for _, e := range events {
		head := v.Head()
		switch {
		case removed(e):
			v.Duplicates = append(v.Duplicates, e)
		case head == nil || head.Mark.Generation < e.Mark.Generation || head.Cancelled:
			v.Chain = append(v.Chain, e)
		case !head.Rule.Until.IsZero() && (e.Start.After(head.LastOriginal()) || head.LastDay().Before(head.First())):
			v.Chain = append(v.Chain, e)
		default:
			v.Duplicates = append(v.Duplicates, e)
		}
	}
	// The report's side of a 1:1 that was adopted bears no mark: its UID tells.
	v.Mine = slices.DeleteFunc(v.Mine, func(c series.Event) bool {
		ours := slices.ContainsFunc(v.Chain, func(e series.Event) bool { return e.UID == c.UID })
		if ours {
			c.Mark.Pair = v.Pair
			v.Copies = append(v.Copies, c)
		}
		return ours
	})
	slices.SortStableFunc(v.Gone, func(a, b series.Gone) int {
		return cmp.Or(cmp.Compare(a.Generation, b.Generation), compareBool(a.Last.Derived, b.Last.Derived),
			a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	for _, list := range [][]series.Event{v.Candidates, v.Mine, v.Copies, v.LastCopies} {
		slices.SortFunc(list, func(a, b series.Event) int {
			return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.UID, b.UID), cmp.Compare(a.ID, b.ID))
		})
	}
	slices.SortFunc(v.StandIns, func(a, b series.StandIn) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID))
	})
	if head := v.Head(); head != nil && !head.Rule.Until.IsZero() && head.EndedByHand() {
		ended, soon := series.DateOf(head.Rule.Until.UTC()), 14*max(head.Mark.Slot.Every, 1)
		for i, c := range v.Candidates {
			if !v.Want.Report.Is(c.Organizer) && c.Start.After(head.LastOriginal()) &&
				series.DateOf(c.Start.UTC()).DaysSince(ended) <= soon {
				c.Mark = head.Mark
				v.Chain, v.Unmarked = append(v.Chain, c), true
				v.Candidates = slices.Delete(v.Candidates, i, i+1)
				break
			}
		}
	}
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
