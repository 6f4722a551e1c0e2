// Package outage says what of all that is out is worth a line in the log: that it began, that its cause is another,
// that it spread, that it ended. A server that is down for two hundred calendars is one outage, and one that comes and
// goes is not reported each time.
package outage

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Cause is what outages have in common.
type Cause struct {
	Where string // a calendar of the settings; "" where it is about none
	Kind  string
	Text  string // in words that are the same for everybody whom it strikes
}

// Standing is what is out at a moment: whom each cause strikes, by id.
type Standing map[Cause][]string

// Event is what happened to a cause.
type Event string

// The events.
const (
	Began   Event = "began"
	Changed Event = "changed" // it is another for some whom Was had struck
	Spread  Event = "spread"  // it strikes twice as many as were last reported, or more
	Ended   Event = "ended"
)

// Line is worth a line in the log.
type Line struct {
	Event
	Cause
	Was   string        // of Changed: the text of the cause before
	Since time.Time     // when the cause first struck
	Took  time.Duration // of Ended: until it struck for the last time
	Count int           // how many it strikes; of Ended the most that were reported
	First []string      // some of them
}

// Log knows what was reported. Its zero value is ready.
type Log struct {
	reported map[Cause]*reported
}

type reported struct {
	since, last time.Time
	who         []string // whom it struck then, sorted
	most        int      // of how many was reported
	open        bool     // reported to stand
	again       bool     // it had ended, and stood again within calm
}

const (
	// calm is for how long a cause that came back must be away to have ended.
	calm = time.Hour
	// named is how many a Line names.
	named = 3
)

// See takes what stands now and returns what is to be reported of it.
func (l *Log) See(now time.Time, standing Standing) []Line {
	ended := l.ended(now, standing)
	var out []Line
	for _, c := range slices.SortedFunc(maps.Keys(standing), compare) {
		who := slices.Sorted(slices.Values(standing[c]))
		t, known := l.reported[c]
		line := Line{Event: Spread, Cause: c, Since: now, Count: len(who), First: who[:min(len(who), named)]}
		if !known || !t.open {
			line.Event = Began
			if i := slices.IndexFunc(
				ended,
				func(e Line) bool { return e.Where == c.Where && meet(l.reported[e.Cause].who, who) },
			); i >= 0 {
				line.Event, line.Was = Changed, ended[i].Text
				ended = slices.Delete(ended, i, i+1)
			}
			t = &reported{since: now, open: true, again: known}
		}
		t.last, t.who, line.Since = now, who, t.since
		if line.Event != Spread || len(who) >= 2*t.most {
			t.most = len(who)
			out = append(out, line)
		}
		l.reported[c] = t
	}
	return append(out, ended...)
}

// ended are the causes that no longer strike anybody.
func (l *Log) ended(now time.Time, standing Standing) []Line {
	if l.reported == nil {
		l.reported = map[Cause]*reported{}
	}
	var out []Line
	for _, c := range slices.SortedFunc(maps.Keys(l.reported), compare) {
		t := l.reported[c]
		_, stands := standing[c]
		away := now.Sub(t.last) >= calm
		switch {
		case stands:
		case t.open && (!t.again || away):
			t.open = false
			out = append(out, Line{Event: Ended, Cause: c, Since: t.since, Took: t.last.Sub(t.since), Count: t.most,
				First: t.who[:min(len(t.who), named)]})
		case !t.open && away:
			delete(l.reported, c)
		}
	}
	return out
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func compare(a, b Cause) int {
	return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Text, b.Text))
}
