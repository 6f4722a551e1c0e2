package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/wire"
)

func (a *app) slotsShowCommand() *cobra.Command {
	week := ""
	cmd := &cobra.Command{Use: "show PERSON", Short: "Draw a person's week: 1:1s, busy times, hours, absences", Args: need("person", "mia"), ValidArgsFunction: a.completePeople,
		Long: "Draws the week on the person's own clock, as the last round saw it. Of other\n" +
			"events only the times are known. A ! marks a 1:1 that something else overlaps.",
		Example: "  holdfast slots show mia\n  holdfast slots show mia --week 2026-W50",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.reading(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			want, err := d.Desired(a.Clock())
			if err != nil {
				return err
			}
			who, known := want.People[args[0]]
			if !known {
				if _, err := a.pair(d, args[0]); err == nil {
					return hinted{fmt.Errorf("%s is a pair, and this is about a person", args[0]), "one of the two: `holdfast slots show PERSON`"}
				}
				return unknown("person", args[0], slices.Collect(maps.Keys(want.People)))
			}
			today, _ := series.WallClock(a.Clock(), who.Zone)
			monday := today.Monday()
			if week != "" {
				w, err := series.ParseWeek(week)
				if err != nil {
					return fmt.Errorf("--week: %w", err)
				}
				monday = w.Monday()
			}
			w, err := d.Reconciler.Week(cmd.Context(), args[0], monday)
			if err != nil {
				return hinted{err, "`one_on_ones:` in the roster lists who meets whom"}
			}
			if a.output == "json" {
				return a.json(weekOf(w))
			}
			a.weekText(w)
			return nil
		}}
	cmd.Flags().StringVar(&week, "week", "", "this ISO `week`, like 2026-W50; default: the present one")
	return cmd
}

func weekOf(w reconcile.PersonWeek) wire.Week {
	p := w.Person
	out := wire.Week{Person: p.ID, Zone: p.Zone, Week: w.Monday.Week().String(), Seen: wire.Moment(w.Seen), Stale: w.Stale}
	span := func(i series.Interval) wire.Span {
		from, to := series.At(i.Start, p.Zone), series.At(i.End, p.Zone)
		return wire.Span{From: from.Format(time.RFC3339), To: to.Format(time.RFC3339)}
	}
	for n := range 7 {
		d := newDay(w, w.Monday.AddDays(n))
		hours := func(h series.Window) wire.Span { return wire.Span{From: h.From.String(), To: h.To.String()} }
		met := func(b series.Booking) wire.Met { return wire.Met{Pair: b.Pair.String(), Span: span(b.Interval)} }
		busy := func(i series.Interval) wire.Busy { return wire.Busy{Kind: wire.BusyKind[i.Kind], Span: span(i)} }
		out.Days = append(out.Days, wire.Day{
			Date:      d.date.String(),
			Hours:     wire.List(p.Hours.On(d.date.Weekday()), hours),
			Away:      wire.Null(d.away),
			OneOnOnes: wire.List(d.booked, met),
			Busy:      wire.List(d.busy, busy),
		})
	}
	return out
}

// day is one day of a person's week.
type day struct {
	person *series.Person
	date   series.Date
	away   string // why the person is away all day
	booked []series.Booking
	busy   []series.Interval // of what begins or goes on that day
}

func newDay(w reconcile.PersonWeek, date series.Date) day {
	d := day{person: &w.Person, date: date}
	from, to := series.Instant(date, 0, w.Person.Zone), series.Instant(date.AddDays(1), 0, w.Person.Zone)
	here := func(i series.Interval) bool { return i.Start.Before(to) && from.Before(i.End) }
	for _, x := range w.Person.Away {
		if !date.Before(x.From) && !date.After(x.To) {
			d.away = x.Why
		}
	}
	for _, b := range w.Booked {
		if here(b.Interval) {
			d.booked = append(d.booked, b)
		}
	}
	for _, i := range w.Busy {
		switch {
		case !here(i):
		case i.Kind == series.AwayKind && !i.Start.After(from) && !i.End.Before(to):
			d.away = cmp.Or(d.away, "away")
			d.busy = append(d.busy, i)
		default:
			d.busy = append(d.busy, i)
		}
	}
	return d
}

// worksAny reports whether the person gave no hours at all.
func (d day) worksAny() bool { return len(slices.Concat(d.person.Hours[:]...)) == 0 }

// reach is from when to when something is on that day, on its clock; nothing leaves it empty.
func (d day) reach() (from, to series.TimeOfDay) {
	from, to = 24*60, 0
	add := func(a, b series.TimeOfDay) { from, to = min(from, a), max(to, b) }
	for _, h := range d.person.Hours.On(d.date.Weekday()) {
		add(h.From, h.To)
	}
	span := func(i series.Interval) {
		a, b := d.clock(i.Start), d.clock(i.End)
		if b-a < 24*60 { // what takes all day tells no hours
			add(a, b)
		}
	}
	for _, b := range d.booked {
		span(b.Interval)
	}
	for _, i := range d.busy {
		if i.Kind != series.AwayKind {
			span(i)
		}
	}
	return from, to
}

// clock is t on the day's clock, at most its ends.
func (d day) clock(t time.Time) series.TimeOfDay {
	day, at := series.WallClock(t, d.person.Zone)
	switch {
	case day.Before(d.date):
		return 0
	case day.After(d.date):
		return 24 * 60
	}
	return at
}

// idle reports whether nothing is to be seen of the day.
func (d day) idle() bool {
	from, to := d.reach()
	return from >= to
}
