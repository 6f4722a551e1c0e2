package plan

import "holdfast/internal/series"

// Limit is a brake: the larger of Count and Percent of all pairs.
type Limit struct{ Count, Percent int }

// Of is the limit for so many pairs.
func (l Limit) Of(pairs int) int { return max(l.Count, l.Percent*pairs/100) }

// What a policy may do by itself.
const (
	PolicyFlag    = "flag"
	PolicyRestore = "restore"
	PolicyAccept  = "accept"
)

// Policy is what the admin lets Holdfast do by itself, and its brakes.
type Policy struct {
	Moved        string // PolicyFlag or PolicyRestore
	SeriesMoved  string // PolicyFlag, PolicyRestore or PolicyAccept
	SeriesEnded  string // PolicyFlag or PolicyRestore
	AllDay       series.AllDay
	HorizonWeeks int
	// MaxCreations, MaxEndings and MaxMails are how many there may be within the BrakeWindow.
	MaxCreations Limit
	MaxEndings   Limit
	MaxMails     int
	// MaxWrites is how many writes one series may get a day before it is frozen.
	MaxWrites int
}

// DefaultPolicy is what holds where the settings say nothing.
func DefaultPolicy() Policy {
	return Policy{
		Moved:        PolicyFlag,
		SeriesMoved:  PolicyFlag,
		SeriesEnded:  PolicyFlag,
		AllDay:       series.AllDayFlag,
		HorizonWeeks: 8,
		MaxCreations: Limit{Count: 20, Percent: 10},
		MaxEndings:   Limit{Count: 5, Percent: 5},
		MaxMails:     200,
		MaxWrites:    12, // more is a fight with another program
	}
}
