package providertest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"holdfast/internal/series"
)

// converge makes random changes of single meetings on both sides, one after the other, each delivered before the other
// side changes the same meeting, and sees that the copy has of each meeting and field what was changed last.
func (b *bench) converge(r *rand.Rand, changes int) {
	type meeting struct {
		start    time.Time
		duration time.Duration
		out      bool
	}
	e, slot := b.book(), tuesdays.Duration
	c := b.copied()
	want, theirs := map[int]meeting{}, map[int]meeting{}
	for n := range 6 {
		want[n] = meeting{b.at(n), slot, false}
		theirs[n] = want[n]
	}
	var did []string
	for range changes {
		n, hours := r.IntN(6), time.Duration(1+r.IntN(20))*time.Hour
		m, o := want[n], theirs[n]
		switch by := r.IntN(6); {
		case by < 2 && !m.out: // the report moves or shortens it
			if by == 0 {
				m.start = b.at(n).Add(hours)
				b.must(b.Report.Hands.Move(c.ID, b.at(n), m.start))
				m.duration = b.meeting(b.copyOf(e), b.at(n)).Duration // an override made for it says what the series says
			} else {
				m.duration = time.Duration(1+r.IntN(7)) * 15 * time.Minute
				b.must(b.Report.Hands.Resize(c.ID, b.at(n), m.duration))
				m.start = b.meeting(b.copyOf(e), b.at(n)).Start
			}
			did = append(did, fmt.Sprintf("report: %d at %v for %v", n, m.start, m.duration))
		case by == 2 && !m.out:
			m.out = true
			b.must(b.Report.Hands.Cancel(c.ID, b.at(n)))
			did = append(did, fmt.Sprintf("report: %d is out", n))
		case by == 3:
			x := b.moved(n, hours)
			if x.Start.Equal(o.start) {
				continue
			}
			b.ref(b.Manager.Calendar.SetOverride(b.ctx, b.one().Ref, x))
			if m.start = x.Start; m.out || x.Duration != o.duration {
				m.duration = x.Duration
			}
			m.out, o = false, meeting{x.Start, x.Duration, false}
			did = append(did, fmt.Sprintf("manager: %d at %v", n, x.Start))
		case by == 4:
			b.ref(b.Manager.Calendar.ClearOverride(b.ctx, b.one().Ref, b.at(n)))
			if !o.start.Equal(b.at(n)) || o.out {
				m.start = b.at(n)
				if m.out {
					m.duration = slot
				}
				m.out = false
			}
			o = meeting{b.at(n), slot, false}
			did = append(did, fmt.Sprintf("manager: %d is put back", n))
		default:
			b.ref(b.Manager.Calendar.Update(b.ctx, b.one().Ref, series.Patch{Place: ptr(fmt.Sprintf("Room %d", r.IntN(4)))}))
			did = append(did, "manager: another place")
		}
		want[n], theirs[n] = m, o
		c = b.copied()
		if !b.one().DeliveredTo(c, b.Clock()) {
			b.Fatalf("something is still to be delivered after:\n%s", strings.Join(did, "\n"))
		}
		for n, m := range want {
			is := b.meeting(c, b.at(n))
			if is.Cancelled != m.out || !m.out && (!is.Start.Equal(m.start) || is.Duration != m.duration) {
				b.Fatalf("meeting %d is at %v for %v, out %v; want %v for %v, out %v, after:\n%s",
					n, is.Start, is.Duration, is.Cancelled, m.start, m.duration, m.out, strings.Join(did, "\n"))
			}
		}
	}
	b.ref(b.Manager.Calendar.End(b.ctx, b.one().Ref, b.day(2)))
	for _, m := range live(b.copied()) {
		if day, _ := series.WallClock(m.Start, berlin); day.After(b.day(2)) {
			b.Errorf("after the end there is a meeting on %s, after:\n%s", day, strings.Join(did, "\n"))
		}
	}
}
