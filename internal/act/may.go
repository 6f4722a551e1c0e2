package act

import (
	"slices"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// May is why the actor may not do what is asked for; "" if they may. open are the open flags of the pair.
func May(who Actor, q Request, open []drift.Flag) Reason {
	reason := may(who, q.Deed, q.Pair)
	switch {
	case reason == NotProposed && proposed(q, open), reason == NotYourEdit && ownEdit(q, open):
		return ""
	}
	return reason
}

// depends reports whether a refusal may be none, by what is open.
func depends(r Reason) bool { return r == NotProposed || r == NotYourEdit }

// may is the table of who may do what: why not, "" for yes. What depends on what is open is refused for that.
func may(who Actor, d Deed, p series.Pair) Reason {
	asks := d == AskAccept || d == AskRestore
	switch {
	case who.From == Shell && asks:
		return NoNeed
	case who.From == Shell:
		return ""
	case d == Allow || d == Withdraw || d == ConfirmEmpty:
		if who.Admin {
			return ""
		}
		return AdminsOnly
	case who.Person == "" || !p.Has(who.Person):
		return NotYours
	case who.Person == p.Manager && asks:
		return NoNeed
	case who.Person == p.Manager:
		return ""
	}
	return ofReports[d]
}

// ofReports is why a report may not do it, "" for yes.
var ofReports = map[Deed]Reason{
	Accept:        MayAsk,
	Restore:       MayAsk,
	RestoreOne:    NotYourEdit, // unless they changed it themselves
	Rebook:        NotProposed, // unless it is one of the proposed times
	Undo:          "",
	Invite:        "",
	AskAccept:     "",
	AskRestore:    "",
	Acknowledge:   "",
	Unacknowledge: "",
}

// proposed reports whether the meeting is to be made up for at one of the times that its flag proposes.
func proposed(q Request, open []drift.Flag) bool {
	return slices.ContainsFunc(open, func(f drift.Flag) bool {
		return f.Occurrence == q.Occurrence && slices.ContainsFunc(f.Makeups, q.To.Instant.Equal)
	})
}

// ownEdit reports whether all that is different about the meeting is proven to be the report's doing.
func ownEdit(q Request, open []drift.Flag) bool {
	own := false
	for _, f := range open {
		if f.Occurrence == q.Occurrence && !q.Occurrence.IsZero() {
			if f.By != drift.ByReport {
				return false
			}
			own = true
		}
	}
	return own
}
