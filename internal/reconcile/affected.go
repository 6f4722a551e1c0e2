package reconcile

import (
	"reflect"

	"holdfast/internal/series"
)

// affected are pairs that are to be judged.
type affected struct {
	all  pairs
	news pairs // of which something new is known, and that are not judged because they always are
}

// affected are the pairs of which something else is known than when they were judged: the roster's line, a calendar,
// what the journal has, or the time.
func (o *office) affected(k known) affected {
	news := pairs{}
	wanted := make(pairs, len(k.lines.all))
	var w series.Series
	for i := range k.lines.all {
		w = k.line(i)
		wanted[w.Pair] = true
		if d := o.desks[w.Pair]; d == nil || !d.view.Wanted || !reflect.DeepEqual(&d.view.Want, &w) {
			news[w.Pair] = true
		}
	}
	for id := range k.of {
		o.see(k, id, news)
	}
	for id, was := range o.seen {
		if _, still := k.of[id]; !still {
			o.involved(k, id, was.is, news)
			delete(o.seen, id)
			delete(o.doubts, id)
		}
	}
	for p, d := range o.desks {
		due := d.view.Wanted != wanted[p] || !d.kept.equal(k.kept(p))
		for i, at := range k.hands(p) {
			due = due || !at.Before(d.next[i])
		}
		if due {
			news[p] = true
		}
	}
	all := union(news, k.unsettled)
	for p, d := range o.desks {
		if d.again {
			all[p] = true
		}
	}
	return affected{all, news}
}

// moved are the pairs of which these people's calendars say something else than when they were last looked at.
func (o *office) moved(k known, ids []string) affected {
	out := pairs{}
	for _, id := range ids {
		o.see(k, id, out)
	}
	return affected{out, out}
}

// see looks at the person's calendar, and adds their pairs if it is another than it was, or was another in the round
// before: then what it was before that is another now.
func (o *office) see(k known, id string, to pairs) {
	s := k.of[id]
	was, known := o.seen[id]
	switch same := known && was.stale == s.stale && was.missed == s.missed && was.is.Same(s.is); {
	case !same:
		o.involved(k, id, was.is, to)
		if doubts := s.is.ZoneDoubts(); len(doubts) > 0 {
			o.doubts[id] = doubts
		} else {
			delete(o.doubts, id)
		}
	case !o.again[id]:
		return
	}
	delete(o.again, id)
	o.involved(k, id, s.is, to)
	o.seen[id] = seen{s.is, s.stale, s.missed}
}

// involved adds the pairs that a person's calendar may say anything of.
func (o *office) involved(k known, id string, s series.Packed, to pairs) {
	for _, i := range k.lines.of[id] {
		to[k.lines.all[i].Pair] = true
	}
	for _, p := range o.near[id] {
		to[p] = true
	}
	for p := range s.Pairs() {
		if p.Has(id) {
			to[p] = true
		}
	}
}
