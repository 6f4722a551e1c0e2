package caldav

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/series"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// writes are all that is ever written to a booked series.
var writes = map[string]func(ctx context.Context, c *Calendar, e series.Event) error{
	"create": func(ctx context.Context, c *Calendar, _ series.Event) error {
		s := weeklySeries()
		s.Pair.Report = "lee"
		s.Report = person("lee")
		_, err := c.Create(ctx, s)
		if provider.KindOf(err) == provider.Exists { // the answer to the first was lost
			return nil
		}
		return err
	},
	"update": func(ctx context.Context, c *Calendar, e series.Event) error {
		place := "Room Birch"
		_, err := c.Update(ctx, e.Ref, series.Patch{Place: &place})
		return err
	},
	"skip": func(ctx context.Context, c *Calendar, e series.Event) error {
		_, err := c.Skip(ctx, e.Ref, []series.Skip{{Date: e.First().AddDays(7), Why: "leave"}})
		return err
	},
	"set override": func(ctx context.Context, c *Calendar, e series.Event) error {
		_, err := c.SetOverride(ctx, e.Ref, series.Override{Original: e.Start, Start: e.Start.Add(time.Hour), Duration: time.Hour, Place: "Lobby"})
		return err
	},
	"clear override": func(ctx context.Context, c *Calendar, e series.Event) error {
		_, err := c.ClearOverride(ctx, e.Ref, weeklySeries().Slot.On(weeklySeries().First.AddDays(14)))
		return err
	},
	"end": func(ctx context.Context, c *Calendar, e series.Event) error {
		_, err := c.End(ctx, e.Ref, e.First().AddDays(20))
		return err
	},
	"remove": func(ctx context.Context, c *Calendar, e series.Event) error {
		_, err := c.End(ctx, e.Ref, e.First().AddDays(-1))
		return err
	},
	"revive": func(ctx context.Context, c *Calendar, e series.Event) error {
		_, err := c.Revive(ctx, e)
		return err
	},
}

// TestWritesSurviveFaults lets the n-th request of every write go wrong in each way. The write then fails with a kind
// that says to look again, or was done; done again after another look, the calendar is as without the fault.
func TestWritesSurviveFaults(t *testing.T) {
	faults := map[string]struct {
		status int
		drop   bool
	}{"busy": {status: 503}, "broken": {status: 500}, "answer lost": {drop: true}}
	kinds := map[string]func(*testing.T, func(*caldavtest.Options)) server{
		"plain": plain, "scheduling": scheduling, "like Cyrus for a service account": likeCyrus,
	}
	for name, write := range writes {
		for kind, start := range kinds {
			want, _, _ := worked(t, write, name, start, 0, 0, false)
			for fault, f := range faults {
				for n := 1; ; n++ {
					have, reached, err := worked(t, write, name, start, n, f.status, f.drop)
					if k := provider.KindOf(err); err != nil && k != provider.Transient && k != provider.Conflict {
						t.Errorf("%s, request %d %s: %v", name, n, fault, err)
					}
					ignore := []cmp.Option{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(series.Event{}, "Raw"), cmpopts.IgnoreFields(series.Ref{}, "Version")}
					if d := cmp.Diff(want, have, ignore...); d != "" {
						t.Errorf("%s, request %d %s, %s (-without +with):\n%s", name, n, fault, kind, d)
					}
					if !reached {
						break
					}
				}
			}
		}
	}
}

// worked is the calendar after write, whose n-th request went wrong, was done until it went well. reached: it made that
// many requests.
func worked(t *testing.T, write func(context.Context, *Calendar, series.Event) error, name string, start func(*testing.T, func(*caldavtest.Options)) server, n, status int, drop bool) (out []series.Event, reached bool, first error) {
	t.Helper()
	var requests atomic.Int64
	var armed atomic.Bool
	s := start(t, func(o *caldavtest.Options) {
		o.Quirks.Fail = func(r *http.Request) (int, time.Duration, bool) {
			if armed.Load() && requests.Add(1) == int64(n) {
				return status, 0, drop
			}
			return 0, 0, false
		}
	})
	w := watch(t, s, "mia")
	ref := w.book()
	moved := weeklySeries().Slot.On(weeklySeries().First.AddDays(14))
	w.must(w.Move(ref.ID, moved, moved.Add(time.Hour)))
	booked := w.look().Series[0]
	if name == "revive" {
		w.must(w.Delete(ref.ID))
	}
	armed.Store(n > 0)
	err := write(t.Context(), w.Calendar, booked)
	reached = requests.Load() >= int64(n) && n > 0
	armed.Store(false)
	for range 3 {
		got := w.look()
		out = got.Series
		if err == nil {
			break
		}
		if first == nil {
			first = err
		}
		now := booked
		for _, e := range got.Series {
			if e.ID == ref.ID {
				now = e
			}
		}
		err = write(t.Context(), w.Calendar, now)
		if name == "revive" && provider.KindOf(err) == provider.Conflict {
			err = nil
		}
		out = w.look().Series
	}
	if err != nil {
		t.Errorf("%s: still failing: %v", name, err)
	}
	return out, reached, first
}

func TestOneOfManyWritersWins(t *testing.T) {
	for name, change := range map[string]func(*caldavtest.Options){
		"good":  nil,
		"loose": func(o *caldavtest.Options) { o.Quirks.IgnoreIfMatch, o.Quirks.IgnoreIfNoneMatch = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := mem(t, change)
			w := watch(t, s, "mia")
			var refs sync.Map
			var booked atomic.Int64
			all(8, func(int) {
				ref, err := Open(s.options("mia")).Create(t.Context(), weeklySeries())
				switch {
				case err == nil:
					booked.Add(1)
				case provider.KindOf(err) != provider.Exists:
					t.Error(err)
				}
				refs.Store(ref, true)
			})
			if n := len(w.look().Objects); n != 1 {
				t.Fatalf("eight creations made %d objects", n)
			}
			if n := booked.Load(); n != 1 && name == "good" {
				t.Errorf("%d of eight creations booked it", n)
			}
			ref := w.look().Series[0].Ref
			var won atomic.Int64
			all(8, func(i int) {
				place := fmt.Sprint("Room ", i)
				_, err := Open(s.options("mia")).Update(t.Context(), ref, series.Patch{Place: &place})
				if err == nil {
					won.Add(1)
				} else if provider.KindOf(err) != provider.Conflict {
					t.Error(err)
				}
			})
			if won.Load() != 1 {
				t.Errorf("%d of eight writers won", won.Load())
			}
		})
	}
}

func all(n int, do func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

func TestServerThatStoresSomethingElse(t *testing.T) {
	s, changed := rewriting(t, "LOCATION:Room Birch", "LOCATION:Room Cedar")
	w := watch(t, s, "mia")
	ref := w.book()
	place := "Room Birch"
	_, err := w.Update(t.Context(), ref, series.Patch{Place: &place})
	if *changed == 0 || provider.KindOf(err) != provider.Permanent || provider.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
}

func TestUIDThatIsTakenElsewhere(t *testing.T) {
	s, _ := mem(t, nil)
	w := watch(t, s, "mia")
	ref := w.bookElsewhere()
	again, err := w.Create(t.Context(), weeklySeries())
	if provider.KindOf(err) != provider.Exists || again.ID == ref.ID || len(w.look().Series) != 1 {
		t.Errorf("created %v beside what has its UID: %v", again, err)
	}
	if _, err := w.Revive(t.Context(), w.look().Series[0]); provider.KindOf(err) != provider.Conflict {
		t.Errorf("revived what is there: %v", err)
	}
}

func TestCalendarThatMoved(t *testing.T) {
	s, _ := mem(t, nil)
	w := watch(t, s, "mia")
	w.look()
	w.mu.Lock()
	w.found.url.Path, w.found.url.RawPath = "/calendars/mia/former/", ""
	w.mu.Unlock()
	if _, err := w.Observe(t.Context(), noSnapshot, interestOf("mia")); err == nil {
		t.Fatal("a calendar that is not there was read")
	}
	if _, err := w.Observe(t.Context(), noSnapshot, interestOf("mia")); err != nil {
		t.Errorf("it is not looked for again: %v", err)
	}
}
