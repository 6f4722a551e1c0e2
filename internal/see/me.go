package see

import (
	"context"
	"errors"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/series"
)

// Me is what a person sees of themselves, beside Week and what access keeps (wishes, tokens, feed, everything kept).
type Me struct {
	Made
	Me       Party
	Email    string
	Calendar string    // name of the settings' calendar; "" where Holdfast reaches none
	Read     time.Time // when it was last read; zero: never
	Why      *Reason   // why it cannot be read; nil where it can
	Hours    series.Hours
	Away     []series.Away // leave and holidays to come, or that last, by day
	Week     OwnWeek       // this one
}

// OwnWeek is a person's week: times, and of other events nothing else.
type OwnWeek struct {
	Monday series.Date
	Zone   string // the person's, in which all times are
	Hours  series.Hours
	Off    [7]string         // why the day is off: series.Leave or Holiday; "" where it is not
	Booked []Booked          // 1:1s of the week, by start
	Busy   []series.Interval // other events, by start; without ID
	Seen   time.Time         // when the calendar was read; zero: never
	Stale  bool              // it cannot be read since
}

// Booked is a 1:1 in a person's week.
type Booked struct {
	Pair       series.Pair
	As         As
	Other      Party
	Start, End time.Time
	Place      string
	Flagged    bool
}

// Me is the page of the one who asks about themselves.
func (s *See) Me(ctx context.Context, who act.Actor) (Me, error) { return Me{}, errors.ErrUnsupported }

// Week is the week from monday on of the one who asks: not further than what is known, eight weeks ahead.
func (s *See) Week(ctx context.Context, who act.Actor, monday series.Date) (OwnWeek, error) {
	return OwnWeek{}, errors.ErrUnsupported
}
