package cli

import (
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
)

// The JSON that the commands print. Fields may be added, never renamed; unknown values are null.

type changeJSON struct {
	ID         string   `json:"id"`
	Pair       string   `json:"pair"`
	Action     string   `json:"action"`
	Generation int      `json:"generation"`
	Occurrence *string  `json:"occurrence"`
	From       *string  `json:"from"`
	To         *string  `json:"to"`
	Why        []string `json:"why"`
	Mails      int      `json:"mails"`
}

type heldJSON struct {
	changeJSON
	Because string `json:"because"`
}

type planJSON struct {
	Changes []changeJSON  `json:"changes"`
	Held    []heldJSON    `json:"held"`
	Mails   int           `json:"mails"`
	Errors  []failureJSON `json:"errors"`
}

type failureJSON struct {
	Pair   *string `json:"pair,omitempty"`
	Person *string `json:"person,omitempty"`
	Error  string  `json:"error"`
	Hint   *string `json:"hint"`
}

type syncJSON struct {
	Applied     int           `json:"applied"`
	Held        int           `json:"held"`
	Mails       int           `json:"mails"`
	FlagsOpened int           `json:"flags_opened"`
	FlagsClosed int           `json:"flags_closed"`
	Sections    int           `json:"sections"`
	Errors      []failureJSON `json:"errors"`
}

type flagJSON struct {
	ID         string  `json:"id"`
	Pair       string  `json:"pair"`
	Kind       string  `json:"kind"`
	Occurrence *string `json:"occurrence"`
	From       *string `json:"from"`
	To         *string `json:"to"`
	Detail     *string `json:"detail"`
	By         string  `json:"by"`
	Notice     *string `json:"notice"`
	Since      string  `json:"since"`
	State      string  `json:"state"`
	// Makeups are there for lost meetings only, and empty where there is none.
	Makeups []string `json:"makeups,omitzero"`
	// Dates and Why are as the calendars were last seen: of a collision that repeats, and of slot-unfit and all-day
	// events.
	Dates []string `json:"dates,omitzero"`
	Why   []string `json:"why,omitzero"`
}

type statusJSON struct {
	Pair     string   `json:"pair"`
	Slot     *string  `json:"slot"`
	Duration string   `json:"duration"`
	Next     *string  `json:"next"`
	State    string   `json:"state"`
	Flags    int      `json:"flags"`
	PrepDoc  *string  `json:"prep_doc"`
	Kept     *float64 `json:"kept"`
	// MadeUp are there where Holdfast made up for coming meetings, Stale where calendars could not be read.
	MadeUp []madeUpJSON `json:"made_up,omitzero"`
	Stale  []staleJSON  `json:"stale,omitzero"`
}

type madeUpJSON struct {
	Occurrence string `json:"occurrence"`
	To         string `json:"to"`
}

type staleJSON struct {
	Person string  `json:"person"`
	Since  string  `json:"since"`
	Why    string  `json:"why"`
	Hint   *string `json:"hint"`
}

type outcomeJSON struct {
	Pair       string  `json:"pair"`
	Week       string  `json:"week"`
	Occurrence string  `json:"occurrence"`
	Outcome    string  `json:"outcome"`
	By         *string `json:"by"`
	Notice     *string `json:"notice"`
	Final      bool    `json:"final"`
}

// null is a pointer to s, nil for "".
func null(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func duration(d *time.Duration) *string {
	if d == nil {
		return nil
	}
	return null(d.String())
}

func toChange(c plan.Change) changeJSON {
	why := c.Why
	if why == nil {
		why = []string{}
	}
	return changeJSON{ID: c.ID(), Pair: c.Pair.String(), Action: string(c.Action), Generation: c.Generation, Occurrence: null(c.Occurrence.String()),
		From: null(c.From.String()), To: null(c.To.String()), Why: why, Mails: c.Mails}
}

func toPlan(r reconcile.Round) planJSON {
	out := planJSON{Changes: []changeJSON{}, Held: []heldJSON{}, Mails: r.Plan.Mails, Errors: toFailures(r)}
	for _, c := range r.Plan.Changes {
		out.Changes = append(out.Changes, toChange(c))
	}
	for _, h := range r.Plan.Held {
		out.Held = append(out.Held, heldJSON{toChange(h.Change), h.Because})
	}
	return out
}

func toFailures(r reconcile.Round) []failureJSON {
	out := []failureJSON{}
	for _, f := range r.Failures {
		out = append(out, failureJSON{Pair: null(f.Pair.String()), Person: null(f.Person), Error: f.Err.Error(), Hint: null(f.Hint)})
	}
	return out
}

func toSync(r reconcile.Round) syncJSON {
	return syncJSON{Applied: len(r.Applied), Held: len(r.Plan.Held), Mails: r.Mails, FlagsOpened: len(r.Edges.Opened), FlagsClosed: len(r.Edges.Closed), Sections: len(r.Sections), Errors: toFailures(r)}
}

func toFlag(f reconcile.FlagRow) flagJSON {
	var makeups []string
	if f.Lost() {
		makeups = []string{}
	}
	for _, t := range f.Makeups {
		makeups = append(makeups, t.Format(time.RFC3339))
	}
	out := flagJSON{
		ID:         f.ID(),
		Pair:       f.Pair.String(),
		Kind:       string(f.Kind),
		Occurrence: null(f.Occurrence.String()),
		From:       null(f.From.String()),
		To:         null(f.To.String()),
		Detail:     null(f.Detail),
		By:         string(f.By),
		Notice:     duration(f.Notice),
		Since:      f.Since.Format(time.RFC3339),
		State:      f.State,
		Makeups:    makeups,
		Why:        f.Why,
	}
	for _, d := range f.Dates {
		out.Dates = append(out.Dates, d.String())
	}
	return out
}

func toStatus(s reconcile.Status) statusJSON {
	out := statusJSON{Pair: s.Pair.String(), Slot: null(s.Slot.String()), Duration: s.Duration.String(), State: string(s.State), Flags: s.Flags, PrepDoc: null(s.PrepDoc), Kept: s.Kept}
	if !s.Next.IsZero() {
		out.Next = null(s.Next.Format(time.RFC3339))
	}
	for _, m := range s.MadeUp {
		out.MadeUp = append(out.MadeUp, madeUpJSON{m.Occurrence.String(), m.To.Format(time.RFC3339)})
	}
	for _, w := range s.Why {
		since := w.Since.Format(time.RFC3339)
		out.Stale = append(out.Stale, staleJSON{w.Person, since, cause(w.Person, w.Text), null(w.Hint)})
	}
	return out
}

func toOutcome(o drift.Outcome) outcomeJSON {
	out := outcomeJSON{Pair: o.Pair.String(), Week: o.Week.String(), Occurrence: o.Occurrence.String(), Outcome: string(o.Result), Notice: duration(o.Notice), Final: o.Final}
	if o.Result != drift.Kept && o.Result != drift.Excused {
		out.By = null(string(o.By))
	}
	return out
}
