// Package clock is the only caller of time.Now: everything else is handed the time as a value.
package clock

import "time"

// Clock tells the present instant. Tests pass their own.
type Clock func() time.Time

// System is the machine's clock.
func System() time.Time { return time.Now() }
