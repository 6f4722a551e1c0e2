package api

import (
	"time"

	"holdfast/internal/act"
	"holdfast/internal/reconcile"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/wire"
)

func stateOf(p see.PairState) wire.PairState {
	return wire.PairState{Pair: p.Pair.String(), State: string(p.State)}
}

func statusOf(r see.Row) wire.Status {
	return wire.StatusOf(reconcile.Status{
		Pair:     r.Pair,
		Slot:     r.Slot,
		Duration: r.Length,
		Next:     r.Next,
		State:    r.State,
		Flags:    r.Flags,
		PrepDoc:  r.Agenda,
		Kept:     r.Kept,
	})
}

func oneOnOneOf(p see.Pair) wire.OneOnOne {
	status := reconcile.Status{
		Pair:     p.Pair,
		Slot:     p.Slot,
		Duration: p.Length,
		State:    p.State,
		Flags:    len(p.Flags),
		PrepDoc:  p.Agenda,
		Kept:     p.Kept,
	}
	if p.Next != nil {
		status.Next = p.Next.Start
	}
	for _, c := range p.Coming {
		if c.MadeUp {
			status.MadeUp = append(status.MadeUp, reconcile.MadeUp{Occurrence: c.Date, To: c.Start})
		}
	}
	for _, w := range p.Why {
		status.Why = append(status.Why, reconcile.Reason{
			Person: w.Who.ID,
			Outage: reconcile.Outage{Since: w.Since, Kind: w.Kind, Text: w.Cause},
		})
	}
	return wire.OneOnOne{
		Status: wire.StatusOf(status),
		Place:  wire.Null(p.Place),
		Coming: wire.List(p.Coming, comingOf),
		Open:   wire.List(p.Flags, openFlagOf),
		Held:   wire.List(p.Held, wire.HeldOf),
		May:    wire.List(p.May, name),
	}
}

func name(d act.Deed) string { return string(d) }

func comingOf(c see.Coming) wire.Coming {
	return wire.Coming{
		Occurrence: c.Date.String(),
		Booked:     c.Booked.Format(time.RFC3339),
		Start:      wire.Moment(c.Start),
		MadeUp:     c.MadeUp,
		Skip:       wire.Null(c.Skip),
	}
}

func openFlagOf(f see.Flag) wire.OpenFlag {
	state := "open"
	if f.Acknowledged {
		state = "acknowledged"
	}
	return wire.OpenFlag{
		Flag:         wire.FlagOf(reconcile.FlagRow{Flag: f.Flag, State: state}),
		Digest:       f.Shown.Digest,
		Acknowledged: f.Acknowledged,
		May:          wire.List(f.May, name),
	}
}

func plannedOf(p see.Planned) wire.Planned {
	counts := map[string]int{}
	for action, n := range p.Counts {
		counts[string(action)] = n
	}
	return wire.Planned{
		Held:   wire.List(p.Held, changeOf),
		Waits:  wire.List(p.Waits, waitsOf),
		Counts: counts,
		Mails:  p.Mails,
	}
}

func waitsOf(w see.Waits) wire.Waits {
	return wire.Waits{Pair: w.Pair.String(), Action: string(w.Action), Settle: w.Settle}
}

func changeOf(c see.Change) wire.HeldChange {
	return wire.HeldChange{
		ID:      c.ID,
		Digest:  c.Digest,
		Pair:    c.Pair.String(),
		Action:  string(c.Action),
		Mails:   c.Mails,
		Because: wire.Null(c.Because),
		Stuck:   c.Stuck,
	}
}

func meOf(m see.Me) wire.Me {
	away := func(x series.Away) wire.Away { return wire.Away{From: x.From.String(), To: x.To.String(), Why: x.Why} }
	out := wire.Me{
		ID:       m.Me.ID,
		Name:     m.Me.Name,
		Email:    m.Email,
		Zone:     m.Me.Zone,
		Calendar: wire.Null(m.Calendar),
		Read:     wire.Time(m.Read),
		Away:     wire.List(m.Away, away),
		Week:     weekOf(m.Me.ID, m.Week),
	}
	if m.Why != nil {
		out.Stale = wire.Null(m.Why.Cause)
	}
	return out
}

func weekOf(person string, w see.OwnWeek) wire.Week {
	out := wire.Week{
		Person: person,
		Zone:   w.Zone,
		Week:   w.Monday.Week().String(),
		Seen:   wire.Moment(w.Seen),
		Stale:  w.Stale,
	}
	span := func(from, to time.Time) wire.Span {
		return wire.Span{
			From: series.At(from, w.Zone).Format(time.RFC3339),
			To:   series.At(to, w.Zone).Format(time.RFC3339),
		}
	}
	for n := range 7 {
		date := w.Monday.AddDays(n)
		from, to := series.Instant(date, 0, w.Zone), series.Instant(date.AddDays(1), 0, w.Zone)
		d := wire.Day{
			Date:      date.String(),
			Hours:     []wire.Span{},
			Away:      wire.Null(w.Off[n]),
			OneOnOnes: []wire.Met{},
			Busy:      []wire.Busy{},
		}
		for _, h := range w.Hours.On(date.Weekday()) {
			d.Hours = append(d.Hours, wire.Span{From: h.From.String(), To: h.To.String()})
		}
		for _, b := range w.Booked {
			if b.Start.Before(to) && from.Before(b.End) {
				d.OneOnOnes = append(d.OneOnOnes, wire.Met{Pair: b.Pair.String(), Span: span(b.Start, b.End)})
			}
		}
		for _, i := range w.Busy {
			if i.Start.Before(to) && from.Before(i.End) {
				d.Busy = append(d.Busy, wire.Busy{Kind: wire.BusyKind[i.Kind], Span: span(i.Start, i.End)})
			}
		}
		out.Days = append(out.Days, d)
	}
	return out
}
