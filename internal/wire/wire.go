// Package wire holds the JSON of commands and of the API, and makes it of what a round found. Fields may be added,
// never renamed; unknown values are null. Times are RFC 3339 with the offset of the slot's zone, days are YYYY-MM-DD,
// lengths as Go writes them.
package wire

import (
	"strings"
	"time"

	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
)

// Change is one write that a plan asks for.
type Change struct {
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

// Held is a change that waits for a person.
type Held struct {
	Change
	Because string `json:"because"`
}

// Plan is what a round would write.
type Plan struct {
	Changes []Change  `json:"changes"`
	Held    []Held    `json:"held"`
	Mails   int       `json:"mails"`
	Errors  []Failure `json:"errors"`
}

// Failure is something that did not work, with what can be done.
type Failure struct {
	Pair   *string `json:"pair,omitempty"`
	Person *string `json:"person,omitempty"`
	Error  string  `json:"error"`
	Hint   *string `json:"hint"`
}

// Round counts what a round did.
type Round struct {
	Applied     int       `json:"applied"`
	Held        int       `json:"held"`
	Mails       int       `json:"mails"`
	FlagsOpened int       `json:"flags_opened"`
	FlagsClosed int       `json:"flags_closed"`
	Sections    int       `json:"sections"`
	Errors      []Failure `json:"errors"`
}

// Flag is a difference between slot and reality.
type Flag struct {
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
	// AcknowledgedBy are the ids of those who have seen it.
	AcknowledgedBy []string `json:"acknowledged_by"`
	// Makeups are there for lost meetings only, and empty where there is none.
	Makeups []string `json:"makeups,omitzero"`
	// Dates and Why are as the calendars were last seen: of a collision that repeats, and of slot-unfit and all-day
	// events.
	Dates []string `json:"dates,omitzero"`
	Why   []string `json:"why,omitzero"`
}

// Status is how a pair stands.
type Status struct {
	Pair     string   `json:"pair"`
	Slot     *string  `json:"slot"`
	Duration string   `json:"duration"`
	Next     *string  `json:"next"`
	State    string   `json:"state"`
	Flags    int      `json:"flags"`
	PrepDoc  *string  `json:"prep_doc"`
	Kept     *float64 `json:"kept"`
	// MadeUp are there where Holdfast made up for coming meetings, Stale where calendars could not be read.
	MadeUp []MadeUp `json:"made_up,omitzero"`
	Stale  []Stale  `json:"stale,omitzero"`
	// Deeds are what people did about the pair, oldest first, where it alone is asked for.
	Deeds []Deed `json:"deeds,omitzero"`
}

// MadeUp is a meeting that stands at another time of its week.
type MadeUp struct {
	Occurrence string `json:"occurrence"`
	To         string `json:"to"`
}

// Stale is why a person's calendar is not up to date.
type Stale struct {
	Person string  `json:"person"`
	Since  string  `json:"since"`
	Why    string  `json:"why"`
	Hint   *string `json:"hint"`
}

// Outcome is what became of one week's meeting.
type Outcome struct {
	Pair       string  `json:"pair"`
	Week       string  `json:"week"`
	Occurrence string  `json:"occurrence"`
	Outcome    string  `json:"outcome"`
	By         *string `json:"by"`
	Notice     *string `json:"notice"`
	Final      bool    `json:"final"`
}

// Deed is something that a person did.
type Deed struct {
	At         string   `json:"at"`
	Who        *string  `json:"who"` // id of a person; null where it is nobody of the roster, or not known
	Admin      bool     `json:"admin"`
	From       string   `json:"from"` // "page", "link", "api", "shell"
	Deed       string   `json:"deed"`
	Pair       *string  `json:"pair"`
	Occurrence *string  `json:"occurrence"`
	To         *string  `json:"to"`
	Flag       *string  `json:"flag"`
	Person     *string  `json:"person,omitempty"` // of confirm-empty: whose calendar
	Changes    []string `json:"changes,omitzero"` // of allow and withdraw: their ids
	Result     *string  `json:"result"`           // null: it is not known whether it was done
}

// Notice is one thing that somebody was told, or was not.
type Notice struct {
	Reader  string  `json:"reader"` // id of a person, or an admins' channel
	At      *string `json:"at"`     // when it was told; else since when it stands as it does
	Channel *string `json:"channel"`
	Kind    *string `json:"kind"` // "news", "digest", "prepare", "test"
	Pair    *string `json:"pair"`
	About   string  `json:"about"`
	State   string  `json:"state"` // "told", "waiting", "unsent", "untold"
	Because *string `json:"because"`
	Until   *string `json:"until"`
}

// Draft is a message that would go out now.
type Draft struct {
	Reader  string `json:"reader"`
	Channel string `json:"channel"`
	To      string `json:"to"`
	Kind    string `json:"kind"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Tried is how a channel took a test message, or why none was sent.
type Tried struct {
	Reader   string  `json:"reader"`
	Channel  *string `json:"channel"`
	To       *string `json:"to"`
	Accepted bool    `json:"accepted"`
	Error    *string `json:"error"`
	Said     *string `json:"said"` // the server's own words
	Hint     *string `json:"hint"`
	Because  *string `json:"because"`
	Until    *string `json:"until"`
}

// Finding is what a look at a person's calendar found.
type Finding struct {
	Person string  `json:"person"`
	Check  string  `json:"check"`
	OK     bool    `json:"ok"`
	Text   string  `json:"text"`
	Hint   *string `json:"hint"`
}

// Touch is a day on which something touches a slot.
type Touch struct {
	Date string `json:"date"`
	Pair string `json:"pair"`
	Kind string `json:"kind"` // "clock", "away"
	Text string `json:"text"`
}

// Problem is one of settings or roster.
type Problem struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	What     string `json:"what"`
	Text     string `json:"text"`
	Severity string `json:"severity"` // "error", or "warning": it works and yet should not stay so
}

// Acknowledged is a flag that somebody has seen.
type Acknowledged struct {
	ID    string `json:"id"`
	State string `json:"state"` // "acknowledged"
}

// Person is what has become of what a person said, or of their consent.
type Person struct {
	Person string `json:"person"`
	State  string `json:"state"` // "confirmed", "connected", "forgotten", "unbound"
}

// SignInLink is an address that signs a person in, once. Of an admin who is not in the roster Person is the address.
type SignInLink struct {
	Person string `json:"person"`
	Link   string `json:"link"`
	Until  string `json:"until"`
}

// Withdrawn are the ids of changes that are held again.
type Withdrawn struct {
	Withdrawn []string `json:"withdrawn"`
}

// Files are those that were written.
type Files struct {
	Files []string `json:"files"`
}

// Version is the program's.
type Version struct {
	Go           *string `json:"go"`
	Revision     *string `json:"revision"`
	Version      *string `json:"version"`
	ZoneData     string  `json:"zone_data"`
	ZoneDataFrom string  `json:"zone_data_from"`
}

// Null is a pointer to s, nil for "".
func Null(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Time is t in UTC, nil for the zero time.
func Time(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return Null(t.UTC().Truncate(time.Second).Format(time.RFC3339))
}

// List is all of them as JSON: never null.
func List[T, U any](all []T, of func(T) U) []U {
	out := make([]U, 0, len(all))
	for _, x := range all {
		out = append(out, of(x))
	}
	return out
}

func duration(d *time.Duration) *string {
	if d == nil {
		return nil
	}
	return Null(d.String())
}

// ChangeOf is the change as JSON.
func ChangeOf(c plan.Change) Change {
	why := c.Why
	if why == nil {
		why = []string{}
	}
	return Change{
		ID:         c.ID(),
		Pair:       c.Pair.String(),
		Action:     string(c.Action),
		Generation: c.Generation,
		Occurrence: Null(c.Occurrence.String()),
		From:       Null(c.From.String()),
		To:         Null(c.To.String()),
		Why:        why,
		Mails:      c.Mails,
	}
}

// HeldOf is the held change as JSON.
func HeldOf(h plan.Held) Held { return Held{ChangeOf(h.Change), h.Because} }

// PlanOf is the plan of the round.
func PlanOf(r reconcile.Round) Plan {
	return Plan{
		Changes: List(r.Plan.Changes, ChangeOf),
		Held:    List(r.Plan.Held, HeldOf),
		Mails:   r.Plan.Mails,
		Errors:  List(r.Failures, failureOf),
	}
}

func failureOf(f reconcile.Failure) Failure {
	return Failure{Pair: Null(f.Pair.String()), Person: Null(f.Person), Error: f.Err.Error(), Hint: Null(f.Hint)}
}

// RoundOf counts what the round did.
func RoundOf(r reconcile.Round) Round {
	return Round{
		Applied:     len(r.Applied),
		Held:        len(r.Plan.Held),
		Mails:       r.Mails,
		FlagsOpened: len(r.Edges.Opened),
		FlagsClosed: len(r.Edges.Closed),
		Sections:    len(r.Sections),
		Errors:      List(r.Failures, failureOf),
	}
}

// FlagOf is the flag as the journal has it.
func FlagOf(f reconcile.FlagRow) Flag {
	var makeups []string
	if f.Lost() {
		makeups = []string{}
	}
	for _, t := range f.Makeups {
		makeups = append(makeups, t.Format(time.RFC3339))
	}
	out := Flag{
		ID:             f.ID(),
		Pair:           f.Pair.String(),
		Kind:           string(f.Kind),
		Occurrence:     Null(f.Occurrence.String()),
		From:           Null(f.From.String()),
		To:             Null(f.To.String()),
		Detail:         Null(f.Detail),
		By:             string(f.By),
		Notice:         duration(f.Notice),
		Since:          f.Since.Format(time.RFC3339),
		State:          f.State,
		AcknowledgedBy: append([]string{}, f.Acknowledged...),
		Makeups:        makeups,
		Why:            f.Why,
	}
	for _, d := range f.Dates {
		out.Dates = append(out.Dates, d.String())
	}
	return out
}

// StatusOf is how the pair stands.
func StatusOf(s reconcile.Status) Status {
	out := Status{
		Pair:     s.Pair.String(),
		Slot:     Null(s.Slot.String()),
		Duration: s.Duration.String(),
		State:    string(s.State),
		Flags:    s.Flags,
		PrepDoc:  Null(s.PrepDoc),
		Kept:     s.Kept,
	}
	if !s.Next.IsZero() {
		out.Next = Null(s.Next.Format(time.RFC3339))
	}
	for _, m := range s.MadeUp {
		out.MadeUp = append(out.MadeUp, MadeUp{m.Occurrence.String(), m.To.Format(time.RFC3339)})
	}
	for _, w := range s.Why {
		since := w.Since.Format(time.RFC3339)
		out.Stale = append(out.Stale, Stale{w.Person, since, Cause(w.Person, w.Text), Null(w.Hint)})
	}
	return out
}

// OutcomeOf is the outcome of one week.
func OutcomeOf(o drift.Outcome) Outcome {
	out := Outcome{
		Pair:       o.Pair.String(),
		Week:       o.Week.String(),
		Occurrence: o.Occurrence.String(),
		Outcome:    string(o.Result),
		Notice:     duration(o.Notice),
		Final:      o.Final,
	}
	if o.Result != drift.Kept && o.Result != drift.Excused {
		out.By = Null(string(o.By))
	}
	return out
}

// DeedOf is the deed as the journal has it.
func DeedOf(d deed.Deed) Deed {
	return Deed{
		At:         d.At.UTC().Truncate(time.Second).Format(time.RFC3339),
		Who:        Null(d.Who),
		Admin:      d.Admin,
		From:       string(d.From),
		Deed:       string(d.Kind),
		Pair:       Null(d.Pair.String()),
		Occurrence: Null(d.Occurrence.String()),
		To:         Time(d.To),
		Flag:       Null(d.Flag),
		Person:     Null(d.Of),
		Changes:    d.Changes,
		Result:     Null(string(d.Result)),
	}
}

// Cause is why the calendar of the person cannot be read, without whose it is and that it was being opened or read.
func Cause(id, text string) string {
	for _, prefix := range []string{"the calendar of " + id + " cannot be read: ", "observe: ", "open: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}
