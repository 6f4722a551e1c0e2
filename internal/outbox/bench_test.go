package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/channel"
	"holdfast/internal/channel/memory"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/store"
)

// aWeekAhead is the morning on which the week ahead is due, for so many managers of ten people each, or for everybody.
func aWeekAhead(b *testing.B, managers int, everybody bool) (s *store.Store, box *outbox.Outbox, mail *memory.Channel) {
	b.Helper()
	now := monday
	clock := func() time.Time { return now }
	s, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "journal.db"), clock, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	readers := map[string]outbox.Reader{}
	rec := reconcile.Record{
		At:       now,
		Statuses: map[series.Pair]*reconcile.StatusRow{},
		Origin:   reconcile.Origin{Sources: "x"},
	}
	for m := range managers {
		for r := range 11 {
			id := fmt.Sprintf("m%d", m)
			if r > 0 {
				p := series.Pair{Manager: id, Report: fmt.Sprintf("%s-%d", id, r)}
				next := now.Add((7*24 + 26) * time.Hour)
				rec.Statuses[p] = &reconcile.StatusRow{Pair: p, Coming: []time.Time{next}, Zone: "UTC"}
				id = p.Report
			}
			readers[id] = outbox.Reader{
				Reader: notify.Reader{Person: series.Person{ID: id, Zone: "Europe/Berlin"}, Channels: []string{"mail"},
					Digest: everybody || r == 0},
				Addresses: map[string]string{"mail": id},
			}
		}
	}
	if err := errors.Join(s.Commit(b.Context(), rec), s.SetBaseline(b.Context())); err != nil {
		b.Fatal(err)
	}
	mail = memory.New()
	box = outbox.New(outbox.Options{
		Journal: s,
		Readers: func(time.Time) (map[string]outbox.Reader, error) { return readers, nil },
		Senders: map[string]channel.Sender{"mail": mail},
		Write: outbox.Writer{
			Person: func(id string) (series.Person, bool) { return readers[id].Person, true },
		}.Write,
		Operational: func(reconcile.Round) []notify.Matter { return nil },
		Clock:       clock,
		Log:         zerolog.Nop(),
	})
	now = now.Add(7 * 24 * time.Hour)
	return s, box, mail
}

// digest hands over all that is due.
func digest(ctx context.Context, box *outbox.Outbox) error {
	box.LookAtAll()
	jobs, err := box.Due(ctx)
	for _, j := range jobs {
		if err == nil {
			_, err = box.Send(ctx, j)
		}
	}
	return err
}

// BenchmarkMonday is the week ahead of so many managers of ten people each: all are looked at, and every digest is made
// and handed over. The limit is 10,000 digests within their ten minutes.
func BenchmarkMonday(b *testing.B) {
	for _, managers := range []int{100, 1000} {
		b.Run(fmt.Sprintf("%dmanagers", managers), func(b *testing.B) {
			_, box, mail := aWeekAhead(b, managers, false)
			for b.Loop() {
				if err := digest(b.Context(), box); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(mail.Arrived()))/float64(b.N), "messages")
		})
	}
}

// BenchmarkRoundBesideDigests is what a round waits for the journal, alone and while 11,000 digests are handed over: it
// loads what it starts from, and commits a pair that stands otherwise. No more than a few times as much is the aim.
//
//	go test ./internal/outbox -run XXX -bench Beside -benchtime 1x
func BenchmarkRoundBesideDigests(b *testing.B) {
	s, box, mail := aWeekAhead(b, 1000, true)
	n := 0
	round := func() float64 {
		n++
		p := series.Pair{Manager: "m0", Report: "m0-1"}
		began := time.Now()
		_, err := s.Load(b.Context())
		err = errors.Join(err, s.Commit(b.Context(), reconcile.Record{
			At:       monday.Add(7*24*time.Hour + time.Duration(n)*time.Second),
			Statuses: map[series.Pair]*reconcile.StatusRow{p: {Pair: p, Place: fmt.Sprint("room ", n), Zone: "UTC"}},
			Origin:   reconcile.Origin{Sources: "x"},
		}))
		if err != nil {
			b.Fatal(err)
		}
		return float64(time.Since(began)) / 1e6
	}
	for b.Loop() {
		var alone, beside []float64
		for range 200 {
			alone = append(alone, round())
		}
		done := make(chan error, 1)
		began := time.Now()
		go func() { done <- digest(b.Context(), box) }()
		for ended := false; !ended; {
			beside = append(beside, round())
			select {
			case err := <-done:
				if ended = true; err != nil {
					b.Fatal(err)
				}
			case <-time.After(20 * time.Millisecond):
			}
		}
		slices.Sort(alone)
		slices.Sort(beside)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(alone[len(alone)/2], "alone-p50-ms")
		b.ReportMetric(beside[len(beside)/2], "beside-p50-ms")
		b.ReportMetric(beside[len(beside)*99/100], "beside-p99-ms")
		b.ReportMetric(float64(len(mail.Arrived()))/time.Since(began).Seconds(), "messages/s")
	}
}
