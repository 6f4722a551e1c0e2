package series

import "slices"

// Work are the parts of the day on which the person works, on the clock of their own zone: none on leave, on a holiday,
// or on a weekday without hours. The windows of someone whom any time suits are anytime, on every day.
func (p *Person) Work(d Date, anytime Window) []Window {
	if p.awayOn(d) != nil {
		return nil
	}
	if p.Hours.Unset() {
		return []Window{anytime}
	}
	return p.Hours.On(d.Weekday())
}

// OnLeave reports whether the person is on leave that day; a holiday is none.
func (p *Person) OnLeave(d Date) bool {
	return slices.ContainsFunc(p.Away, func(a Away) bool { return a.Why == Leave && !d.Before(a.From) && !d.After(a.To) })
}

// Unset reports whether there is no window at all: any time will do.
func (h Hours) Unset() bool {
	return !slices.ContainsFunc(h, func(ws []Window) bool { return len(ws) > 0 })
}
