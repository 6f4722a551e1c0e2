package outbox

import (
	"slices"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/series"
)

// meetingsAhead is how far ahead a reader's meetings are looked at: a digest of next week, and the day before its last.
const meetingsAhead = 15

// input is what is decided from, of what the journal has.
func input(now time.Time, r notify.Reader, f ledger.Facts) notify.Input {
	in := notify.Input{Now: now, Reader: r, Told: slices.Clone(f.Told)}
	for i := range in.Told {
		in.Told[i].At = past(in.Told[i].At, now)
	}
	var asks []notify.Matter
	for _, m := range f.Matters {
		if m.Changed = past(m.Changed, now); m.Kind == notify.Ask {
			asks = append(asks, m)
			continue
		}
		in.Matters = append(in.Matters, m)
	}
	in.Matters = append(in.Matters, lost(f.Outcomes)...)
	slots, next := map[series.Pair]series.Slot{}, map[series.Pair]time.Time{}
	until := series.Ahead(now, meetingsAhead)
	for _, row := range f.Rows {
		slots[row.Pair] = row.Slot
		for _, at := range row.Coming {
			if at.After(now) && at.Before(until) {
				on, _ := series.WallClock(at, row.Zone)
				in.Meetings = append(in.Meetings, notify.Meeting{Pair: row.Pair, Occurrence: on, Start: at})
			}
			if next[row.Pair].IsZero() && at.After(now) {
				next[row.Pair] = at
			}
		}
	}
	moved := map[meeting]time.Time{}
	for _, x := range f.Flags {
		if to, ok := x.To.Time(); ok && x.Kind == drift.Moved && x.State != "closed" {
			moved[meeting{x.Pair, x.Occurrence}] = to
		}
	}
	for _, x := range f.Flags {
		m := matterOf(x)
		m.Changed = past(m.Changed, now)
		switch on := x.Occurrence; {
		case on.IsZero():
			m.Old = next[x.Pair]
		default:
			m.Old = booked(x.Flag, slots[x.Pair])
			if x.Kind != drift.Cancelled {
				m.New = moved[meeting{x.Pair, on}]
			}
			if m.New.IsZero() && takesPlace(x.Kind) {
				m.New = m.Old
			}
		}
		in.Matters = append(in.Matters, m)
	}
	in.Matters = append(in.Matters, asked(asks, in.Matters)...)
	if !f.Stood.IsZero() {
		in.Told = append(in.Told, known(r, in.Matters, f.Stood)...)
	}
	return in
}

// known is what counts as told to the reader: the matters that stood at the time, as they stood.
func known(r notify.Reader, all []notify.Matter, at time.Time) []notify.Told {
	stood := slices.DeleteFunc(slices.Clone(all), func(m notify.Matter) bool { return m.Changed.After(at) })
	return notify.Baseline(r, stood, at)
}

// asked are the asks as the differences that they are about now stand. One is over where its difference is another than
// it was.
func asked(asks, all []notify.Matter) []notify.Matter {
	for n := range asks {
		q := &asks[n]
		i := slices.IndexFunc(all, func(m notify.Matter) bool {
			f := m.Flag
			return m.Kind == notify.Difference && !m.Closed && f.ID() == q.Flag.ID() && f.From.Equal(q.Flag.From) &&
				f.To.Equal(q.Flag.To)
		})
		if i < 0 {
			q.Closed = true
			continue
		}
		q.Flag, q.In, q.Old, q.New = all[i].Flag, all[i].In, all[i].Old, all[i].New
	}
	return asks
}

// ahead is how far ahead of now a recorded time may be: one that is more comes from a clock that went wrong, and would
// have a reader wait for it.
const ahead = 4 * time.Hour

// past is the recorded time, or long before now where it cannot be true.
func past(at, now time.Time) time.Time {
	if at.Sub(now) > ahead {
		return now.AddDate(0, 0, -3)
	}
	return at
}

// meeting names one of a pair by the day that it was booked for.
type meeting struct {
	pair series.Pair
	day  series.Date
}

// takesPlace reports whether the meeting of a flag of the kind does.
func takesPlace(k drift.Kind) bool { return k != drift.Cancelled && k != drift.DeclinedKind }

// booked is when the meeting of the flag was to begin: as the flag has it, or else as the pair's slot does.
func booked(f drift.Flag, s series.Slot) time.Time {
	if t, ok := f.From.Time(); ok {
		return t
	}
	if s.IsZero() {
		return series.Instant(f.Occurrence, 0, "UTC")
	}
	return s.On(f.Occurrence)
}

// matterOf is the flag as a matter, but for its times.
func matterOf(x ledger.Flag) notify.Matter {
	m := notify.Matter{
		Kind:    notify.Difference,
		Key:     x.Flag.ID(),
		Pair:    x.Pair,
		Flag:    x.Flag,
		Changed: x.Changed,
		Closed:  x.State == "closed",
		Seen:    x.Seen,
	}
	switch x.Kind {
	case drift.DoubleBooked:
		m.In = x.Whose
	case drift.DeclinedKind:
		// The organizer's server hands the answer over (RFC 6638 section 3.2.3; Google does as much).
		m.In, m.Mailed = []string{x.Pair.Report}, []string{x.Pair.Manager}
	case drift.CopyDiffers, drift.Undelivered:
		m.In = []string{x.Pair.Report}
	default: // the series is in the manager's calendar
		m.In = []string{x.Pair.Manager}
	}
	return m
}

// lost are the runs of lost weeks that the pairs of the outcomes are in.
func lost(outcomes []drift.Outcome) (out []notify.Matter) {
	of := map[series.Pair][]drift.Outcome{}
	for _, o := range outcomes {
		of[o.Pair] = append(of[o.Pair], o)
	}
	for p, weeks := range of {
		last := weeks[len(weeks)-1].Week
		for _, o := range slices.Backward(weeks) {
			if o.Final {
				last = o.Week
				break
			}
		}
		if m, _, ok := notify.Lost(p, weeks, series.Instant(last.Monday().AddDays(7), 0, "UTC")); ok {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b notify.Matter) int { return a.Pair.Compare(b.Pair) })
	return out
}
