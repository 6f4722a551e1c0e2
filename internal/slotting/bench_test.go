package slotting_test

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"

	"holdfast/internal/slotting"
)

func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func BenchmarkSolve(b *testing.B) {
	for _, c := range []struct {
		name  string
		town  town
		limit float64 // CPU seconds
	}{
		{"500 people, 30 minutes", town{seed: 11, people: 500, zones: 3, grid: 2}, 0.3},
		{"2000 people, 15 minutes", town{seed: 11, people: 2000, zones: 6, grid: 1, half: 0.1}, 2},
		{"10000 people, 15 minutes", town{seed: 11, people: 10000, zones: 6, grid: 1, half: 0.1}, 10},
		{"50000 people, 30 minutes", town{seed: 11, people: 50000, zones: 6, grid: 2, half: 0.1}, 20},
		{"50000 people, 15 minutes", town{seed: 11, people: 50000, zones: 6, grid: 1, half: 0.1}, 40},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := c.town.problem()
			runtime.GC()
			b.ResetTimer()
			from := cpu()
			for b.Loop() {
				s, err := slotting.Solve(p)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(s.Cost()), "cost")
			}
			b.ReportMetric((cpu()-from)/float64(b.N), "cpu-s")
			b.ReportMetric(c.limit, "limit-cpu-s")
			var u syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
			b.ReportMetric(float64(u.Maxrss)/1024, "max-MB")
			fmt.Println(s0(p))
		})
	}
}

func s0(p *slotting.Problem) string {
	s, _ := slotting.Solve(p)
	return fmt.Sprint(len(p.Pairs), s.Terms)
}

func BenchmarkRooms(b *testing.B) {
	p := read(b, "08-p500-rooms")
	for b.Loop() {
		solve(b, p)
	}
}
