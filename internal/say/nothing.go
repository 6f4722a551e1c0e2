package say

import (
	"strings"
	"time"

	"holdfast/internal/series"
)

// Why nothing was done.
type Why string

// The reasons.
const (
	NoSeries    Why = "no-series"    // the pair has none
	ThatTime    Why = "that-time"    // the meeting is at that time already
	NewProposal Why = "new-proposal" // another slot is proposed than the one that was to be accepted
	NothingNew  Why = "nothing-new"  // the series stands where it was put, so that there is nothing to accept
	AsPut       Why = "as-put"       // the series is as it was put
	OneAsPut    Why = "one-as-put"   // the meeting is
	MadeUpFor   Why = "made-up-for"  // the meeting was made up for, and its own time is over
	Over        Why = "over"         // the meeting's time is over
	OtherDay    Why = "other-day"    // that week's meeting is booked on another day
	NoWeek      Why = "no-week"      // none is booked in that week
	AskedBefore Why = "asked-before" // the manager was asked the same before
)

// Nothing is that nothing was done about a pair, and why.
type Nothing struct {
	Why    Why
	Pair   series.Pair
	Day    series.Date // that was asked for
	Booked series.Date // of OtherDay
	Slot   series.Slot // that is booked
	To     time.Time   // of MadeUpFor
}

// Nothing is the sentence, with its full stop.
func (r Reader) Nothing(n Nothing) string {
	f := facts{Pair: n.Pair.String(), Day: r.Date(n.Day), Other: r.Date(n.Booked), From: r.Slot(n.Slot)}
	if !n.To.IsZero() {
		f.To = r.When(n.To)
	}
	return r.say("nothing."+string(n.Why), f)
}

// NotDone is why nothing was done. One of its fields has something, or nobody knows.
type NotDone struct {
	Reason  string   // one of act.Reason: who asks may not, or it is not as it was shown
	Because []string // in words: what it waits for, why it cannot be, what did not work
	Nothing Nothing  // there was nothing to do
}

// NotDone is the sentences, each with its full stop.
func (r Reader) NotDone(n NotDone) string {
	switch {
	case n.Reason != "":
		return sentence(r.Refused(n.Reason))
	case n.Nothing.Why != "":
		return r.Nothing(n.Nothing)
	case len(n.Because) > 0:
		return sentence(n.Because[0])
	}
	return r.say("nothing.unknown", facts{})
}

// sentence is the text with a capital and a full stop.
func sentence(text string) string { return capital(strings.TrimSuffix(text, ".")) + "." }
