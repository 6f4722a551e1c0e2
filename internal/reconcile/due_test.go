package reconcile_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/provider/memory"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// reads makes a round that reads those calendars only.
func (x *org) reads(r *reconcile.Reconciler, people string) reconcile.Round {
	x.Helper()
	r.Due = func(p series.Person, _ series.Packed) bool { return strings.Contains(people, p.ID) }
	defer func() { r.Due = nil }()
	return x.once(r)
}

// What the report's copy follows is not the report's doing, in whichever order the two calendars are read.
func TestDueCopyFirst(t *testing.T) {
	each(t, func(x *org) {
		r, _ := x.holdfast()
		x.once(r)
		x.quiet(r)
		e := x.live("mia/raj")
		x.now = x.now.Add(time.Minute)
		x.must(x.world.Hands("mia").Move(e.ID, on(e, "2026-12-08"), on(e, "2026-12-10")))
		if got := flags(x.reads(r, "raj")); strings.Contains(got, "copy-differs") {
			x.Fatalf("flags %s", got)
		}
		if got := flags(x.once(r)); got != "mia/raj moved 2026-12-08" {
			x.Fatalf("flags %s", got)
		}
	})
}

// Notice counts from when the manager's calendar was read, however long ago the report's was.
func TestDueNotice(t *testing.T) {
	each(t, func(x *org) {
		r, _ := x.holdfast()
		x.once(r)
		e := x.live("mia/raj")
		booked := on(e, "2026-12-08")
		x.now = booked.Add(-24*time.Hour - 15*time.Minute)
		x.once(r)
		x.now = booked.Add(-24*time.Hour + 2*time.Minute)
		x.reads(r, "mia")
		x.must(x.world.Hands("mia").Cancel(e.ID, booked))
		x.now = booked.Add(-23 * time.Hour)
		out := x.reads(r, "mia")
		if len(out.Open) != 1 || out.Open[0].Notice == nil || *out.Open[0].Notice != 23*time.Hour || !out.Open[0].Since.Equal(x.now) {
			x.Fatalf("%+v", out.Open)
		}
	})
}

// What is done to a meeting after it was over does not change it, however long ago the report's calendar was read.
func TestDueAfterTheMeeting(t *testing.T) {
	each(t, func(x *org) {
		r, j := x.holdfast()
		x.once(r)
		e := x.live("mia/raj")
		booked := on(e, "2026-12-01")
		x.now = booked.Add(30 * time.Minute)
		x.once(r)
		x.now = booked.Add(65 * time.Minute)
		x.reads(r, "mia")
		x.must(x.world.Hands("mia").Cancel(e.ID, booked))
		x.now = booked.Add(70 * time.Minute)
		x.reads(r, "mia")
		got, err := j.Outcomes(context.Background(), series.Pair{}, series.Date{})
		x.must(err)
		if len(got) == 0 || got[0].Result != drift.Kept {
			x.Fatalf("%+v", got)
		}
	})
}

// No outcome is final before the calendar was read after its week had ended.
func TestDueFreeze(t *testing.T) {
	each(t, func(x *org) {
		r, j := x.holdfast()
		x.once(r)
		e := x.live("mia/raj")
		booked := on(e, "2026-12-01")
		x.must(x.world.Hands("mia").Move(e.ID, booked, time.Date(2026, 12, 6, 15, 0, 0, 0, time.UTC)))
		x.now = time.Date(2026, 12, 6, 12, 0, 0, 0, time.UTC) // Sunday
		x.once(r)
		x.must(x.world.Hands("mia").Cancel(e.ID, booked))
		x.now = time.Date(2026, 12, 7, 0, 30, 0, 0, time.UTC)
		x.reads(r, "")
		x.now = x.now.Add(10 * time.Minute)
		x.once(r)
		got, err := j.Outcomes(context.Background(), series.Pair{}, series.Date{})
		x.must(err)
		if len(got) == 0 || got[0].Result == drift.KeptLate || !got[0].Final {
			x.Fatalf("%+v", got)
		}
	})
}

// A difference in a copy that was seen once is flagged after a second look, not after a second thought.
func TestDueSecondLook(t *testing.T) {
	each(t, func(x *org) {
		r, j := x.holdfast()
		x.once(r)
		copied, booked := x.copied("mia/raj"), on(x.live("mia/raj"), "2026-12-08")
		x.must(x.world.Hands("raj").Move(copied.ID, booked, booked.Add(time.Hour)))
		differs := x.copied("mia/raj").Times()
		x.once(r)
		for id, f := range j.flags { // as after a round that saw it for the first time
			if f.Kind == drift.CopyDiffers {
				delete(j.flags, id)
				j.pending[id] = reconcile.Pending{Pair: f.Pair, Times: differs, By: drift.ByReport, Since: x.now}
			}
		}
		if len(j.pending) != 1 {
			x.Fatalf("flags %v", j.flags)
		}
		x.must(x.world.Hands("raj").Move(copied.ID, booked, booked))
		if got := flags(x.reads(r, "")); got != "" {
			x.Fatalf("flags %s", got)
		}
	})
}

// What was known is of no use for a calendar that is another now, nor for how long ago it was read when the clock was wrong.
func TestDueInAnyCase(t *testing.T) {
	each(t, func(x *org) {
		r, _ := x.holdfast()
		x.once(r)
		asked := func() string {
			x.Helper()
			who := map[string]bool{}
			x.world.SetFaults(func(c memory.Call) memory.Fault {
				who[c.Person] = true
				return memory.None
			})
			defer x.world.SetFaults(nil)
			x.reads(r, "")
			return strings.Join(slices.Sorted(maps.Keys(who)), " ")
		}
		if got := asked(); got != "" {
			x.Fatalf("read %s, and none was due", got)
		}
		x.world.SetFaults(func(c memory.Call) memory.Fault {
			if c.Person == "raj" {
				return memory.Refused
			}
			return memory.None
		})
		_, err := r.Once(context.Background())
		x.must(err)
		if got := asked(); got != "raj" {
			x.Fatalf("read %s; raj's calendar could not be read before", got)
		}
		raj := x.people["raj"]
		raj.Calendar = "other"
		x.people["raj"] = raj
		if got := asked(); !strings.Contains(got, "raj") || strings.Contains(got, "lee") {
			x.Fatalf("read %s; raj's calendar is another now", got)
		}
		x.once(r)
		x.now = x.now.Add(-time.Hour)
		if got := asked(); !strings.Contains(got, "lee") {
			x.Fatalf("read %s, after the clock was set", got)
		}
	})
}
