package store

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// org is what a round over so many pairs leaves behind: managers with eight reports each, 60 recurring events and 300
// objects on every calendar.
func org(pairs int) reconcile.Record {
	r := reconcile.Record{At: noon, Snapshots: map[string]series.Packed{}, People: map[string]series.Person{}}
	person := func(id string) series.Snapshot {
		r.People[id] = series.Person{ID: id, Name: id, Email: id + "@example.com", Zone: "Europe/Berlin"}
		s := series.Snapshot{At: noon, FullAt: noon, Cursor: "https://dav.example.com/sync/1", Objects: map[string]series.Object{}}
		for n := range 60 {
			s.Busy = append(s.Busy, series.Busy{ID: fmt.Sprintf("/dav/%s/main/%d.ics", id, n), Start: noon.AddDate(0, 0, n), Duration: time.Hour,
				Zone: "Europe/Berlin", RRule: "FREQ=WEEKLY;BYDAY=MO", ExDates: []time.Time{noon}, Kind: series.Hard})
		}
		for n := range 300 {
			s.Objects[fmt.Sprintf("/dav/%s/main/%d.ics", id, n)] = series.Object{Version: fmt.Sprintf(`"%032x"`, n)}
		}
		return s
	}
	event := firstEvent()
	event.Raw += fmt.Sprintf("%02000d", 0)
	for m := range pairs / 8 {
		manager := fmt.Sprintf("m%d", m)
		s := person(manager)
		for n := range 8 {
			event.Mark.Pair = series.Pair{Manager: manager, Report: fmt.Sprintf("r%d-%d", m, n)}
			x := person(event.Mark.Pair.Report)
			x.Copies = []series.Event{event}
			r.Snapshots[event.Mark.Pair.Report] = series.Pack(x)
			s.Series = append(s.Series, event)
			r.Open = append(r.Open, flag(event.Mark.Pair, 1, "30m0s"))
			for w := range 9 {
				r.Outcomes = append(r.Outcomes, outcome(event.Mark.Pair, day(1).AddDays(7*w), drift.Kept, false))
			}
		}
		r.Snapshots[manager] = series.Pack(s)
	}
	return r
}

// A round over 1,000 pairs may spend 2 s in its journal while calendars stand still, and 4 s when all have changed.

// sized runs f for organizations of 1,000 and of 10,000 pairs, with what a round over them leaves behind.
func sized(b *testing.B, f func(b *testing.B, path string, s *Store, r reconcile.Record)) {
	for _, pairs := range []int{1000, 10000} {
		b.Run(fmt.Sprint(pairs), func(b *testing.B) {
			path := file(b)
			s, r := open(b, path, noon), org(pairs)
			must(b, s.Commit(b.Context(), r))
			r.Snapshots = maps.Clone(load(b, s).Snapshots)
			b.ReportAllocs()
			f(b, path, s, r)
		})
	}
}

func BenchmarkLoadUnchanged(b *testing.B) {
	sized(b, func(b *testing.B, _ string, s *Store, _ reconcile.Record) {
		for b.Loop() {
			load(b, s)
		}
	})
}

func BenchmarkLoadAfterAnotherProcess(b *testing.B) {
	sized(b, func(b *testing.B, path string, s *Store, _ reconcile.Record) {
		other := open(b, path, noon)
		for b.Loop() {
			must(b, other.ConfirmEmpty(b.Context(), "mia"))
			load(b, s)
		}
	})
}

func BenchmarkCommitUnchanged(b *testing.B) {
	sized(b, func(b *testing.B, _ string, s *Store, r reconcile.Record) {
		r.Snapshots = nil
		for b.Loop() {
			must(b, s.Commit(b.Context(), r))
		}
	})
}

// Every calendar was read, and none has changed.
func BenchmarkCommitReadAnew(b *testing.B) {
	sized(b, func(b *testing.B, _ string, s *Store, r reconcile.Record) {
		for b.Loop() {
			for id, x := range r.Snapshots {
				x.At = x.At.Add(time.Minute)
				r.Snapshots[id] = x
			}
			must(b, s.Commit(b.Context(), r))
		}
	})
}

func BenchmarkCommit1000PairsChanged(b *testing.B) {
	s := open(b, file(b), noon)
	r := org(1000)
	for n := 0; b.Loop(); n++ {
		for id, p := range r.Snapshots {
			x := p.Snapshot()
			x.Interest = fmt.Sprint(n)
			r.Snapshots[id] = series.Pack(x)
		}
		must(b, s.Commit(b.Context(), r))
	}
}
