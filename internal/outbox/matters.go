package outbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
)

// Operational is what of a round is not about how two people meet: outages by cause, what is held, and what is wrong
// with the roster. where names the settings' calendar of a person; mends reports whether they alone can give the
// consent that theirs needs.
func Operational(r reconcile.Round, where func(person string) string, mends func(person string) bool) []notify.Matter {
	out := outages(r.Outages, where, mends)
	brakes := map[string]bool{}
	for _, h := range r.Plan.Held {
		switch {
		case h.Waits:
		case h.Brake && !brakes[string(h.Action)]:
			brakes[string(h.Action)] = true
			out = append(out, notify.Matter{Kind: notify.Brake, Key: "brake|" + string(h.Action), Says: string(h.Action)})
		case !h.Brake:
			// Why is between the two: that somebody moved it, or whom else they meet.
			out = append(out, notify.Matter{Kind: notify.Held, Key: heldKey(h), Pair: h.Pair, Says: string(h.Action)})
		}
	}
	if r.Problems != nil {
		out = append(out, notify.Matter{Kind: notify.Roster, Key: "roster", Says: r.Problems.Error()})
	}
	return out
}

func heldKey(h plan.Held) string { return "held|" + h.Pair.String() + "|" + h.ID() }

// outages are what is out, by cause.
func outages(all map[reconcile.Subject]reconcile.Outage, where func(string) string, mends func(string) bool) (
	out []notify.Matter) {
	causes := Causes(all, where)
	for _, key := range slices.Sorted(maps.Keys(causes)) {
		o := all[causes[key][0]]
		m := notify.Matter{Kind: notify.Outage, Key: key, Says: cmp.Or(o.Cause, o.Text)}
		for _, s := range causes[key] {
			if o.Kind == provider.Auth.String() && s.Matter == reconcile.MatterCalendar && mends(s.Person) {
				m.Owners = append(m.Owners, s.Person)
			}
		}
		out = append(out, m)
	}
	return out
}

// Causes are whom and what each cause of an outage strikes, by the key of its matter. where names the settings'
// calendar of a person.
func Causes(all map[reconcile.Subject]reconcile.Outage, where func(string) string) map[string][]reconcile.Subject {
	out := map[string][]reconcile.Subject{}
	for _, s := range reconcile.Subjects(all) {
		if o := all[s]; s.Matter != reconcile.MatterChange {
			key := strings.Join([]string{"outage", where(s.Person), o.Kind, cmp.Or(o.Cause, o.Text)}, "|")
			out[key] = append(out[key], s)
		}
	}
	return out
}

// rounds are the kinds of matter that each round finds anew: what it does not find is closed.
var rounds = []notify.Kind{notify.Outage, notify.Held, notify.Brake, notify.Roster, notify.State}

// round is what a round did and found, counted; none where there was nothing to do and nothing new.
func round(r reconcile.Round) []notify.Matter {
	edges := len(r.Edges.Opened) + len(r.Edges.Changed) + len(r.Edges.Closed)
	if edges+len(r.Applied)+r.Delivered+len(r.Sections)+len(r.Alarms) == 0 {
		return nil
	}
	// Two rounds that come to the same are two.
	return []notify.Matter{{Kind: notify.Round, Key: string(notify.Round), Says: fmt.Sprintf("%d %d %d %d %d %d",
		len(r.Views), len(r.Applied), len(r.Plan.Held), len(r.Open), len(r.Failures), r.At.UnixMicro())}}
}

// states are the pairs that do not stand as they should.
func states(r reconcile.Round) (out []notify.Matter) {
	for _, s := range r.Statuses(nil) {
		if s.State != reconcile.OnSlot {
			out = append(out, notify.Matter{
				Kind: notify.State,
				Key:  "state|" + s.Pair.String(),
				Pair: s.Pair,
				Says: string(s.State),
			})
		}
	}
	return out
}

// troubles are the matters of readers that notices did not reach, by what their keys begin with.
var troubles = map[notify.Kind]string{notify.Unreached: "unreached|", notify.Failed: "failed|"}

// changes are those of the matters that are others than they were, and those of before that are closed now.
func changes(before map[string]notify.Matter, now []notify.Matter, at time.Time) (out []notify.Matter) {
	is := map[string]bool{}
	for _, m := range now {
		is[m.Key] = true
		was, known := before[m.Key]
		if !known || was.State() != m.State() || !slices.Equal(was.Owners, m.Owners) {
			if m.Changed = at; known && was.State() == m.State() {
				m.Changed = was.Changed
			}
			out = append(out, m)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if m := before[key]; !is[key] && !m.Closed && slices.Contains(rounds, m.Kind) {
			m.Closed, m.Changed = true, at
			out = append(out, m)
		}
	}
	return out
}

// Acted is what somebody did by a link, as a matter. It can be taken back until the time; before is when the meeting
// was to begin before, zero where it was cancelled.
func Acted(key, by, do string, f drift.Flag, before, is, at, until time.Time) notify.Matter {
	return notify.Matter{
		Kind:    notify.Acted,
		Key:     key,
		Pair:    f.Pair,
		Flag:    f,
		Says:    do,
		Old:     before,
		New:     is,
		Until:   until,
		Changed: at,
		Owners:  []string{by},
	}
}
