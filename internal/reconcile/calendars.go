package reconcile

import (
	"sync"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// calendars are those of a round's people: each is opened once.
type calendars struct {
	open func(series.Person) (provider.Calendar, error)
	mu   sync.Mutex
	of   map[string]provider.Calendar
	hung sync.Map // names of the settings' calendars whose server did not answer in time
}

func (r *Reconciler) calendars() *calendars {
	return &calendars{open: r.Open, of: map[string]provider.Calendar{}}
}

// calendar is the person's.
func (c *calendars) calendar(p series.Person) (provider.Calendar, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cal, ok := c.of[p.ID]; ok {
		return cal, nil
	}
	cal, err := c.open(p)
	if err == nil {
		c.of[p.ID] = cal
	}
	return cal, err
}
