package access

import (
	"time"

	"holdfast/internal/series"
)

// From is from where somebody looked. Those of package act are among them, by the same words.
type From string

// The places.
const (
	FromPage  From = "page"
	FromLink  From = "link"
	FromAPI   From = "api"
	FromFeed  From = "feed"
	FromShell From = "shell" // who holds the settings
)

// What is what somebody looked at.
type What string

// What there is to look at.
const (
	ThePair    What = "pair"    // how it stands: slot, coming meetings, state
	TheRecord  What = "record"  // what became of its weeks
	TheFlags   What = "flags"   // what differs
	TheNotices What = "notices" // what its two were told
	TheExport  What = "export"  // all that is kept of one of the two
	ASignIn    What = "sign-in" // somebody made a link that signs in as one of the two
)

// Visit is a line of the access log that the two of a pair read: somebody looked at something about them.
type Visit struct {
	At   time.Time // the first time in an hour
	Who  string    // roster id; "" in the shell, and of an admin who is not in the roster
	From From
	Pair series.Pair
	What What
}

// VisitEvery is how long the same look of the same person is one line.
const VisitEvery = time.Hour
