package notify

import (
	"slices"
	"time"

	"holdfast/internal/series"
)

// digestsAhead are the weeks in which the next digest is looked for; if there is none, they are looked through again.
const digestsAhead = 4

// digest is the week ahead, on the reader's first working day of their ISO week.
func (d *decider) digest() (due []Notice, next time.Time) {
	if !d.r.Digest {
		return nil, time.Time{}
	}
	today, _ := d.r.day(d.in.Now)
	monday := today.Monday()
	for range digestsAhead {
		day := d.r.workday(monday)
		if end := monday.AddDays(7); !day.IsZero() && day.Before(end) {
			work := d.r.work(day)
			first, last := work[0], work[len(work)-1]
			at := first.from.Add(spread(d.r.Person.ID) % first.to.Sub(first.from))
			id := hash(d.r.Person.ID, string(Digest), monday.Week().String())
			g := d.r.working(later(at, d.in.Now))
			if d.in.Now.Before(at) && !d.ids[id] {
				return due, earliest(next, at)
			}
			if due == nil && !d.ids[id] && g.Before(last.to) && !g.IsZero() {
				n, settled := d.weekAhead(monday, end)
				switch {
				case len(n.Items)+len(n.Meetings) == 0:
					if g := d.r.working(settled); !settled.IsZero() && !g.IsZero() && g.Before(last.to) {
						next = g
					}
				case g.After(d.in.Now): // between two stretches of work
					return nil, g
				default:
					n.ID, n.Kind, n.Due, n.Thread = id, Digest, at, Thread{Root: id}
					due = []Notice{d.addressed(n)}
				}
			}
		}
		monday = monday.AddDays(7)
	}
	return due, earliest(next, d.r.midnight(monday))
}

// weekAhead is what the digest of the week has: its meetings, and what differs in what is near enough to be told. What
// has not stood for long enough does from settled on.
func (d *decider) weekAhead(from, to series.Date) (n Notice, settled time.Time) {
	n = Notice{Meetings: d.meetings(func(m Meeting) bool {
		on, _ := d.r.day(m.Start)
		return !on.Before(from) && on.Before(to) && m.Start.After(d.in.Now)
	})}
	today, _ := d.r.day(d.in.Now)
	for _, m := range d.in.Matters {
		m, ok := m.to(*d.r)
		on, _ := d.r.day(m.first())
		far := !m.whole() && !m.first().IsZero() && on.DaysSince(today) > daysAhead
		over := !m.over().IsZero() && !d.in.Now.Before(m.over())
		stands := m.Changed.Add(settles)
		switch {
		case !ok || m.Closed || m.once() || far || over:
		case d.in.Now.Before(stands):
			settled = earliest(settled, stands)
		default:
			n.Items = append(n.Items, d.item(m))
		}
	}
	slices.SortStableFunc(n.Items, func(a, b Item) int { return a.Matter.Pair.Compare(b.Matter.Pair) })
	return n, settled
}

// meetings are those of the reader's pairs that are wanted, by start.
func (d *decider) meetings(want func(Meeting) bool) []Meeting {
	var out []Meeting
	for _, m := range d.in.Meetings {
		if m.Pair.Has(d.r.Person.ID) && want(m) {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b Meeting) int { return a.Start.Compare(b.Start) })
	return out
}

// prepare reminds of meetings at the start of the last working time that ends before they begin. It is the report's
// meeting: who manages all that one message is about has it ten minutes later.
func (d *decider) prepare() (due []Notice, next time.Time) {
	if !d.r.Prepare {
		return nil, time.Time{}
	}
	todo := map[time.Time][]Meeting{} // by the start of the working time
	until := map[time.Time]time.Time{}
	for _, m := range d.meetings(func(m Meeting) bool { return d.last[m.key()].State != m.state() }) {
		if s, ok := d.r.lastBefore(m.Start); ok && d.in.Now.Before(s.to) {
			todo[s.from] = append(todo[s.from], m)
			until[s.from] = s.to
		}
	}
	for from, ms := range todo {
		at := from
		if !slices.ContainsFunc(ms, func(m Meeting) bool { return m.Pair.Report == d.r.Person.ID }) {
			at = earlier(from.Add(together), until[from].Add(-1))
		}
		if d.in.Now.Before(at) {
			next = earliest(next, at)
			continue
		}
		week, _ := d.r.day(ms[0].Start)
		due = append(due, d.addressed(Notice{
			ID:       hash(d.r.Person.ID, string(Prepare), d.newest[Prepare]),
			Kind:     Prepare,
			Meetings: ms,
			Thread:   d.ofWeek(ms[0].Pair, week.Week()),
			Due:      at,
		}))
	}
	return due, next
}
