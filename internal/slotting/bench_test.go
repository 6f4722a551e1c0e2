package slotting_test

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/slotting"
)

// Each figure stands beside its limit. CPU seconds are those of the process, garbage collection included, and max-MB is the
// most it has held since it began: run one alone to know what it needs.
func BenchmarkSolve(b *testing.B) {
	for _, c := range []struct {
		name  string
		town  town
		limit float64 // CPU seconds
	}{
		{"500 people, 30 minutes", town{seed: 11, people: 500, zones: 3, grid: 2}, 0.3},
		{"500 people, 15 minutes", town{seed: 11, people: 500, zones: 3, grid: 1}, 0.3},
		{"10000 people, 15 minutes", town{seed: 11, people: 10_000, zones: 6, grid: 1, half: 0.1}, 8},
		{"50000 people, 30 minutes", town{seed: 11, people: 50_000, zones: 6, grid: 2, half: 0.1}, 20},
		{"50000 people, 15 minutes", town{seed: 11, people: 50_000, zones: 6, grid: 1, half: 0.1}, 40},
		{"500 people with rooms", town{seed: 11, people: 500, zones: 2, grid: 2, rooms: true}, 15},
		{"2000 people half pinned with rooms", town{seed: 11, people: 2000, zones: 3, grid: 2, rooms: true, pinned: 0.5}, 15},
	} {
		b.Run(c.name, func(b *testing.B) { benchmark(b, c.town.problem(), c.limit) })
	}
	for _, o := range optima(b) {
		b.Run(o.Instance, func(b *testing.B) { benchmark(b, read(b, o.Instance), 15) })
	}
}

func benchmark(b *testing.B, p *slotting.Problem, limit float64) {
	runtime.GC()
	var s slotting.Solution
	from := usage()
	for b.Loop() {
		s, _ = slotting.Solve(p)
	}
	to := usage()
	_, broken := slotting.Check(p, s.Slots)
	b.ReportMetric(cpu(from, to)/float64(b.N), "cpu-s")
	b.ReportMetric(limit, "limit-cpu-s")
	b.ReportMetric(float64(to.Maxrss)/1024, "max-MB")
	b.ReportMetric(1024, "limit-MB")
	b.ReportMetric(float64(s.Cost()), "cost")
	b.ReportMetric(float64(s.Cost()-s.Bound), "above-bound")
	b.ReportMetric(float64(len(broken)), "broken")
}

func usage() (u syscall.Rusage) {
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u
}

func cpu(from, to syscall.Rusage) float64 {
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(to.Utime) - seconds(from.Utime) + seconds(to.Stime) - seconds(from.Stime)
}

// BenchmarkJoiner places one more person among 10,000 booked pairs.
func BenchmarkJoiner(b *testing.B) {
	in := slotting.Input{From: monday, Weeks: 8, Booked: map[string][]series.Slot{}, Busy: map[string][]series.Interval{}}
	var people []series.Person
	for i := range 10_001 {
		p := person(fmt.Sprintf("p%05d", i), lands[i%3], hours(9, 18))
		for k := range 12 {
			in.Busy[p.ID] = append(in.Busy[p.ID], weekly(9, (7*i+11*k)%120, 1, series.Hard)...)
		}
		if people = append(people, p); i > 0 {
			w := want(people[(i-1)/8], p)
			w.Slot.Weekday, w.Slot.At = time.Weekday(1+i%5), series.TimeOfDay(60*(9+i%9))
			in.Stand = append(in.Stand, w)
		}
	}
	in.Want = []series.Series{want(people[77], person("new", "Europe/Berlin", hours(9, 18)))}
	runtime.GC()
	from := usage()
	for b.Loop() {
		if slots, none := slotting.Choose(in); len(slots) != 1 {
			b.Fatal(none)
		}
	}
	b.ReportMetric(1000*cpu(from, usage())/float64(b.N), "cpu-ms")
	b.ReportMetric(50, "limit-ms")
}

// BenchmarkJoinerInFull places them by solving the whole org, booked pairs pinned.
func BenchmarkJoinerInFull(b *testing.B) {
	p := town{seed: 11, people: 10_002, zones: 6, grid: 2, pinned: 1}.problem()
	p.Pairs[len(p.Pairs)-1].Pinned = slotting.None
	from := usage()
	for b.Loop() {
		if s, err := slotting.Solve(p); err != nil || s.Slots[len(s.Slots)-1] == slotting.None {
			b.Fatal(s.Reasons[len(s.Slots)-1], err)
		}
	}
	b.ReportMetric(1000*cpu(from, usage())/float64(b.N), "cpu-ms")
	b.ReportMetric(50, "limit-ms")
}
