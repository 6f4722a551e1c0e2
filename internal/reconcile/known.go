package reconcile

import (
	"reflect"
	"slices"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// known is what a round knows at a time, and decides by.
type known struct {
	*given
	looked
	lines lines
	docs  map[series.Pair]Document // as they were left
}

// know is what is known when calendars were looked at for the first time.
func (r *Reconciler) know(g *given, l looked, preview bool) known {
	k := known{given: g, looked: l, lines: g.lines, docs: g.mem.Documents}
	if r.Documents != nil {
		k.lines = g.lines.linked(links(g, l, preview))
	}
	return k
}

// line is the i-th line of the roster, with who delivers the pair's invitation and its changes to the report: Holdfast,
// or the manager's server.
//
// A server reaches those who have their calendar on it, and Google reaches all of Google. Where the two are on
// different ones, a server could only mail an invitation, which the report's calendar may or may not take, and of
// which nobody sees the answer. So Holdfast is the scheduling agent of such a pair, and the only one: the manager's
// server is told to tell nobody (SCHEDULE-AGENT=CLIENT, RFC 6638 section 7.1; sendUpdates=none at Google), and the
// copy is written under the same UID, so that whatever is mailed later, as when the manager drags a meeting in an app
// that mails, is about that copy.
func (k known) line(i int) series.Series {
	w := k.lines.at(i)
	m, r := k.of[w.Pair.Manager].is, k.of[w.Pair.Report].is
	apart := w.Report.Calendar != "" && w.Report.Calendar != w.Manager.Calendar
	w.ClientDelivers = m.Schedules() && apart && (m.Network() == "" || m.Network() != r.Network())
	return w
}

// hands are where the hands of the pair's clock stand.
func (k known) hands(p series.Pair) [clockHands]time.Time {
	l := k.of[p.Manager].looked().With(k.of[p.Report].looked())
	return [clockHands]time.Time{k.now, l.At, l.Before}
}

// kept is what the journal has of a pair, and its flags and outcomes depend on.
type kept struct {
	frozen   series.Week
	flags    []drift.Flag // that are open
	times    []string
	findings []drift.Finding
}

// kept is what the journal has of the pair.
func (k known) kept(p series.Pair) kept {
	return kept{k.mem.Frozen[p], k.openOf[p], k.mem.TimesSeen[p], k.docs[p].Findings}
}

func (k kept) equal(l kept) bool {
	return k.frozen == l.frozen && slices.Equal(k.times, l.times) && slices.Equal(k.findings, l.findings) &&
		(len(k.flags)+len(l.flags) == 0 || reflect.DeepEqual(k.flags, l.flags))
}
