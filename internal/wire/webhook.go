package wire

import (
	"fmt"
	"strings"
	"time"

	"holdfast/internal/notify"
	"holdfast/internal/reconcile"
)

// Event is what all events of webhooks have.
type Event struct {
	ID   string `json:"id"`   // webhook-id has it too: that of a repeat is the same
	Type string `json:"type"` // "outage", "held", "round", "state"
	At   string `json:"at"`   // since when it is so, in UTC
	// Event is "opened", "changed" or "closed"; a round has none.
	Event string `json:"event,omitzero"`
}

// OutageEvent is something that cannot be reached, by cause.
type OutageEvent struct {
	Event
	Text     string  `json:"text"`
	Calendar *string `json:"calendar"` // as the settings call it; null where it is of none
	Count    *int    `json:"count"`    // how many people or 1:1s it strikes; null once that is not known any more
}

// HeldEvent is a change that waits to be allowed, or a limit that holds several.
type HeldEvent struct {
	Event
	Pair    *string  `json:"pair"` // null of a limit
	Changes []string `json:"changes"`
	Action  string   `json:"action"`
	Because *string  `json:"because"` // null once it is over
}

// RoundEvent counts what a round that did or found something left.
type RoundEvent struct {
	Event
	Pairs   int `json:"pairs"`
	Applied int `json:"applied"`
	Held    int `json:"held"`
	Flags   int `json:"flags"` // that are open
	Errors  int `json:"errors"`
}

// StateEvent is how a pair stands that did not, or does not, stand as it should.
type StateEvent struct {
	Event
	Pair  string  `json:"pair"`
	State *string `json:"state"` // null where the pair is no more
}

// EventOf is the one of the item, given what the last round left and what each cause of an outage strikes, by the key
// of its matter; of a test it has nothing but what all have.
func EventOf(i notify.Item, left reconcile.Left, causes map[string][]reconcile.Subject) any {
	m, over := i.Matter, i.Event == notify.Closed
	e := Event{ID: i.ID, Type: string(m.Kind), At: m.Changed.UTC().Format(time.RFC3339), Event: string(i.Event)}
	_, of, _ := strings.Cut(m.Key, "|")
	switch m.Kind {
	case notify.Outage:
		calendar, _, _ := strings.Cut(of, "|")
		out := OutageEvent{Event: e, Text: m.Says, Calendar: Null(calendar)}
		if n := len(causes[m.Key]); n > 0 {
			out.Count = &n
		}
		return out
	case notify.Held, notify.Brake:
		e.Type = string(notify.Held)
		action, because, _ := strings.Cut(m.Says, ": ")
		out := HeldEvent{Event: e, Pair: Null(m.Pair.String()), Changes: []string{}, Action: action, Because: Null(because)}
		if m.Kind == notify.Held {
			out.Changes = append(out.Changes, strings.TrimPrefix(of, m.Pair.String()+"|"))
		}
		for _, row := range left.Rows {
			for _, h := range row.Held {
				if m.Kind == notify.Brake && !over && h.Brake && string(h.Action) == action {
					out.Changes, out.Because = append(out.Changes, h.ID()), Null(h.Because)
				}
			}
		}
		if over {
			out.Because = nil
		}
		return out
	case notify.Round:
		out := RoundEvent{Event: e}
		out.Event.Event = ""
		_, _ = fmt.Sscan(m.Says, &out.Pairs, &out.Applied, &out.Held, &out.Flags, &out.Errors)
		return out
	case notify.State:
		out := StateEvent{Event: e, Pair: m.Pair.String(), State: Null(m.Says)}
		if over {
			out.State = nil
			for _, row := range left.Rows {
				if row.Pair == m.Pair {
					out.State = Null(string(reconcile.OnSlot))
				}
			}
		}
		return out
	}
	return e
}
