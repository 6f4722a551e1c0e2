package series

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// Observed is one person's calendar as a round has it.
type Observed struct {
	Snapshot Snapshot
	Last     Snapshot // the one before
	Stale    bool     // it could not be read: Snapshot is Last
	Missed   bool     // it could not be read the time before, or never was
	// Busy is the time taken by other events, as Snapshot.Busy expands to, by start.
	Busy []Interval
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

// Had are by person the pairs of which a calendar has a series, its manager's, or a copy, its report's, or had one: the
// roster has them, or had, and what is booked for them is still to be ended. The snapshots are by person.
func Had(snapshots iter.Seq2[string, Packed]) map[string][]Pair {
	pairs := map[Pair]bool{}
	for id, s := range snapshots {
		for _, h := range s.heading().had {
			is := h.what == hadGone || h.what == hadSeries && h.pair.Manager == id || h.what == hadCopy && h.pair.Report == id
			pairs[h.pair] = pairs[h.pair] || is
		}
	}
	out := map[string][]Pair{}
	for _, p := range slices.SortedFunc(maps.Keys(pairs), Pair.Compare) {
		if pairs[p] {
			out[p.Manager] = append(out[p.Manager], p)
			out[p.Report] = append(out[p.Report], p)
		}
	}
	return out
}

// earlierKept is how many earlier versions of a series are remembered.
const earlierKept = 10

// Remember notes on each series what versions of it were seen before, given the snapshot before this one, of which s
// may share what it consists of.
func (s *Snapshot) Remember(last Snapshot) {
	was := map[string]*Event{}
	for i := range last.Series {
		was[last.Series[i].UID] = &last.Series[i]
	}
	own := false
	for i, e := range s.Series {
		old := was[e.UID]
		if old == nil {
			continue
		}
		earlier := old.Earlier
		if t := old.Times(); t != e.Times() {
			rest := slices.DeleteFunc(slices.Clone(old.Earlier), func(x string) bool { return x == t })
			earlier = append([]string{t}, rest...)[:min(earlierKept, len(rest)+1)]
		}
		if slices.Equal(earlier, e.Earlier) {
			continue
		}
		if !own {
			s.Series, own = slices.Clone(s.Series), true
		}
		s.Series[i].Earlier = earlier
	}
}

// Gather puts together what the roster wants and what calendars say, one View for each pair of the roster and for each
// other pair of which a live series with our mark was seen, ordered by pair. observed is by person id; a person without
// an entry has no calendar that Holdfast reads.
func Gather(want []Series, observed map[string]Observed) []*View {
	views := map[Pair]*View{}
	former := map[Pair]Pair{}
	for _, s := range want {
		views[s.Pair] = &View{Pair: s.Pair, Want: s, Wanted: true}
		for _, f := range s.Formerly {
			former[f] = s.Pair
		}
	}
	view := func(p Pair) *View {
		if now, ok := former[p]; ok && views[p] == nil {
			p = now
		}
		if views[p] == nil {
			views[p] = &View{Pair: p}
		}
		return views[p]
	}
	var keys map[string]Pair // made when first needed
	for _, id := range sortedKeys(observed) {
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
			if !slices.ContainsFunc(v.StandIns, func(y StandIn) bool { return y.Start.Equal(x.Start) && y.LookAlike == x.LookAlike }) {
				v.StandIns = append(v.StandIns, x)
			}
		}
	}
	var out []*View
	for _, p := range sortedPairs(views) {
		v := views[p]
		if !v.Wanted && len(v.Chain) == 0 && len(v.Copies) == 0 {
			continue
		}
		v.link()
		v.heal()
		v.judge(observed)
		out = append(out, v)
	}
	return out
}

// pairKeys are the roster's pairs by the key that the UIDs of their series bear.
func pairKeys(want []Series) map[string]Pair {
	keys := make(map[string]Pair, len(want))
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
func (v *View) judge(observed map[string]Observed) {
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
			if b.Kind == AwayKind {
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
func (v *View) heal() {
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
				w.Skips = append(w.Skips, Skip{Date: DateOf(t.In(location(h.Zone))), Why: why})
			}
		}
		h.Mark, v.MarkLost = w.Mark(), append(v.MarkLost, h.UID)
	}
}

// link sorts the marked events into the chain and the duplicates: in each generation the one of derived identity leads;
// another is its successor if it begins after the leader's last meeting, its replacement if there is no live leader,
// else a duplicate.
func (v *View) link() {
	events := v.Chain
	v.Chain = nil
	slices.SortStableFunc(events, func(a, b Event) int {
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
	removed := func(e Event) bool {
		return !e.Derived && slices.ContainsFunc(v.Gone, func(g Gone) bool { return g.Ours && g.Generation == e.Mark.Generation })
	}
	for _, e := range events {
		head := v.Head()
		switch {
		case removed(e):
			v.Duplicates = append(v.Duplicates, e)
		case head == nil || head.Mark.Generation < e.Mark.Generation || head.Cancelled:
			v.Chain = append(v.Chain, e)
		case !head.Rule.Until.IsZero() && (e.Start.After(head.lastStart()) || head.LastDay().Before(head.First())):
			v.Chain = append(v.Chain, e)
		default:
			v.Duplicates = append(v.Duplicates, e)
		}
	}
	// The report's side of a 1:1 that was adopted bears no mark: its UID tells.
	v.Mine = slices.DeleteFunc(v.Mine, func(c Event) bool {
		ours := slices.ContainsFunc(v.Chain, func(e Event) bool { return e.UID == c.UID })
		if ours {
			c.Mark.Pair = v.Pair
			v.Copies = append(v.Copies, c)
		}
		return ours
	})
	slices.SortStableFunc(v.Gone, func(a, b Gone) int {
		return cmp.Or(cmp.Compare(a.Generation, b.Generation), compareBool(a.Last.Derived, b.Last.Derived), a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	for _, list := range [][]Event{v.Candidates, v.Mine, v.Copies, v.LastCopies} {
		slices.SortFunc(list, func(a, b Event) int {
			return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.UID, b.UID), cmp.Compare(a.ID, b.ID))
		})
	}
	slices.SortFunc(v.StandIns, func(a, b StandIn) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
	if head := v.Head(); head != nil && !head.Rule.Until.IsZero() && head.EndedByHand() {
		for i, c := range v.Candidates {
			if !v.Want.Report.Is(c.Organizer) && c.Start.After(head.lastStart()) && DateOf(c.Start.UTC()).DaysSince(DateOf(head.Rule.Until.UTC())) <= 14*max(head.Mark.Slot.Every, 1) {
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

func sortedKeys[V any](m map[string]V) []string {
	var ks []string
	for k := range m {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}

func sortedPairs[V any](m map[Pair]V) []Pair {
	var ks []Pair
	for k := range m {
		ks = append(ks, k)
	}
	slices.SortFunc(ks, Pair.Compare)
	return ks
}
