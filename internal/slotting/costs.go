package slotting

import "fmt"

// Cost is what one thing costs, in the measure of Weights, with a sentence about it.
type Cost struct {
	Points int
	Text   string
}

// Costs are the terms that cost anything, of a horizon of so many weeks and with these weights.
func (t Terms) Costs(w Weights, weeks int) []Cost {
	var out []Cost
	for _, c := range []Cost{
		{t.Unplaced, "there is no slot"},
		{t.Collision, fmt.Sprintf("in the next %d weeks one of them is away or busy then %s", weeks, times(t.Collision/max(1, w.Collision)))},
		{t.Prefer, "it is outside the hours that one of them prefers"},
		{t.Avoid, "it is on a weekend"},
		{t.Edge, "it is the first or the last hour of somebody's week"},
		{t.Odd, "it is early or late in somebody's day"},
		{t.Move, "it is not where it was"},
		{t.Row, "it makes a long row of 1:1s"},
		{t.Day, "it does not go with the manager's other days"},
	} {
		if c.Points > 0 {
			out = append(out, c)
		}
	}
	return out
}
