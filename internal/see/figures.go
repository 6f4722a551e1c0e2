package see

import "holdfast/internal/series"

// Figures are how 1:1s were kept, by group, in closed quarters.
type Figures struct {
	Quarters []Quarter // newest first
	// Hidden is why there is none: fewer than five pairs, or than three managers, or no closed quarter.
	Hidden bool
}

// Quarter is a closed one.
type Quarter struct {
	Year, Number int
	From, To     series.Date // first and last day
	Groups       []Group     // that may be shown, by name
	All          *Group      // everybody; nil: hidden
	Rest         bool        // there are groups that are not shown
}

// Group is what became of the weeks of a group's pairs.
type Group struct {
	Head     Party // who leads it; zero: everybody
	Pairs    int
	Managers int
	Kept     int // weeks kept in their place
	Late     int // kept later in the week, or made up for
	Lost     int // not kept
}

// Rate is the share of weeks that were kept; nil where there were none.
func (g Group) Rate() *float64 {
	weeks := g.Kept + g.Late + g.Lost
	if weeks == 0 {
		return nil
	}
	rate := float64(g.Kept+g.Late) / float64(weeks)
	return &rate
}
