package say

import (
	"cmp"

	"holdfast/internal/series"
)

// Matter is what about somebody or something is out.
type Matter string

// The matters of which the sentence is made here. Others bring theirs.
const (
	Calendar Matter = "calendar" // Of: whose calendar cannot be read; Cause
	Document Matter = "document" // Of: pairs whose document cannot be made or checked; Cause
	Emptied  Matter = "emptied"  // Of: whose calendar shows nothing at all
	Address  Matter = "address"  // Of: whose calendar is under another address
	Listing  Matter = "listing"  // Pair: whose series is not listed as it is
)

// Outage is something that cannot be read or believed, of all for whom the cause is the same.
type Outage struct {
	Matter Matter
	Of     []string // ids of people or pairs
	Pair   series.Pair
	Cause  string // why, of a calendar or document
	Text   string // the sentence, of another matter
	Hint   string // what to do, where it depends on the cause
}

// Outage is the sentence, without a full stop.
func (r Reader) Outage(o Outage) string {
	if o.Text != "" {
		return o.Text
	}
	return r.say("outage."+string(o.Matter), r.outage(o))
}

// Refused is why somebody may not do something, or why it is not done: reason is one of act.Reason.
func (r Reader) Refused(reason string) string { return r.say("refused."+reason, facts{}) }

func (r Reader) outage(o Outage) facts {
	return facts{List: r.List(o.Of), N: len(o.Of), Text: o.Cause, Manager: o.Pair.Manager, Pair: o.Pair.String()}
}

// OutageHint is what to do about it; "" where nobody knows.
func (r Reader) OutageHint(o Outage) string {
	own := ""
	if name := "outage.hint." + string(o.Matter); o.Hint == "" && r.catalogue().has(name) {
		own = r.say(name, r.outage(o))
	}
	return cmp.Or(o.Hint, own)
}
