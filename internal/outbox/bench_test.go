package outbox_test

import (
	"errors"
	"fmt"
	"path/filepath"
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

// BenchmarkMonday is the week ahead of so many managers of ten people each: all are looked at, and every digest is made
// and handed over. The limit is 10,000 digests within their ten minutes.
func BenchmarkMonday(b *testing.B) {
	for _, managers := range []int{100, 1000} {
		b.Run(fmt.Sprintf("%dmanagers", managers), func(b *testing.B) {
			now := monday
			clock := func() time.Time { return now }
			s, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "journal.db"), clock, store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
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
							Digest: r == 0},
						Addresses: map[string]string{"mail": id},
					}
				}
			}
			if err := errors.Join(s.Commit(b.Context(), rec), s.SetBaseline(b.Context())); err != nil {
				b.Fatal(err)
			}
			mail := memory.New()
			box := outbox.New(outbox.Options{
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
			for b.Loop() {
				box.LookAtAll()
				jobs, err := box.Due(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				for _, j := range jobs {
					if again, err := box.Send(b.Context(), j); again != 0 || err != nil {
						b.Fatal(again, err)
					}
				}
			}
			b.ReportMetric(float64(len(mail.Arrived()))/float64(b.N), "messages")
		})
	}
}
