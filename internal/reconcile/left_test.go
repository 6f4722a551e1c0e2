package reconcile_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// looks compares what a round left in the journal, if that is of use now, with what comes of planning everything anew.
// It reports whether it was of use. Make-ups are compared if the round was just made, and if it knew of the pair. Dates
// and reasons stay as the round had them that found the flag.
func (x *org) looks(j *journal, by *reconcile.Round) bool {
	x.Helper()
	r := x.with(j)
	left, err := r.Look(context.Background(), "")
	x.must(err)
	if left.Anew {
		return false
	}
	if by != nil {
		x.ahead(j, by)
	}
	r.Sources = nil
	anew, err := r.Look(context.Background(), "")
	x.must(err)
	was, is := visible(left, by), visible(anew, by)
	for i, line := range was {
		if i >= len(is) || line != is[i] {
			x.Fatalf("at %v the last round left\n%s\nbut it is\n%s", x.now, line, strings.Join(is[min(i, len(is)):], ""))
		}
	}
	return true
}

// ahead compares the meetings of the coming weeks that the rows have with those that the series have: none that there
// is not, and of a pair whose meetings are as its one series was booked all that there are.
func (x *org) ahead(j *journal, by *reconcile.Round) {
	x.Helper()
	left, err := j.Left(context.Background(), "", false)
	x.must(err)
	today := series.DateOf(by.At.UTC())
	from, to := by.At, series.Ahead(by.At, 7*(reconcile.AheadWeeks-2))
	for i := range left.Rows {
		row := &left.Rows[i]
		v, is, says := by.View(row.Pair), map[int64]bool{}, map[int64]bool{}
		if v == nil || v.Stale {
			continue
		}
		for k := range v.Chain {
			for _, m := range v.Chain[k].Meetings(from, to) {
				if taken := v.TakenOver(k); !m.Cancelled && (taken.IsZero() || m.Original.Before(taken)) {
					is[m.Start.Unix()] = true
				}
			}
		}
		for _, s := range v.StandIns {
			is[s.Start.Unix()] = true
		}
		for _, m := range row.Meetings(today.AddDays(-7), today.AddDays(7*reconcile.AheadWeeks)) {
			if at := m.Start; at.After(from) && at.Before(to) {
				if says[at.Unix()] = true; !is[at.Unix()] {
					x.Fatalf("at %v %s has no meeting of %s at %v: %+v", x.now, row.Pair, m.Date, at, row)
				}
			}
		}
		for at := range is {
			if start := time.Unix(at, 0); start.After(from) && v.Plain(by.At) && !says[at] {
				x.Fatalf("at %v %s has a meeting at %v: %+v", x.now, row.Pair, start, row)
			}
		}
	}
}

// visible is what a person sees.
func visible(l reconcile.Look, by *reconcile.Round) []string {
	var out strings.Builder
	for _, s := range l.Statuses {
		held, kept := s.Held, -1.0
		if s.Kept != nil {
			kept = *s.Kept
		}
		s.Held, s.Kept = nil, nil
		slices.SortFunc(held, func(a, b plan.Held) int { return strings.Compare(a.ID(), b.ID()) })
		fmt.Fprintf(&out, "%+v kept %v\n", s, kept)
		for _, h := range held {
			if by == nil { // on which day the change would be made
				h.Why = nil
			}
			fmt.Fprintf(&out, "  held %s %s %q %d %v %v %v\n", h.ID(), h.Because, h.Why, h.Mails, h.Brake, h.Stuck, h.Waits)
		}
	}
	for _, f := range l.Flags {
		if by == nil || by.Found.Unread[f.Pair] {
			f.Makeups = nil
		}
		var times []string
		for _, t := range f.Makeups {
			times = append(times, t.Format(time.RFC3339))
		}
		fmt.Fprintf(&out, "  %s %s %s %v %v\n", f.Pair, f.Kind, f.State, times, f.Makeups == nil)
	}
	return slices.Collect(strings.Lines(out.String()))
}

// Who looks does not wait for rounds, and gets in the way of none.
func TestLookBesideRounds(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	for _, p := range pairs {
		x.wish(p, tuesdays, nil)
	}
	j := locked{journal: newJournal(x.clock)}
	r := x.with(j.journal)
	r.Journal = &j
	x.once(r)
	var rounds sync.WaitGroup
	rounds.Go(func() {
		for range 5 {
			if _, err := r.Once(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	for n := range 10 {
		j.Lock()
		if j.origin.Day = (series.Date{}); n%2 == 0 { // of no use
			j.origin = reconcile.Origin{}
		}
		j.Unlock()
		for _, look := range []func(context.Context, string) (reconcile.Look, error){r.Look, r.LookAtFlags, r.LookAsLeft} {
			_, err := look(context.Background(), "mia")
			x.must(err)
		}
	}
	rounds.Wait()
}

// locked is a journal that may be used from several goroutines, as one on disk.
type locked struct {
	sync.Mutex
	*journal
}

// Load is reconcile.Journal's.
func (l *locked) Load(ctx context.Context) (reconcile.Memory, error) {
	l.Lock()
	defer l.Unlock()
	return l.journal.Load(ctx)
}

// Commit is reconcile.Journal's.
func (l *locked) Commit(ctx context.Context, r reconcile.Record) error {
	l.Lock()
	defer l.Unlock()
	return l.journal.Commit(ctx, r)
}

// Left is reconcile.Journal's.
func (l *locked) Left(ctx context.Context, of string, flagged bool) (reconcile.Left, error) {
	l.Lock()
	defer l.Unlock()
	return l.journal.Left(ctx, of, flagged)
}

// Flags is reconcile.Journal's.
func (l *locked) Flags(ctx context.Context, all bool) ([]reconcile.FlagRow, error) {
	l.Lock()
	defer l.Unlock()
	return l.journal.Flags(ctx, all)
}

// Outcomes is reconcile.Journal's.
func (l *locked) Outcomes(ctx context.Context, p series.Pair, since series.Date) ([]drift.Outcome, error) {
	l.Lock()
	defer l.Unlock()
	return l.journal.Outcomes(ctx, p, since)
}
