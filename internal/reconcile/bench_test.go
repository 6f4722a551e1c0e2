package reconcile_test

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/lineage"
	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// BenchmarkDecide is what a round thinks: Gather, Diff and Detect, with calendars already read. Each manager has ten
// reports, everybody 60 other events a week in the horizon, and one series in ten has a meeting that was moved. The
// limit is that 10,000 pairs take less than 2 s of one core, so that a round a minute leaves it time for everything
// else; what reading the calendars takes is the servers' matter.
func BenchmarkDecide(b *testing.B) {
	for _, pairs := range []int{1_000, 10_000} {
		want, observed, busy := company(pairs)
		now := observed["m0"].Snapshot.At
		policy := plan.Policy{Moved: plan.PolicyFlag, SeriesMoved: plan.PolicyFlag, SeriesEnded: plan.PolicyFlag, HorizonWeeks: 8,
			MaxCreations: plan.Limit{Percent: 100}, MaxEndings: plan.Limit{Percent: 100}, MaxMails: pairs * 2}
		views := lineage.Gather(want, observed)
		b.Run(fmt.Sprintf("gather/%d", pairs), func(b *testing.B) {
			for b.Loop() {
				views = lineage.Gather(want, observed)
			}
		})
		b.Run(fmt.Sprintf("diff/%d", pairs), func(b *testing.B) {
			for b.Loop() {
				if p := plan.Diff(plan.Input{Now: now, Views: views, Policy: policy}); len(p.Changes) != 0 {
					b.Fatalf("%d changes", len(p.Changes))
				}
			}
		})
		b.Run(fmt.Sprintf("diff, a third of them to end/%d", pairs), func(b *testing.B) {
			third := pairs / 3 // half of all would be held, whatever the policy allows
			rest := lineage.Gather(want[third:], observed)
			for b.Loop() {
				if p := plan.Diff(plan.Input{Now: now, Views: rest, Policy: policy}); len(p.Changes) != third {
					b.Fatalf("%d changes", len(p.Changes))
				}
			}
		})
		b.Run(fmt.Sprintf("unfit/%d", pairs), func(b *testing.B) {
			for b.Loop() {
				drift.FindUnfit(drift.Input{Now: now, HorizonWeeks: 8, Views: views, Busy: busy})
			}
		})
		b.Run(fmt.Sprintf("detect/%d", pairs), func(b *testing.B) {
			for b.Loop() {
				if f := drift.Detect(drift.Input{Now: now, HorizonWeeks: 8, Views: views, Busy: busy}); len(f.Flags) < pairs/10 {
					b.Fatalf("%d flags", len(f.Flags))
				}
			}
		})
	}
}

// BenchmarkAnew is what it takes to think about everybody at once, as after a start with an empty journal and once a
// day: all of BenchmarkDecide, with calendars that are in memory as a round has them. CPU seconds are those of this
// process, garbage collection included.
//
//	go test ./internal/reconcile -run XXX -bench Anew -benchtime 1x
func BenchmarkAnew(b *testing.B) {
	for _, pairs := range []int{1_000, 10_000, 50_000} {
		b.Run(fmt.Sprint(pairs), func(b *testing.B) {
			want, observed, busy := company(pairs)
			now := observed["m0"].Snapshot.At
			policy := plan.Policy{Moved: plan.PolicyFlag, SeriesMoved: plan.PolicyFlag, SeriesEnded: plan.PolicyFlag,
				HorizonWeeks: 8, MaxCreations: plan.Limit{Percent: 100}, MaxEndings: plan.Limit{Percent: 100}, MaxMails: pairs * 2}
			steps := []struct {
				name string
				cost
			}{{name: "gather"}, {name: "diff"}, {name: "detect"}, {name: "unfit"}}
			rounds := 0.0
			for b.Loop() {
				var views []*series.View
				var in drift.Input
				for i, do := range []func(){
					func() { views = lineage.Gather(want, observed) },
					func() { plan.Diff(plan.Input{Now: now, Views: views, Policy: policy}) },
					func() {
						in = drift.Input{Now: now, HorizonWeeks: 8, Views: views, Busy: busy}
						if f := drift.Detect(in); len(f.Flags) < pairs/10 {
							b.Fatalf("%d flags", len(f.Flags))
						}
					},
					func() { drift.FindUnfit(in) },
				} {
					steps[i].measure(b, do)
				}
				rounds++
			}
			var all cost
			for _, s := range steps {
				all.cpu, all.megabytes = all.cpu+s.cpu, all.megabytes+s.megabytes
				b.ReportMetric(s.cpu/rounds, s.name+"-cpu-s")
				b.ReportMetric(s.megabytes/rounds, s.name+"-MB")
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(all.cpu/rounds, "cpu-s/round")
			b.ReportMetric(all.megabytes/rounds, "MB/round")
		})
	}
}

// cost is what steps took of this process.
type cost struct{ cpu, megabytes float64 }

// measure adds what f costs. What was thrown away before is collected before it, and not at its expense.
func (c *cost) measure(b *testing.B, f func()) {
	b.Helper()
	used := func() (cpu, megabytes float64) {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			b.Fatal(err)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds(), float64(m.TotalAlloc) / 1e6
	}
	runtime.GC()
	cpu, megabytes := used()
	f()
	cpuAfter, after := used()
	c.cpu, c.megabytes = c.cpu+cpuAfter-cpu, c.megabytes+after-megabytes
}

// BenchmarkIdleRound is a round over calendars that nobody touched, on a server in memory: what a round costs beside
// the requests.
func BenchmarkIdleRound(b *testing.B) {
	for _, pairs := range []int{100, 1_000} {
		b.Run(fmt.Sprint(pairs), func(b *testing.B) {
			x := newOrg(b, servers["delivers"])
			want, _, _ := company(pairs)
			x.want, x.people = want, map[string]series.Person{}
			for _, w := range want {
				for _, p := range []series.Person{w.Manager, w.Report} {
					if _, in := x.people[p.ID]; !in {
						p.Calendar = x.world.Home(p.ID)
						x.hire(p)
					}
				}
			}
			x.policy.MaxCreations, x.policy.MaxMails = plan.Limit{Percent: 100}, 2*pairs
			x.policy.MaxWrites = 2 * pairs
			r, _ := x.holdfast()
			r.Full = 0
			if out := x.once(r); len(out.Applied) != pairs {
				b.Fatalf("%d booked", len(out.Applied))
			}
			x.once(r)
			b.ReportAllocs()
			for b.Loop() {
				x.now = x.now.Add(time.Minute)
				x.once(r)
			}
		})
	}
}

// company is one of so many pairs, all booked.
func company(pairs int) (want []series.Series, observed map[string]lineage.Observed,
	busy map[string][]series.Interval) {
	now := time.Date(2026, time.December, 7, 9, 0, 0, 0, time.UTC)
	observed, busy = map[string]lineage.Observed{}, map[string][]series.Interval{}
	person := func(id string) series.Person {
		return series.Person{ID: id, Email: id + "@example.com", Zone: berlin, Calendar: "office"}
	}
	var others []series.Interval
	for day := range 7 * 9 {
		for hour := range 6 {
			start := now.AddDate(0, 0, day).Truncate(24 * time.Hour).Add(time.Duration(12+hour) * time.Hour)
			others = append(others, series.Interval{Start: start, End: start.Add(30 * time.Minute), Kind: series.Hard})
		}
	}
	for i := range pairs {
		m, r := fmt.Sprintf("m%d", i/10), fmt.Sprintf("r%d", i)
		slot := series.Slot{Weekday: time.Weekday(1 + i%5), At: series.TimeOfDay(9*60 + i%10/5*60), Duration: time.Hour, Every: 1, Zone: berlin}
		w := series.Series{Org: "acme", Pair: series.Pair{Manager: m, Report: r}, Manager: person(m), Report: person(r), Slot: slot, Line: slot.Line(),
			Place: "Room Alder", Link: "https://docs.example.com/" + r, Generation: 1, First: slot.First(series.Date{Year: 2026, Month: 11, Day: 2})}
		uid := "holdfast-" + w.Pair.Key("acme") + "-1@example.com"
		e := series.Event{Ref: series.Ref{ID: uid, Version: "1"}, UID: uid, Derived: true, Mark: w.Mark(), Start: slot.On(w.First), Zone: berlin, Duration: time.Hour,
			Rule: series.Rule{Plain: true, Every: 1}, Place: w.Place, Link: w.Link, Organizer: w.Manager.Email,
			Guests: []series.Guest{{Address: w.Report.Email, Answer: series.Accepted}}}
		if i%10 == 0 {
			at := slot.On(slot.First(series.DateOf(now)).AddDays(7))
			e.Overrides = []series.Override{{Original: at, Start: at.Add(26 * time.Hour), Duration: time.Hour, Place: e.Place, Link: e.Link, Guests: e.Guests}}
		}
		want = append(want, w)
		for id, list := range map[string]func(*series.Snapshot){
			m: func(s *series.Snapshot) { s.Series = append(s.Series, e) },
			r: func(s *series.Snapshot) { s.Copies = append(s.Copies, e) },
		} {
			o := observed[id]
			o.Snapshot.At, o.Last.At, o.Snapshot.Schedules = now, now.Add(-time.Minute), true
			list(&o.Snapshot)
			busy[id], o.Busy = others, others
			observed[id] = o
		}
	}
	return want, observed, busy
}
