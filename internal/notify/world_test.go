package notify_test

import (
	"maps"
	"slices"
	"time"

	"holdfast/internal/notify"
	"holdfast/internal/series"
)

// world is what stands, whom it may be told, and what they were told: what journal and sender are to the daemon.
type world struct {
	now      time.Time
	readers  []notify.Reader
	matters  map[string]notify.Matter
	meetings map[string]notify.Meeting
	told     map[string][]notify.Told
	crash    bool // the next notice is sent and not recorded
	sent     func(r notify.Reader, n notify.Notice, in notify.Input)
	decided  func(in notify.Input, d notify.Decision) // where nothing is due
}

func newWorld() *world {
	return &world{
		matters:  map[string]notify.Matter{},
		meetings: map[string]notify.Meeting{},
		told:     map[string][]notify.Told{},
	}
}

func (w *world) input(r notify.Reader) notify.Input {
	in := notify.Input{Now: w.now, Reader: r, Told: w.told[r.Person.ID]}
	for _, k := range slices.Sorted(maps.Keys(w.matters)) {
		in.Matters = append(in.Matters, w.matters[k])
	}
	for _, k := range slices.Sorted(maps.Keys(w.meetings)) {
		if m := w.meetings[k]; m.Start.After(w.now) && m.Start.Before(w.now.AddDate(0, 0, 16)) {
			in.Meetings = append(in.Meetings, m)
		}
	}
	return in
}

// send lets everybody have what is due now, and returns the next moment at which more may be.
func (w *world) send() (next time.Time) {
	for _, r := range w.readers {
		for range 10 { // more than three kinds and a crash
			in := w.input(r)
			d := notify.Decide(in)
			if len(d.Due) == 0 {
				if w.decided != nil {
					w.decided(in, d)
				}
				if !d.Next.IsZero() && (next.IsZero() || d.Next.Before(next)) {
					next = d.Next
				}
				break
			}
			n := d.Due[0]
			w.sent(r, n, in)
			if w.crash {
				w.crash = false
				continue
			}
			for _, channel := range n.Channels[:1] {
				w.told[r.Person.ID] = append(w.told[r.Person.ID], n.Rows(channel, w.now)...)
			}
		}
	}
	return next
}

// run lets time pass, from one moment that was announced to the next, and looks twice a day.
func (w *world) run(until time.Time) {
	for w.now.Before(until) {
		next := w.send()
		if !next.IsZero() && !next.After(w.now) {
			panic("the next moment is not ahead")
		}
		if look := w.now.Add(12 * time.Hour); next.IsZero() || next.After(look) {
			next = look
		}
		if next.After(until) {
			next = until
		}
		w.now = next
	}
}

func at(day series.Date, clock series.TimeOfDay, zone string) time.Time {
	return series.Instant(day, clock, zone)
}
