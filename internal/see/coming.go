package see

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// meetings are those of the row that are booked for the days from..to, by day, with nothing of flags.
func meetings(row *reconcile.StatusRow, from, to series.Date) []Coming {
	var out []Coming
	for _, x := range row.Meetings(from, to) {
		m := Coming{Date: x.Date, Start: x.Start}
		if !x.Slot.IsZero() {
			m.Booked = x.Slot.On(x.Date)
		}
		if m.OnSlot = !m.Start.IsZero() && m.Start.Equal(m.Booked); m.Start.IsZero() {
			m.Skip = skip(row.Skips, x.Date)
		}
		m.MadeUp = slices.ContainsFunc(row.MadeUp, func(y reconcile.MadeUp) bool { return y.Occurrence == x.Date })
		for i, zone := range row.Zones {
			m.Clocks[i] = clockOf(m, x.Slot, cmp.Or(zone, "UTC"))
		}
		out = append(out, m)
	}
	return out
}

// skip is why the meeting of the day is skipped: the skip of a series that was moved is named by the day it stands on.
func skip(all []series.Skip, d series.Date) string {
	for _, s := range all {
		if s.Date.Week() == d.Week() {
			return s.Why
		}
	}
	return ""
}

func clockOf(m Coming, slot series.Slot, zone string) Clock {
	var c Clock
	at := m.Start
	if at.IsZero() {
		at = m.Booked
	}
	if c.Date, c.At = series.WallClock(at, zone); !slot.IsZero() {
		_, is := series.WallClock(m.Booked, zone)
		_, was := series.WallClock(slot.On(m.Date.AddDays(-7*max(slot.Every, 1))), zone)
		c.Shifted = is != was
	}
	return c
}

// coming are the next meetings of the row that are not over, with the flags about them.
func coming(row *reconcile.StatusRow, now time.Time, flags []drift.Flag) []Coming {
	today := series.DateOf(now.UTC())
	var out []Coming
	for _, m := range meetings(row, today.Monday().AddDays(-7), today.Monday().AddDays(7*reconcile.AheadWeeks-1)) {
		last := m.Booked
		if m.Start.After(last) {
			last = m.Start
		}
		if !last.Add(row.Length).After(now) {
			continue
		}
		for _, f := range flags {
			if about(f, m.Date) {
				m.Flags = append(m.Flags, f.ID())
			}
		}
		out = append(out, m)
	}
	return out
}

// about reports whether the flag is about the meeting of the day.
func about(f drift.Flag, d series.Date) bool { return f.Occurrence == d || slices.Contains(f.Dates, d) }

// next is the meeting that begins next: of those to come, or else the one that the row has.
func next(row *reconcile.StatusRow, all []Coming, at time.Time) *Coming {
	if at.IsZero() {
		return nil
	}
	for _, m := range all {
		if m.Start.Equal(at) {
			return &m
		}
	}
	m := Coming{Start: at}
	m.Date, _ = series.WallClock(at, row.Zone)
	for i, zone := range row.Zones {
		m.Clocks[i] = clockOf(m, series.Slot{}, cmp.Or(zone, "UTC"))
	}
	return &m
}

// others reports whether the words name another pair.
func others(text string, p series.Pair) bool {
	between := func(r rune) bool { return strings.ContainsRune(" :;,`'\"()", r) }
	return slices.ContainsFunc(strings.FieldsFunc(text, between), func(word string) bool {
		other, err := series.ParsePair(word)
		return err == nil && other != p
	})
}
