package notify_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/series"
)

// TestLaws lets random people live through random weeks, sends what is due when Next says so, and holds every notice
// and everything that waits against the rules, each asked of single moments: may this be told now?
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &laws{world: newWorld(), t: t, ids: map[string]bool{}}
		l.sent, l.decided = l.check, l.checkWaiting
		l.people()
		start := series.Date{
			Year:  2026,
			Month: rapid.SampledFrom([]time.Month{time.March, time.June, time.October, time.December}).Draw(t, "month"),
			Day:   rapid.IntRange(1, 28).Draw(t, "day"),
		}
		l.begin = at(start, 0, zone)
		l.now = l.begin
		for _, r := range l.readers {
			l.away(r.Person.ID)
		}
		for range rapid.IntRange(5, 40).Draw(t, "events") {
			gap := rapid.OneOf(rapid.IntRange(0, 12), rapid.IntRange(0, 90), rapid.IntRange(0, 24*60)).Draw(t, "minutes")
			l.run(l.now.Add(time.Duration(gap) * time.Minute))
			l.event()
		}
		l.run(l.now.AddDate(0, 0, 8))
	})
}

type laws struct {
	*world
	t       *rapid.T
	begin   time.Time
	ids     map[string]bool
	repeats string // the id of the notice that was just sent and not recorded
	samples int
}

var pairs = []series.Pair{{Manager: "a", Report: "b"}, {Manager: "a", Report: "c"}, {Manager: "b", Report: "d"},
	{Manager: "a", Report: "e"}, {Manager: "a", Report: "f"}}

func (l *laws) people() {
	full := []series.Window{{From: 9 * 60, To: 17 * 60}}
	split := []series.Window{{From: 8 * 60, To: 12 * 60}, {From: 13*60 + 30, To: 18 * 60}}
	night := []series.Window{{From: 22 * 60, To: 24 * 60}}
	hours := []series.Hours{
		{},
		{nil, full, full, full, full, full, nil},
		{full, full, full, full, full, nil, nil},
		{nil, split, split, nil, nil, nil, nil},
		{nil, night, night, night, night, nil, nil},
	}
	zones := []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Auckland"}
	for _, id := range []string{"a", "b", "c", "d"} {
		p := series.Person{
			ID:    id,
			Zone:  rapid.SampledFrom(zones).Draw(l.t, "zone"),
			Hours: rapid.SampledFrom(hours).Draw(l.t, "hours"),
		}
		l.readers = append(l.readers, notify.Reader{
			Person:   p,
			Channels: []string{"mail"},
			Digest:   rapid.Bool().Draw(l.t, "digest"),
			Prepare:  rapid.Bool().Draw(l.t, "prepare"),
		})
	}
	l.readers = append(l.readers, notify.Reader{
		Person:   series.Person{ID: "ops", Zone: zone},
		Channels: []string{"mail"},
		Hears:    notify.Operational,
	})
}

func (l *laws) away(id string) {
	i := slices.IndexFunc(l.readers, func(r notify.Reader) bool { return r.Person.ID == id })
	p := &l.readers[i].Person
	for range rapid.IntRange(0, 2).Draw(l.t, "aways") {
		from := series.DateOf(l.begin).AddDays(rapid.IntRange(-3, 30).Draw(l.t, "away"))
		why := rapid.SampledFrom([]string{series.Leave, series.Holiday}).Draw(l.t, "why")
		p.Away = append(p.Away, series.Away{From: from, To: from.AddDays(rapid.IntRange(0, 6).Draw(l.t, "days")), Why: why})
	}
}

// event changes how one thing stands.
func (l *laws) event() {
	t := l.t
	p := rapid.SampledFrom(pairs).Draw(t, "pair")
	day := series.DateOf(l.now).AddDays(rapid.OneOf(rapid.IntRange(0, 2), rapid.IntRange(-1, 35)).Draw(t, "ahead"))
	start := at(day, series.TimeOfDay(rapid.IntRange(0, 47).Draw(t, "half-hour")*30), zone)
	moved := start.Add(time.Duration(rapid.IntRange(-60, 60).Draw(t, "by")) * time.Hour)
	who := rapid.SampledFrom([][]string{nil, {p.Manager}, {p.Report}, {p.Manager, p.Report}})
	m := notify.Matter{
		Kind:    notify.Difference,
		Pair:    p,
		In:      who.Draw(t, "in"),
		Mailed:  rapid.SampledFrom([][]string{nil, nil, nil, {p.Report}}).Draw(t, "mailed"),
		Seen:    rapid.SampledFrom([][]string{nil, nil, nil, {p.Manager}, {p.Report}}).Draw(t, "seen"),
		Old:     start,
		New:     start,
		Changed: l.now.Add(-time.Duration(rapid.IntRange(0, 3).Draw(t, "late")) * time.Minute),
	}
	m.Flag = drift.Flag{Pair: p, Occurrence: day, By: rapid.SampledFrom([]drift.By{drift.ByUnknown, drift.ByUnknown,
		drift.ByReport, drift.ByManager}).Draw(t, "author"), From: series.AspectOf(start)}
	if rapid.Bool().Draw(t, "free") {
		m.Flag.Makeups = []time.Time{start, start, start, start}
	}
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0, 1:
		m.Flag.Kind, m.New, m.Flag.To = drift.Moved, moved, series.AspectOf(moved)
	case 2:
		m.Flag.Kind, m.New = drift.Cancelled, time.Time{}
	case 3:
		m.Flag.Kind, m.Flag.To, m.Flag.Detail = drift.DoubleBooked, series.AspectOf(moved), "an event"
	case 4:
		m.Flag.Kind, m.New, m.Flag.To = drift.SeriesMoved, moved, series.AspectOf(moved)
		m.Flag.Occurrence = series.Date{}
	case 5:
		m.Flag.Kind, m.Old, m.New, m.Flag.Occurrence = drift.DocMissing, time.Time{}, time.Time{}, series.Date{}
	case 6:
		key := p.String() + day.String()
		l.meetings[key] = notify.Meeting{Pair: p, Occurrence: day, Start: moved}
		return
	case 7:
		m = notify.Matter{Pair: p, Changed: l.now, Flag: m.Flag}
		m.Kind = rapid.SampledFrom(notify.Operational).Draw(t, "operational")
		m.Says = rapid.SampledFrom([]string{"x", "y"}).Draw(t, "says")
		m.Closed = rapid.Bool().Draw(t, "closed")
		m.Key = string(m.Kind)
	case 8:
		l.crash = true
		return
	case 9: // something that stands closes, or is as it was
		for _, key := range slices.Sorted(maps.Keys(l.matters)) {
			old := l.matters[key]
			if key < m.Flag.ID() {
				continue
			}
			old.Changed, old.In = l.now, m.In
			if old.Closed = !old.Closed; !old.Old.IsZero() {
				old.New = old.Old
			}
			l.matters[key] = old
			break
		}
		return
	}
	if m.Key == "" {
		m.Key = m.Flag.ID()
	}
	l.matters[m.Key] = m
}

// check holds a notice against the rules.
func (l *laws) check(r notify.Reader, n notify.Notice, in notify.Input) {
	fail := func(format string, args ...any) {
		l.t.Helper()
		l.t.Fatalf("%s to %s, %s %s: %s\n%+v", l.clock(r), r.Person.ID, n.Kind, n.ID, fmt.Sprintf(format, args...), n.Items)
	}
	if l.repeats != "" && n.ID != l.repeats || l.repeats == "" && l.ids[n.ID] {
		fail("after %q the id is no repeat, or a second one", l.repeats)
	}
	l.ids[n.ID], l.repeats = true, ""
	if l.crash {
		l.repeats = n.ID
	}
	still, why := notify.Still(in, n)
	if why != "" || still.ID != n.ID || len(still.Items) != len(n.Items) {
		fail("asked again it is dropped: %s", why)
	}
	h := l.history(r.Person.ID)
	calm := true
	for _, i := range n.Items {
		m, ok := l.matters[i.Matter.Key]
		if !ok || !l.concerns(r, m) {
			fail("%s is nothing to them", i.Matter.Key)
		}
		if len(r.Hears) > 0 && (i.Matter.Flag.Kind != "" || i.Matter.Kind != notify.Held && i.Matter.Pair != series.Pair{}) {
			fail("an admin reads %+v", i.Matter)
		}
		f, theirs := i.Matter.Flag, slices.Contains(m.In, r.Person.ID)
		if f.Kind == drift.DoubleBooked && !theirs && (!f.To.IsZero() || f.Detail != "") {
			fail("whose calendar it is not sees with what it collides")
		}
		if len(i.Matter.Flag.Makeups) > 3 {
			fail("a free/busy list")
		}
		last, known := h.last[m.Key]
		if n.Kind == notify.News && known && last.State == i.State {
			fail("%s was told", m.Key)
		}
		if m.Closed && (!known || last.Notice == "") {
			fail("%s closes untold", m.Key)
		}
		if n.Kind == notify.News && !l.allowed(r, m, h, l.now) {
			fail("%s %s may not be told now: %+v", m.Flag.Kind, m.Key, m)
		}
		calm = calm && len(near(m, l.now)) == 0
	}
	switch n.Kind {
	case notify.News:
		if n.Urgent == calm || len(n.Items) == 0 {
			fail("urgent: %v", n.Urgent)
		}
	case notify.Digest:
		day, _ := series.WallClock(l.now, r.Person.Zone)
		for d := day.Monday(); d.Before(day); d = d.AddDays(1) {
			if len(r.Person.Work(d, series.Window{From: 8 * 60, To: 20 * 60})) > 0 {
				fail("a digest on another than the first working day")
			}
		}
		if !works(r, l.now) || h.digests[day.Week()] {
			fail("a digest outside of hours, or a second one")
		}
	case notify.Prepare:
		for _, m := range n.Meetings {
			if !works(r, l.now) || !l.now.Before(m.Start) || h.reminded[m] {
				fail("a reminder of %v", m)
			}
		}
	}
}

// checkWaiting holds what is not told against the rules: each of them waits by one, no moment before its end would do,
// and before Next nothing becomes due.
func (l *laws) checkWaiting(in notify.Input, d notify.Decision) {
	r, h := in.Reader, l.history(in.Reader.Person.ID)
	fail := func(format string, args ...any) {
		l.t.Helper()
		l.t.Fatalf("%s, %s waits: %s", l.clock(r), r.Person.ID, fmt.Sprintf(format, args...))
	}
	waits := map[string]notify.Waiting{}
	for _, w := range d.Waiting {
		waits[w.Key] = w
	}
	for _, m := range in.Matters {
		last, known := h.last[m.Key]
		w, ok := waits[m.Key]
		switch {
		case !l.concerns(r, m) || m.Closed && (!known || last.Notice == "") || known && m.Closed && last.State == "closed":
			if ok {
				fail("%s is none of theirs", m.Key)
			}
			continue
		case !ok: // they know it
			if !known {
				fail("%s is told by nobody and waits for nothing", m.Key)
			}
			continue
		}
		until := w.Until
		if until.IsZero() {
			until = l.now.AddDate(0, 0, 12)
		}
		if w.Because == notify.Together {
			if until.Sub(l.now) > 20*time.Minute {
				fail("%s for others until %s", m.Key, until)
			}
			continue
		}
		for range 12 {
			if t := l.between(l.now, until); l.allowed(r, m, h, t) {
				fail("%s for %s until %s, but may be told at %s: %+v", m.Key, w.Because, w.Until, t, m)
			}
		}
		if !w.Until.IsZero() && !l.allowed(r, m, h, w.Until) {
			fail("%s for %s until %s, and may not be told then: %+v", m.Key, w.Because, w.Until, m)
		}
	}
	until := d.Next
	if until.IsZero() {
		until = l.now.AddDate(0, 0, 12)
	}
	for i := range 12 {
		in.Now = l.between(l.now, until)
		if i == 0 {
			in.Now = until.Add(-time.Second)
		}
		again := notify.Decide(in)
		if len(again.Due) > 0 || !again.Next.Equal(d.Next) && !d.Next.IsZero() {
			fail("next is %s; at %s it is %s, with %d due", d.Next, in.Now, again.Next, len(again.Due))
		}
	}
}

func (l *laws) clock(r notify.Reader) string {
	return series.At(l.now, r.Person.Zone).Format(time.RFC1123Z)
}

// between is some moment of [from, to).
func (l *laws) between(from, to time.Time) time.Time {
	l.samples++
	return from.Add(to.Sub(from) / 9973 * time.Duration(l.samples*7919%9973))
}

// history is what a person was told, counted anew.
type history struct {
	last     map[string]notify.Told
	news     time.Time
	calm     map[series.Pair]time.Time
	rush     map[series.Pair]time.Time
	days     map[series.Date]map[string]bool
	digests  map[series.Week]bool
	reminded map[notify.Meeting]bool
}

func (l *laws) history(id string) history {
	h := history{map[string]notify.Told{}, time.Time{}, map[series.Pair]time.Time{}, map[series.Pair]time.Time{},
		map[series.Date]map[string]bool{}, map[series.Week]bool{}, map[notify.Meeting]bool{}}
	i := slices.IndexFunc(l.readers, func(r notify.Reader) bool { return r.Person.ID == id })
	for _, x := range l.told[id] {
		day, _ := series.WallClock(x.At, l.readers[i].Person.Zone)
		h.last[x.Key] = x
		switch {
		case x.Kind == notify.Digest:
			h.digests[day.Week()] = true
		case x.Kind != notify.News:
		case x.Urgent:
			h.news, h.rush[x.Pair] = x.At, x.At
		default:
			h.news, h.calm[x.Pair] = x.At, x.At
			if h.days[day] == nil {
				h.days[day] = map[string]bool{}
			}
			h.days[day][x.Notice] = true
		}
	}
	return h
}

func (l *laws) concerns(r notify.Reader, m notify.Matter) bool {
	if m.Kind != notify.Difference {
		return len(r.Hears) > 0
	}
	return len(r.Hears) == 0 && (m.Pair.Manager == r.Person.ID || m.Pair.Report == r.Person.ID)
}

// near are the starts that make it urgent at t.
func near(m notify.Matter, t time.Time) []time.Time {
	return slices.DeleteFunc([]time.Time{m.Old, m.New}, func(s time.Time) bool {
		return s.IsZero() || !t.Before(s) || s.Sub(t) > 24*time.Hour
	})
}

func workday(r notify.Reader, d series.Date) bool {
	for _, a := range r.Person.Away {
		if !d.Before(a.From) && !d.After(a.To) {
			return false
		}
	}
	return isAny(r) || len(r.Person.Hours.On(d.Weekday())) > 0
}

func isAny(r notify.Reader) bool { return len(slices.Concat(r.Person.Hours...)) == 0 }

func works(r notify.Reader, t time.Time) bool {
	d, clock := series.WallClock(t, r.Person.Zone)
	if !workday(r, d) {
		return false
	}
	if isAny(r) {
		return clock >= 8*60 && clock < 20*60
	}
	return slices.ContainsFunc(r.Person.Hours.On(d.Weekday()), func(w series.Window) bool {
		return clock >= w.From && clock < w.To
	})
}

// allowed asks every rule of the matter whether it may be told at t, as things stand.
func (l *laws) allowed(r notify.Reader, m notify.Matter, h history, t time.Time) bool {
	id := r.Person.ID
	begins := m.New
	if begins.IsZero() {
		begins = m.Old
	}
	one := !m.Flag.Occurrence.IsZero()
	person := m.Kind == notify.Difference
	author := map[drift.By]string{drift.ByManager: m.Pair.Manager, drift.ByReport: m.Pair.Report}[m.Flag.By]
	if m.Closed {
		author = ""
	}
	act := m.Flag.Kind != drift.DocMissing
	mailed := slices.Contains(m.Mailed, id)
	switch {
	case person && act && (author == id || author == "" && len(m.In) == 1 && m.In[0] == id):
		return false
	case person && !m.Closed && slices.Contains(m.Seen, id):
		return false
	case person && mailed && one && len(m.Flag.Makeups) == 0:
		return false
	case person && mailed && r.Digest && len(near(m, m.Changed)) == 0:
		return false
	case person && one && !t.Before(begins):
		return false
	}
	day, clock := series.WallClock(t, r.Person.Zone)
	urgent := near(m, t)
	if !person {
		urgent = nil
	}
	pair := m.Pair
	if !person && m.Kind != notify.Held {
		pair = series.Pair{}
	}
	after := func(since time.Time, d time.Duration) bool { return since.IsZero() || !t.Before(since.Add(d)) }
	for _, s := range urgent {
		last := !t.Before(s.Add(-90 * time.Minute))
		byDay := clock >= 7*60 && clock < 21*60 && workday(r, day) || works(r, t)
		rest := pair == series.Pair{} || after(h.rush[pair], 30*time.Minute)
		rest = rest && after(m.Changed, 2*time.Minute) && !onLeave(r, day, s)
		if rest && (last || byDay && after(h.news, 10*time.Minute)) {
			return true
		}
	}
	if !after(m.Changed, 10*time.Minute) || !after(h.news, 10*time.Minute) {
		return false
	}
	if len(urgent) > 0 || !works(r, t) || len(h.days[day]) >= 6 {
		return false
	}
	if pair != (series.Pair{}) && !after(h.calm[pair], 4*time.Hour) {
		return false
	}
	first := m.Old
	if !m.New.IsZero() && (first.IsZero() || m.New.Before(first)) {
		first = m.New
	}
	on, _ := series.WallClock(first, r.Person.Zone)
	return !person || !one || h.last[m.Key].Notice != "" || on.DaysSince(day) <= 28
}

// onLeave reports whether the day is one of leave, or a day off after it, and s before the first working day.
func onLeave(r notify.Reader, day series.Date, s time.Time) bool {
	on, _ := series.WallClock(s, r.Person.Zone)
	for d := day; !d.After(on); d = d.AddDays(1) {
		if workday(r, d) {
			return false
		}
	}
	for d := day; !workday(r, d); d = d.AddDays(-1) {
		for _, a := range r.Person.Away {
			if a.Why == series.Leave && !d.Before(a.From) && !d.After(a.To) {
				return true
			}
		}
	}
	return false
}
