package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"holdfast/internal/plan"
	"holdfast/internal/series"
)

// decide makes views and plan from what was observed.
func (x *round) decide(asks []plan.Ask) {
	for i := range x.want {
		x.want[i].ClientDelivers = x.delivers(&x.want[i])
	}
	x.gather(x.affected())
	x.gather(x.chooseSlots())
	x.diff(asks)
}

// diff makes the plan of the views: what was planned for pairs that are not judged was nothing.
func (x *round) diff(asks []plan.Ask) {
	x.findUnfit()
	x.fill()
	in := plan.Input{
		Now:      x.now,
		Policy:   x.Policy,
		Chosen:   x.chosen,
		NoSlot:   x.noSlot,
		Better:   x.accepted(),
		Asks:     asks,
		Allowed:  x.allowed(),
		Held:     x.mem.Standing.Held,
		Recent:   x.mem.Recent,
		Settling: x.settling(),
		Stuck:    x.stuckChanges(),
		Writes:   x.mem.Writes,
		Fresh:    x.mem.Empty && len(x.mem.Writes) == 0,
		Doubtful: x.doubtful(),
	}
	in.Anybody = plan.Anybody(x.out.Views)
	drafts := map[series.Pair]plan.Draft{}
	for part := range x.parts(x.judge) {
		in.Only, in.Views = part, x.office.around(part)
		if len(asks) > 0 {
			in.Views, in.Busy = x.out.Views, x.busyOf(part)
		}
		maps.Copy(drafts, plan.Drafts(in))
	}
	for p := range x.judge {
		if d := x.office.desks[p]; d != nil {
			d.draft = drafts[p]
		}
	}
	in.Views = x.out.Views
	x.out.Plan = plan.Assemble(in, drafts)
	clear(x.unplanned)
	judged := x.judged()
	for _, v := range judged {
		// What this plan did not look at stays doubtful.
		_, asked := slices.BinarySearchFunc(asks, v.Pair, func(a plan.Ask, p series.Pair) int { return a.Pair.Compare(p) })
		if b, ok := x.mem.Outages[BookingOf(v.Pair)]; ok && b.Kind == doubtful && v.Wanted && v.Head() == nil &&
			(v.Stale || len(asks) > 0 && !asked) {
			x.alarm(BookingOf(v.Pair), b)
		}
	}
	for _, p := range x.out.Plan.Doubtful {
		x.alarm(BookingOf(p), Outage{Kind: doubtful, Cause: "the journal is too new to know why there is no series",
			Text: fmt.Sprintf("%s has no series, and the journal is too new to know why", p),
			Hint: "`holdfast allow` books one"})
	}
	for _, v := range judged {
		if v.Wanted && !v.Stale && v.Missing() {
			x.alarm(
				BookingOf(v.Pair),
				Outage{
					Kind:  "missing",
					Cause: "the series is not there, and nothing says that somebody deleted it",
					Text: fmt.Sprintf(
						"the calendar of %s no longer has the series of %s, and nothing says that somebody deleted it",
						v.Pair.Manager,
						v.Pair,
					),
					Hint: "check that calendar; if the series is gone for good, the next round will say so",
				},
			)
		}
	}
}

// delivers reports whether Holdfast, and not the manager's server, delivers the pair's invitation and its changes to
// the report.
//
// A server reaches those who have their calendar on it, and Google reaches all of Google. Where the two are on
// different ones, a server could only mail an invitation, which the report's calendar may or may not take, and of
// which nobody sees the answer. So Holdfast is the scheduling agent of such a pair, and the only one: the manager's
// server is told to tell nobody (SCHEDULE-AGENT=CLIENT, RFC 6638 section 7.1; sendUpdates=none at Google), and the
// copy is written under the same UID, so that whatever is mailed later, as when the manager drags a meeting in an app
// that mails, is about that copy.
func (x *round) delivers(w *series.Series) bool {
	m, r := x.observed[w.Pair.Manager].is, x.observed[w.Pair.Report].is
	apart := w.Report.Calendar != "" && w.Report.Calendar != w.Manager.Calendar
	return m.Schedules() && apart && (m.Network() == "" || m.Network() != r.Network())
}

// doubtful is the kind of Outage of a pair whose creation waits for `holdfast allow` since the journal was new.
const doubtful = "doubtful"

func (x *round) doubtful() map[series.Pair]bool {
	out := map[series.Pair]bool{}
	for s, o := range x.mem.Outages {
		if s.Matter == MatterBooking && o.Kind == doubtful {
			out[s.Pair] = true
		}
	}
	return out
}

// reread reads the calendars that the plan wants to write to and that were not read yet, and decides anew.
func (x *round) reread(ctx context.Context, asks []plan.Ask) {
	if unread := x.unread(); len(unread) > 0 {
		x.observe(ctx, unread, false)
		x.decide(asks)
	}
}
