package notify

import (
	"cmp"
	"slices"
	"time"

	"holdfast/internal/series"
)

// decider is what a decision about one reader looks up.
type decider struct {
	in     Input
	r      *Reader
	last   map[string]Told           // the last row of each matter or meeting, by key
	newest map[NoticeKind]string     // the id of the last notice of each kind
	ids    map[string]bool           // of all notices
	roots  map[string]bool           // of all threads
	heard  map[series.Date]int       // how many messages of news that were not urgent, by the reader's day
	lastOf map[series.Pair]time.Time // when the last such one about the pair was
	rushed map[series.Pair]time.Time // when the last urgent one about the pair was
	// lastNews is when the last news was, urgent or not.
	lastNews time.Time
}

func newDecider(in Input) *decider {
	d := &decider{in: in, r: &in.Reader, last: map[string]Told{}, newest: map[NoticeKind]string{}, ids: map[string]bool{},
		roots: map[string]bool{}, heard: map[series.Date]int{}, lastOf: map[series.Pair]time.Time{},
		rushed: map[series.Pair]time.Time{}}
	for _, t := range in.Told {
		if t.Key != "" {
			d.last[t.Key] = t
		}
		again := d.ids[t.Notice]
		d.newest[t.Kind], d.ids[t.Notice], d.roots[t.Thread] = t.Notice, true, true
		if t.Kind != News {
			continue
		}
		d.lastNews = later(d.lastNews, t.At)
		of := d.lastOf
		if t.Urgent {
			of = d.rushed
		} else if !again {
			day, _ := d.r.day(t.At)
			d.heard[day]++
		}
		if t.Pair != (series.Pair{}) {
			of[t.Pair] = later(of[t.Pair], t.At)
		}
	}
	return d
}

// told reports whether a notice told the reader of the matter, in whatever state.
func (d *decider) told(m Matter) bool { return d.last[m.Key].Notice != "" }

// pending is a matter that the reader does not know in its present state.
type pending struct {
	item  Item
	due   gate // were there only this one and had nobody been late
	ready gate // not before now
}

// Decide is what is due to the reader at Now, and what waits. It is a pure function of its argument, and cheap: it
// looks at nobody but the reader.
func Decide(in Input) Decision {
	d := newDecider(in)
	var out Decision
	var pend []pending
	for _, m := range in.Matters {
		m, ok := m.to(*d.r)
		if !ok || !d.news(m) {
			continue
		}
		p := pending{item: d.item(m), due: d.gate(m, time.Time{}), ready: d.gate(m, in.Now)}
		if len(d.r.Channels) == 0 {
			p.due, p.ready = never(NoChannel), never(NoChannel)
		}
		pend = append(pend, p)
	}
	out.Due, out.Waiting, out.Next = d.batch(pend)
	if len(d.r.Channels) == 0 {
		return out
	}
	for _, more := range []func() ([]Notice, time.Time){d.prepare, d.digest} {
		due, next := more()
		out.Due = append(out.Due, due...)
		out.Next = earliest(out.Next, next)
	}
	return out
}

// news reports whether the reader does not know the matter as it stands, and it is one that is told again.
func (d *decider) news(m Matter) bool {
	last, known := d.last[m.Key]
	switch {
	case known && last.State == m.State():
		return false
	case m.Kind == Difference && m.Closed && d.mended(m.Key):
		return false // what was done says it
	case d.told(m) && m.Kind == Acted:
		return m.Closed // it was taken back
	case d.told(m) && m.once():
		return m.Began.After(last.At) // another run
	}
	return d.told(m) || !m.Closed
}

// mended reports whether somebody gave the meeting of that flag another time by a link.
func (d *decider) mended(flag string) bool {
	return slices.ContainsFunc(d.in.Matters, func(m Matter) bool {
		return m.Kind == Acted && !m.Closed && !m.New.IsZero() && m.Flag.ID() == flag
	})
}

// item is what is said of the matter now.
func (d *decider) item(m Matter) Item {
	i := Item{Event: Opened, Matter: m, State: m.State()}
	i.ID = hash(d.r.Person.ID, m.Key, d.last[m.Key].Notice, i.State)
	switch {
	case m.Closed:
		i.Event = Closed
	case d.told(m) && !m.once():
		i.Event = Changed
		if d.last[m.Key].State == "closed" {
			i.Event = Opened
		}
		if d.last[m.Key].State == i.State {
			i.Event = Unchanged
		}
	}
	return i
}

// batch makes one message of what is due. The first that is due waits for what is due within ten minutes, but nothing
// that is urgent does.
func (d *decider) batch(pend []pending) (due []Notice, waiting []Waiting, next time.Time) {
	var first, at time.Time
	for _, p := range pend {
		first = earliest(first, p.due.at)
	}
	at = first
	for _, p := range pend {
		if c := p.due; c.before(first.Add(together).Add(1)) && c.at.After(at) && d.allMay(pend, c.at) {
			at = c.at
		}
	}
	for _, p := range pend {
		if g := p.due; !g.never() && (d.r.Machine || p.item.Matter.urgent(g.at)) {
			at = earliest(at, g.at)
		}
	}
	var n Notice
	for _, p := range pend {
		m := p.item.Matter
		switch g := p.ready; {
		case !g.never() && !g.at.After(d.in.Now) && !d.in.Now.Before(at):
			n.Items = append(n.Items, p.item)
			n.Urgent = n.Urgent || m.urgent(d.in.Now)
			continue
		case !g.never() && g.at.Before(at):
			waiting = append(waiting, Waiting{m.Key, m.Pair, Together, at})
			next = earliest(next, at)
		default:
			waiting = append(waiting, Waiting{m.Key, m.Pair, g.why, g.at})
			next = earliest(next, g.at)
		}
	}
	if len(n.Items) == 0 {
		return nil, waiting, next
	}
	slices.SortStableFunc(n.Items, func(a, b Item) int { return a.Matter.Pair.Compare(b.Matter.Pair) })
	n.Kind, n.Due = News, at
	n.ID = hash(d.r.Person.ID, string(News), d.newest[News])
	n.Thread = d.thread(n.Items)
	return []Notice{d.addressed(n)}, waiting, next
}

// allMay reports whether all that is due by t may still be told at t.
func (d *decider) allMay(pend []pending, t time.Time) bool {
	return !d.r.Machine && !slices.ContainsFunc(pend, func(p pending) bool {
		return p.due.before(t) && !d.gate(p.item.Matter, t).at.Equal(t)
	})
}

func (d *decider) addressed(n Notice) Notice {
	n.Reader, n.Channels = d.r.Person.ID, d.r.Channels
	return n
}

// thread is that of the earliest week of the items, and of its first pair; of what is operational the one in which its
// first item was told before.
func (d *decider) thread(items []Item) Thread {
	var t Thread
	for _, i := range items {
		m := i.Matter
		if m.Pair == (series.Pair{}) || len(d.r.Hears) > 0 {
			continue
		}
		on := m.Flag.Occurrence
		if on.IsZero() {
			on, _ = d.r.day(m.Changed)
		}
		if w := on.Week(); t.Pair == (series.Pair{}) || w.Monday().Before(t.Week.Monday()) {
			t.Pair, t.Week = m.Pair, w
		}
	}
	if t.Pair == (series.Pair{}) {
		key := items[0].Matter.Key
		return d.begun(Thread{Root: cmp.Or(d.last[key].Thread, hash(d.r.Person.ID, "thread", key))})
	}
	return d.ofWeek(t.Pair, t.Week)
}

func (d *decider) ofWeek(p series.Pair, w series.Week) Thread {
	return d.begun(Thread{Root: hash(d.r.Person.ID, "thread", p.String(), w.String()), Pair: p, Week: w})
}

func (d *decider) begun(t Thread) Thread {
	t.Reply = d.roots[t.Root]
	return t
}
