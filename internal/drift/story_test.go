package drift_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/drift"
	"holdfast/internal/series"
	"holdfast/internal/series/seriestest"
	"holdfast/internal/slotting"
)

// TestStories tells what is flagged, and what became of the weeks, at each moment of the stories in testdata. It remembers
// from moment to moment what a journal does.
func TestStories(t *testing.T) {
	seriestest.Run(t, "testdata", "drift", func() func(*seriestest.Moment) string {
		j := &journal{frozen: map[series.Pair]series.Week{}}
		return func(m *seriestest.Moment) string {
			for seed := range uint64(5) {
				was := *j
				was.open, was.frozen = slices.Clone(j.open), maps.Clone(j.frozen)
				is := was
				is.open, is.frozen = slices.Clone(j.open), maps.Clone(j.frozen)
				if d := cmp.Diff(was.tell(m), is.tell(m.Shuffled(rand.New(rand.NewPCG(seed, 0))))); d != "" {
					t.Errorf("%s: the order of what is given changes what is found:\n%s", m.Now, d)
				}
			}
			return j.tell(m)
		}
	})
}

type journal struct {
	open    []drift.Flag
	pending map[string]drift.Pending
	frozen  map[series.Pair]series.Week
}

func (j *journal) tell(m *seriestest.Moment) string {
	if m.Fresh {
		*j = journal{frozen: map[series.Pair]series.Week{}}
	}
	in := drift.Input{Now: m.Now, HorizonWeeks: m.Policy.HorizonWeeks, Views: m.Views, Busy: m.Busy, Known: map[string]drift.Flag{},
		Frozen: j.frozen, Pending: j.pending, Documents: m.Documents, Taste: slotting.Taste}
	for i, f := range j.open {
		for _, v := range m.Views {
			if slices.Contains(v.Want.Formerly, f.Pair) {
				j.open[i].Pair = v.Pair
			}
		}
		in.Known[j.open[i].ID()] = j.open[i]
	}
	in.Unfit = drift.FindUnfit(in)
	for p, u := range in.Unfit {
		u.To = m.Better[p]
		in.Unfit[p] = u
	}
	found := drift.Detect(in)
	edges := found.Edges(j.open)
	word := map[string]string{}
	for _, f := range edges.Opened {
		word[f.ID()] = "opened "
	}
	for _, f := range edges.Changed {
		word[f.ID()] = "changed"
	}
	var out, first []string
	now := found.Flags
	for _, f := range j.open {
		if found.Unread[f.Pair] {
			now = append(now, f)
		}
	}
	for _, f := range now {
		w, edge := word[f.ID()]
		if !edge {
			w = "open   "
		}
		out = append(out, w+" "+flag(f))
		if len(f.Dates) > 0 {
			out = append(out, fmt.Sprintf("        on %v", f.Dates))
		}
		if len(f.Makeups) > 0 {
			out = append(out, "        could be made up: "+drift.SayTimes(f.Makeups))
		}
		for _, why := range f.Why {
			out = append(out, "  - "+why)
		}
	}
	for _, f := range edges.Closed {
		out = append(out, "closed  "+flag(f))
	}
	for _, p := range slices.SortedFunc(maps.Keys(found.Unread), series.Pair.Compare) {
		out = append(out, fmt.Sprintf("unread  %s", p))
	}
	if n := len(found.Pending); n > 0 {
		out = append(out, fmt.Sprintf("pending %d", n))
	}
	for _, o := range found.Outcomes {
		if o.Week.Monday().After(series.DateOf(m.Now)) {
			continue
		}
		text := fmt.Sprintf("%s    %s %s", o.Week, o.Pair, o.Result)
		if o.Result != drift.Kept && o.Result != drift.Excused || o.By != drift.ByUnknown {
			text += " by " + string(o.By)
		}
		if o.Notice != nil {
			text += ", notice " + o.Notice.String()
		}
		if o.Final {
			text += ", final"
			j.frozen[o.Pair] = o.Week
		}
		first = append(first, text)
	}
	j.open, j.pending = now, found.Pending
	if out = append(out, first...); len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, "\n")
}

func flag(f drift.Flag) string {
	text := fmt.Sprintf("%s %s", f.Pair, f.Kind)
	if f.Occurrence != (series.Date{}) {
		text += " " + f.Occurrence.String()
	}
	if f.Generation > 1 {
		text += fmt.Sprintf(" (generation %d)", f.Generation)
	}
	switch {
	case !f.From.IsZero() && !f.To.IsZero():
		text += fmt.Sprintf(": %s -> %s", f.From, f.To)
	case !f.From.IsZero() || !f.To.IsZero():
		text += ": " + f.From.String() + f.To.String()
	}
	if f.Detail != "" {
		text += ", " + f.Detail
	}
	text += " by " + string(f.By)
	if f.Notice != nil {
		text += ", notice " + f.Notice.String()
	}
	return text
}
