package wire

import (
	"time"

	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/slotting"
)

// Week is a person's week. Of other events it tells times only.
type Week struct {
	Person string  `json:"person"`
	Zone   string  `json:"zone"`
	Week   string  `json:"week"`
	Seen   *string `json:"seen"` // as of when the journal has the calendar
	Stale  bool    `json:"stale"`
	Days   []Day   `json:"days"`
}

// Day is one of the week.
type Day struct {
	Date      string  `json:"date"`
	Hours     []Span  `json:"hours"` // working hours, wall clock; none given: any
	Away      *string `json:"away"`
	OneOnOnes []Met   `json:"one_on_ones"`
	Busy      []Busy  `json:"busy"`
}

// Span is from when to when.
type Span struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Met is a 1:1.
type Met struct {
	Pair string `json:"pair"`
	Span
}

// Busy is time taken by something else.
type Busy struct {
	Kind string `json:"kind"` // of BusyKind
	Span
}

// BusyKind is the word for a kind of time taken.
var BusyKind = map[series.Kind]string{
	series.Hard:       "busy",
	series.Soft:       "tentative",
	series.AllDayKind: "all day",
	series.AwayKind:   "away",
}

// Feasible is whether everybody can have a slot.
type Feasible struct {
	Feasible  bool       `json:"feasible"`
	Pairs     int        `json:"pairs"`
	Auto      int        `json:"auto"`      // of these, those whose slot Holdfast chooses
	Calendars bool       `json:"calendars"` // whether other events count: false, no calendar is asked
	Conflicts []Conflict `json:"conflicts"`
}

// Conflict is why a pair can have no slot.
type Conflict struct {
	Pair   string   `json:"pair"`   // that can have no slot
	Others []string `json:"others"` // nor can these, for the same reason
	Text   string   `json:"text"`
	Wishes []Wish   `json:"wishes"`
}

// Wish is one of those that cannot all be had, with where it stands.
type Wish struct {
	Kind   string  `json:"kind"` // "hours", "slot", "place", "pair"
	Person *string `json:"person"`
	Pair   *string `json:"pair"`
	Text   string  `json:"text"`
	File   string  `json:"file"`
	Line   int     `json:"line"`
	Column int     `json:"column"`
}

// Explanation is why a pair has its slot.
type Explanation struct {
	Pair     string   `json:"pair"`
	Booked   bool     `json:"booked"`
	Chosen   bool     `json:"chosen"`   // by Holdfast: the roster says auto
	Possible int      `json:"possible"` // slots that nothing hard is against
	Against  *string  `json:"against"`  // what makes the present one not work
	Seen     *string  `json:"seen"`
	Present  Option   `json:"present"`
	Next     []Option `json:"next"`
}

// Option is a slot with what it costs.
type Option struct {
	Slot  string            `json:"slot"`
	Cost  int               `json:"cost"` // to the two
	More  int               `json:"more"` // to everybody, compared with the present one
	Why   []Cost            `json:"why"`
	Local map[string]string `json:"local"` // by person, where it is another time on their clock
}

// Cost is one thing that speaks against a slot.
type Cost struct {
	Cost int    `json:"cost"`
	Text string `json:"text"`
}

// ExplanationOf is why the pair has its slot.
func ExplanationOf(e reconcile.Explanation) Explanation {
	return Explanation{
		Pair:     e.Want.Pair.String(),
		Booked:   e.Booked,
		Chosen:   e.Want.Auto,
		Possible: e.Possible,
		Against:  Null(e.Against),
		Seen:     Moment(e.Seen),
		Present:  optionOf(e.Present),
		Next:     List(e.Next, optionOf),
	}
}

func optionOf(o slotting.Option) Option {
	cost := func(c slotting.Cost) Cost { return Cost{c.Points, c.Text} }
	return Option{Slot: o.Slot.String(), Cost: o.Terms.Sum(), More: o.More, Why: List(o.Costs, cost), Local: o.Local}
}

// Moment is t, null for none.
func Moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return Null(t.Format(time.RFC3339))
}
