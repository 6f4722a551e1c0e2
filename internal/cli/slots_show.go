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
)

// The JSON of slots show. Of other events it tells times only.
type (
	weekJSON struct {
		Person string    `json:"person"`
		Zone   string    `json:"zone"`
		Week   string    `json:"week"`
		Seen   *string   `json:"seen"` // as of when the journal has the calendar
		Stale  bool      `json:"stale"`
		Days   []dayJSON `json:"days"`
	}
	dayJSON struct {
		Date      string     `json:"date"`
		Hours     []spanJSON `json:"hours"` // working hours, wall clock; none given: any
		Away      *string    `json:"away"`
		OneOnOnes []metJSON  `json:"one_on_ones"`
		Busy      []busyJSON `json:"busy"`
	}
	spanJSON struct {
		From string `json:"from"`
		To   string `json:"to"`
	}
	metJSON struct {
		Pair string `json:"pair"`
		spanJSON
	}
	busyJSON struct {
		Kind string `json:"kind"` // "busy", "tentative", "all day", "away"
		spanJSON
	}
)

var busyWord = map[series.Kind]string{
	series.Hard:       "busy",
	series.Soft:       "tentative",
	series.AllDayKind: "all day",
	series.AwayKind:   "away",
}

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
				return a.json(toWeek(w))
			}
			a.weekText(w)
			return nil
		}}
	cmd.Flags().StringVar(&week, "week", "", "this ISO `week`, like 2026-W50; default: the present one")
	return cmd
}

func toWeek(w reconcile.PersonWeek) weekJSON {
	p := w.Person
	out := weekJSON{Person: p.ID, Zone: p.Zone, Week: w.Monday.Week().String(), Stale: w.Stale, Days: []dayJSON{}}
	if !w.Seen.IsZero() {
		out.Seen = null(w.Seen.Format(time.RFC3339))
	}
	for n := range 7 {
		d := newDay(w, w.Monday.AddDays(n))
		x := dayJSON{Date: d.date.String(), Hours: []spanJSON{}, Away: null(d.away), OneOnOnes: []metJSON{}, Busy: []busyJSON{}}
		span := func(i series.Interval) spanJSON {
			return spanJSON{series.At(i.Start, p.Zone).Format(time.RFC3339), series.At(i.End, p.Zone).Format(time.RFC3339)}
		}
		for _, h := range p.Hours.On(d.date.Weekday()) {
			x.Hours = append(x.Hours, spanJSON{h.From.String(), h.To.String()})
		}
		for _, b := range d.booked {
			x.OneOnOnes = append(x.OneOnOnes, metJSON{b.Pair.String(), span(b.Interval)})
		}
		for _, i := range d.busy {
			x.Busy = append(x.Busy, busyJSON{busyWord[i.Kind], span(i)})
		}
		out.Days = append(out.Days, x)
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
