package see

import (
	"cmp"
	"slices"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// Flag is an open difference, cut to what its reader may see.
type Flag struct {
	drift.Flag
	Shown act.Shown // what an act about it is conditional on; of the flag as it is shown
	// Booked is when the meeting was to begin by its slot, Now when it does, in the slot's zone; each zero where there is
	// none, and of a flag that is of the series.
	Booked, Now  time.Time
	Acknowledged bool       // by the reader
	May          []act.Deed // what the reader may do about it; Rebook at one of Makeups, and the manager at any time
}

// flags are those of a pair as the reader sees them: those of the series first, then by meeting.
func flags(who act.Actor, row *reconcile.StatusRow, rows []reconcile.FlagRow) []Flag {
	all := drifts(rows)
	out := make([]Flag, 0, len(rows))
	for i := range rows {
		f := Flag{Flag: who.Sees(all[i]), Acknowledged: seen(who, &rows[i])}
		f.Shown = act.ShownOf(f.Flag)
		f.Booked, f.Now = times(all[i], row.Slot, all)
		f.May = deeds(who, all[i], all, row.Linked, f.Acknowledged)
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b Flag) int {
		return cmp.Or(a.Occurrence.Compare(b.Occurrence), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

// seen reports whether the reader has acknowledged the flag; in the shell whether anybody has.
func seen(who act.Actor, f *reconcile.FlagRow) bool {
	return slices.Contains(f.Acknowledged, who.Person) || who.From == act.Shell && len(f.Acknowledged) > 0
}

// times are when the meeting of a flag was to begin, and when it does.
func times(f drift.Flag, slot series.Slot, open []drift.Flag) (booked, now time.Time) {
	if f.Occurrence.IsZero() {
		return booked, now
	}
	if !slot.IsZero() {
		booked = slot.On(f.Occurrence)
	}
	if t, ok := f.From.Time(); ok && f.Kind != drift.DoubleBooked { // that one is from where it stands
		booked = series.At(t, cmp.Or(slot.Zone, "UTC"))
	}
	now = booked
	for _, o := range open {
		if o.Occurrence != f.Occurrence {
			continue
		}
		switch t, ok := o.To.Time(); {
		case o.Kind == drift.Cancelled:
			return booked, time.Time{}
		case o.Kind == drift.Moved && ok:
			now = t
		}
	}
	return booked, now
}

// remedies are what can be done about a flag, as package say hints at it.
func remedies(f drift.Flag, linked bool) []act.Deed {
	single := !f.Occurrence.IsZero()
	var out []act.Deed
	if f.Lost() {
		out = append(out, act.Rebook)
	}
	switch f.Kind {
	case drift.SeriesMoved:
		return append(out, act.Accept, act.AskAccept, act.Restore, act.AskRestore)
	case drift.SlotUnfit:
		if !f.To.IsZero() {
			out = append(out, act.Accept, act.AskAccept)
		}
	case drift.SeriesEnded:
		out = append(out, act.Restore, act.AskRestore)
	case drift.DocMissing:
		if !linked {
			out = append(out, act.Restore, act.AskRestore)
		}
	case drift.Undelivered:
		out = append(out, act.Invite)
	case drift.Moved, drift.Cancelled, drift.Shortened, drift.PlaceChanged, drift.NotBusy:
		if single {
			return append(out, act.RestoreOne, act.AskRestore)
		}
		out = append(out, act.Restore, act.AskRestore)
	case drift.LinkChanged, drift.GuestAdded, drift.GuestRemoved:
		if !single {
			out = append(out, act.Restore, act.AskRestore)
		}
	}
	return out
}

// deeds are what the reader may do about the flag, who has seen it or not.
func deeds(who act.Actor, f drift.Flag, open []drift.Flag, linked, seen bool) []act.Deed {
	var out []act.Deed
	last := act.Acknowledge
	if seen {
		last = act.Unacknowledge
	}
	for _, d := range append(remedies(f, linked), last) {
		q := act.Request{Deed: d, Pair: f.Pair, Occurrence: f.Occurrence}
		if d == act.Rebook && len(f.Makeups) > 0 {
			q.To = plan.Time{Instant: f.Makeups[0]}
		}
		if d == act.AskRestore && slices.Contains(out, act.RestoreOne) { // nobody needs to be asked
			continue
		}
		if act.May(who, q, open) == "" {
			out = append(out, d)
		}
	}
	return out
}

// held are the changes of a pair that wait, as its two may see them: of others' 1:1s nothing, and of limits only that
// one is reached.
func held(all []plan.Held) []plan.Held {
	out := slices.Clone(all)
	for i := range out {
		h := &out[i]
		if h.Steps = nil; h.Brake || h.Others || others(h.Because, h.Pair) {
			h.Because = ""
		}
		h.Why = slices.DeleteFunc(slices.Clone(h.Why), func(why string) bool { return others(why, h.Pair) })
	}
	return out
}
