package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/link"
	"holdfast/internal/live"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/signin"
	"holdfast/internal/store"
)

// now is a Monday in the morning, in Berlin.
var now = time.Date(2026, time.November, 30, 7, 10, 0, 0, time.UTC)

const (
	berlin = "Europe/Berlin"
	pune   = "Asia/Kolkata"
)

var (
	mia     = see.Party{ID: "mia", Name: "Mia Chen", Zone: berlin}
	raj     = see.Party{ID: "raj", Name: "Raj Patel", Zone: pune}
	lee     = see.Party{ID: "lee", Name: "Lee Park", Zone: berlin}
	ana     = see.Party{ID: "ana", Name: "Ana Silva", Zone: berlin}
	eva     = see.Party{ID: "eva", Name: "Eva Brandt", Zone: "America/New_York"}
	miaRaj  = series.Pair{Manager: "mia", Report: "raj"}
	tuesday = series.Slot{Weekday: time.Tuesday, At: 10 * 60, Duration: time.Hour, Every: 1, Zone: berlin}
)

func on(month time.Month, day int, at series.TimeOfDay) time.Time {
	return series.Instant(series.Date{Year: 2026, Month: month, Day: day}, at, berlin)
}

func date(month time.Month, day int) series.Date {
	return series.Date{Year: 2026, Month: month, Day: day}
}

func length(d time.Duration) *time.Duration { return &d }

func share(f float64) *float64 { return &f }

// org is what there is to see of a small org, for whoever asks, and what was done there.
type org struct {
	who      act.Actor
	signedIn bool
	broken   error
	flags    []see.Flag // those of mia/raj instead of its own
	result   act.Result
	place    string // of mia/raj; "": Room Alder
	refused  error  // of all deeds
	did      []string
	wishes   access.Wishes
	tokens   []access.Token
	hub      live.Hub
	over     chan struct{}
}

// The signing in.

func (o *org) Wrap(next http.Handler) http.Handler          { return next }
func (o *org) Who(*http.Request) (act.Actor, bool)          { return o.who, o.signedIn }
func (o *org) Mount(*http.ServeMux)                         {}
func (o *org) Over(*http.Request) (<-chan struct{}, func()) { return o.over, func() {} }
func (o *org) Ask(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
}

// The deeds.

func (o *org) note(who act.Actor, format string, args ...any) error {
	o.did = append(o.did, who.Person+": "+fmt.Sprintf(format, args...))
	return o.refused
}

func (o *org) Do(_ context.Context, who act.Actor, q act.Request) (act.Result, error) {
	to, before := "", ""
	if !q.To.Instant.IsZero() {
		to = " to " + q.To.Instant.UTC().Format(time.RFC3339)
	}
	if !q.Before.Start.IsZero() {
		before = " before " + q.Before.Start.UTC().Format(time.RFC3339)
	}
	err := o.note(who, "%s %s %s%s%s as %s", q.Deed, q.Pair, q.Occurrence, to, before, q.Shown.Digest)
	if o.result.Came == "" {
		o.result.Came = deed.Done
	}
	return o.result, err
}

func (o *org) Acknowledge(_ context.Context, who act.Actor, s act.Shown) error {
	return o.note(who, "acknowledge %s as %s", s.Flag, s.Digest)
}

func (o *org) Unacknowledge(_ context.Context, who act.Actor, s act.Shown) error {
	return o.note(who, "unacknowledge %s as %s", s.Flag, s.Digest)
}

func (o *org) Allow(_ context.Context, who act.Actor, changes map[string]string) (time.Time, error) {
	return now.AddDate(0, 0, 1), o.note(who, "allow %v", changes)
}

func (o *org) ConfirmEmpty(_ context.Context, who act.Actor, person string) error {
	return o.note(who, "confirm-empty %s", person)
}

// What is kept for a person.

func (o *org) Wishes(context.Context, string) (access.Wishes, error) { return o.wishes, nil }

func (o *org) SetWishes(_ context.Context, person string, w access.Wishes) error {
	o.wishes = w
	return o.note(act.Actor{Person: person}, "wishes %v", w.Channels)
}

func (o *org) Tokens(context.Context, string) ([]access.Token, error) { return o.tokens, nil }

func (o *org) AddToken(_ context.Context, t access.Token, _ string) error {
	o.tokens = append(o.tokens, t)
	return o.note(act.Actor{Person: t.Person}, "make %s %q", t.Role, t.Name)
}

func (o *org) RevokeToken(_ context.Context, person, name string) (bool, error) {
	return true, o.note(act.Actor{Person: person}, "revoke %q", name)
}

func (o *org) Kept(_ context.Context, person string) (access.Kept, error) {
	return access.Kept{Person: person, At: now, Tables: []access.Table{
		{Name: "people", Columns: []string{"person", "zone"}, Rows: [][]string{{person, berlin}}},
		{Name: "outcomes", Columns: []string{"pair", "week", "result"}, Rows: [][]string{
			{"mia/raj", "2026-W48", "kept"}, {"mia/raj", "2026-W47", "recovered"},
		}},
	}}, nil
}

// What there is to see.

func (o *org) made() see.Made { return see.Made{At: now, Round: now.Add(-12 * time.Second)} }

// weeks are the last n, of which some became something else than kept.
func weeks(n int, became map[int]drift.Result) []see.Week {
	var out []see.Week
	for i := range n {
		day := date(time.December, 1).AddDays(7 * (i - n))
		w := see.Week{Week: day.Week(), Occurrence: day, Result: drift.Kept, Final: true}
		if r, ok := became[n-i]; ok {
			w.Result, w.By, w.Notice = r, drift.ByUnknown, length(26*time.Hour)
		}
		switch w.Result {
		case drift.Recovered, drift.KeptLate:
			w.To = series.Instant(day.AddDays(2), 14*60, berlin)
		case drift.CancelledWeek:
			w.By = drift.ByManager
		}
		out = append(out, w)
	}
	return out
}

// rajs is the record of mia/raj.
func rajs(n int) []see.Week {
	return weeks(n, map[int]drift.Result{2: drift.Recovered, 9: drift.Excused, 10: drift.Excused,
		13: drift.CancelledWeek, 18: drift.KeptLate, 22: drift.UnknownWeek})
}

func (o *org) Mine(_ context.Context, who act.Actor) (see.Mine, error) {
	if o.broken != nil || who.Person == "" {
		return see.Mine{}, orNotIn(o.broken)
	}
	row := func(other see.Party, as see.As, slot series.Slot, s reconcile.State, flags int, w []see.Week,
		k float64) see.Row {
		p := series.Pair{Manager: who.Person, Report: other.ID}
		if as == see.Report {
			p = series.Pair{Manager: other.ID, Report: who.Person}
		}
		return see.Row{
			Pair:  p,
			As:    as,
			Other: other,
			Slot:  slot,
			Next:  slot.On(date(time.December, 1).Monday().AddDays((int(slot.Weekday) + 6) % 7)),
			State: s,
			Flags: flags,
			Weeks: w,
			Kept:  &k,
		}
	}
	at := func(day time.Weekday, clock series.TimeOfDay) series.Slot {
		return series.Slot{Weekday: day, At: clock, Duration: 30 * time.Minute, Every: 1, Zone: berlin}
	}
	out := see.Mine{Made: o.made()}
	if who.Person == "raj" {
		out.Me, out.ThisWeek = raj, 1
		out.Managers = []see.Row{row(mia, see.Report, tuesday, reconcile.Flagged, 2, rajs(12), .96)}
		for _, f := range o.flagsOf(see.Report)[:1] {
			out.Needs = append(out.Needs, see.Need{Pair: miaRaj, As: see.Report, Other: mia, Flag: f})
		}
		return out, nil
	}
	out.Me, out.ThisWeek = mia, 4
	out.Reports = []see.Row{
		row(ana, see.Manager, at(time.Wednesday, 15*60), reconcile.Held, 0, weeks(12, map[int]drift.Result{
			2: drift.KeptLate, 4: drift.DeclinedWeek, 7: drift.KeptLate, 9: drift.LateCancelled, 12: drift.KeptLate}), .75),
		row(lee, see.Manager, at(time.Tuesday, 14*60), reconcile.OnSlot, 0,
			weeks(12, map[int]drift.Result{6: drift.Excused}), 1),
		row(raj, see.Manager, tuesday, reconcile.Flagged, 2, rajs(12), .96),
	}
	out.Managers = []see.Row{row(eva, see.Report, at(time.Monday, 16*60), reconcile.OnSlot, 0,
		weeks(12, map[int]drift.Result{7: drift.Slipped}), .92)}
	for _, f := range o.flagsOf(see.Manager)[:2] {
		out.Needs = append(out.Needs, see.Need{Pair: miaRaj, As: see.Manager, Other: raj, Flag: f})
	}
	return out, nil
}

func orNotIn(err error) error {
	if err == nil {
		return see.ErrNotIn
	}
	return err
}

// flagsOf are the open flags of mia/raj, with what one of the two may do.
func (o *org) flagsOf(as see.As) []see.Flag {
	if o.flags != nil {
		return o.flags
	}
	flag := func(k drift.Kind, day series.Date, since time.Time, more drift.Flag) see.Flag {
		f := more
		f.Pair, f.Generation, f.Kind, f.Occurrence, f.Since = miaRaj, 1, k, day, since
		out := see.Flag{Flag: f, Shown: act.ShownOf(f)}
		if !day.IsZero() {
			out.Booked = series.Instant(day, 10*60, berlin)
		}
		return out
	}
	cancelled := flag(drift.Cancelled, date(time.December, 15), on(time.November, 27, 16*60+20), drift.Flag{
		By:     drift.ByUnknown,
		Notice: length(17 * 24 * time.Hour),
		Moment: drift.Moment{Makeups: []time.Time{on(time.December, 17, 14*60), on(time.December, 18, 9*60+30)}},
	})
	collides := flag(drift.DoubleBooked, date(time.December, 22), on(time.November, 30, 7*60+40), drift.Flag{
		By:     drift.ByUnknown,
		Moment: drift.Moment{Whose: []string{"raj"}, Other: drift.AnEvent},
	})
	place := flag(drift.PlaceChanged, date(time.December, 8), on(time.November, 26, 9*60), drift.Flag{By: drift.ByManager})
	place.Acknowledged = true
	if as == see.Manager {
		cancelled.May = []act.Deed{act.Rebook, act.RestoreOne, act.Acknowledge}
		collides.May = []act.Deed{act.Rebook, act.Acknowledge}
		place.May = []act.Deed{act.RestoreOne, act.Acknowledge}
	} else {
		cancelled.May = []act.Deed{act.Rebook, act.AskRestore, act.Acknowledge}
		collides.May = []act.Deed{act.Acknowledge}
	}
	return []see.Flag{cancelled, collides, place}
}

func (o *org) Pair(_ context.Context, who act.Actor, p series.Pair) (see.Pair, error) {
	if o.broken != nil || p != miaRaj || !p.Has(who.Person) {
		if o.broken != nil {
			return see.Pair{}, o.broken
		}
		return see.Pair{}, see.ErrNotYours
	}
	as := see.Manager
	if who.Person == "raj" {
		as = see.Report
	}
	out := see.Pair{
		Made:    o.made(),
		Pair:    p,
		As:      as,
		Parties: [2]see.Party{mia, raj},
		Slot:    tuesday,
		Length:  time.Hour,
		Place:   cmp.Or(o.place, "Room Alder"),
		Agenda:  "https://docs.example.com/d/abc",
		State:   reconcile.Flagged,
		Flags:   o.flagsOf(as),
		Weeks:   rajs(26),
		Kept:    share(.96),
		Counted: 24,
	}
	for i := range 8 {
		day := date(time.December, 1).AddDays(7 * i)
		c := see.Coming{Date: day, Booked: tuesday.On(day), Start: tuesday.On(day), OnSlot: true}
		switch i {
		case 1:
			c.Flags = []string{out.Flags[len(out.Flags)-1].ID()}
		case 2:
			c.Start, c.OnSlot, c.Flags = time.Time{}, false, []string{out.Flags[0].ID()}
		case 4:
			c.Start, c.OnSlot, c.Skip = time.Time{}, false, series.Leave
		case 6:
			c.Start, c.OnSlot, c.MadeUp = series.Instant(day.AddDays(2), 14*60, berlin), false, true
		}
		shown := c.Start
		if shown.IsZero() {
			shown = c.Booked
		}
		for j, party := range out.Parties {
			c.Clocks[j].Date, c.Clocks[j].At = series.WallClock(shown, party.Zone)
		}
		c.Clocks[1].Shifted = i == 7
		out.Coming = append(out.Coming, c)
	}
	out.Next = &out.Coming[0]
	for _, w := range out.Weeks {
		if w.Result != drift.Kept && w.Result != drift.Excused && w.Result != drift.UnknownWeek {
			out.Lost = append([]see.Week{w}, out.Lost...)
		}
	}
	cancelled := out.Flags[0].Flag
	out.Told = []see.Told{
		{Who: raj, Entry: outbox.Entry{Reader: "raj", At: on(time.November, 27, 16*60+32), Channel: "mail", Kind: notify.News,
			Pair: p, Matter: notify.Matter{Kind: notify.Difference, Flag: cancelled}, State: outbox.Told}},
		{Who: mia, Entry: outbox.Entry{Reader: "mia", At: on(time.November, 27, 16*60+32), Kind: notify.News, Pair: p,
			Matter: notify.Matter{Kind: notify.Difference, Flag: cancelled}, State: outbox.Unsent, Because: "own-act"}},
	}
	out.Deeds = []see.Deed{
		{Who: mia, About: drift.Cancelled, Deed: deed.Deed{ID: 2, At: on(time.November, 18, 9*60), From: act.Link,
			Kind: act.Rebook, Occurrence: date(time.November, 17), To: on(time.November, 19, 14*60), Result: deed.Done}},
		{Who: raj, About: drift.Cancelled, Deed: deed.Deed{ID: 1, At: on(time.November, 17, 13*60), From: act.Page,
			Kind: act.AskRestore, Result: deed.Done}},
	}
	out.Looked = []see.Look{
		{Who: raj, Visit: access.Visit{At: on(time.November, 30, 8*60+5), From: access.FromPage, What: access.ThePair}},
		{Visit: access.Visit{At: on(time.November, 29, 19*60), From: access.FromShell, What: access.TheRecord}},
	}
	out.May = []act.Deed{act.Invite}
	return out, nil
}

var nineToFive = []series.Window{{From: 9 * 60, To: 17*60 + 30}}

func (o *org) Me(_ context.Context, who act.Actor) (see.Me, error) {
	if o.broken != nil || who.Person == "" {
		return see.Me{}, orNotIn(o.broken)
	}
	w, err := o.Week(context.Background(), who, date(time.November, 30))
	return see.Me{
		Made:     o.made(),
		Me:       mia,
		Email:    "mia@example.com",
		Calendar: "office",
		Read:     now.Add(-time.Minute),
		Hours:    w.Hours,
		Away:     []series.Away{{From: date(time.December, 21), To: date(time.December, 31), Why: series.Leave}},
		Week:     w,
	}, err
}

func (o *org) Week(_ context.Context, _ act.Actor, monday series.Date) (see.OwnWeek, error) {
	at := func(day int, clock series.TimeOfDay) time.Time {
		return series.Instant(monday.AddDays(day), clock, berlin)
	}
	met := func(other see.Party, as see.As, day int, clock series.TimeOfDay, d time.Duration, place string) see.Booked {
		p := series.Pair{Manager: "mia", Report: other.ID}
		if as == see.Report {
			p = series.Pair{Manager: other.ID, Report: "mia"}
		}
		return see.Booked{Pair: p, As: as, Other: other, Start: at(day, clock), End: at(day, clock).Add(d), Place: place,
			Flagged: other.ID == "raj"}
	}
	busy := func(day int, from, to series.TimeOfDay) series.Interval {
		return series.Interval{Start: at(day, from), End: at(day, to), Kind: series.Hard}
	}
	return see.OwnWeek{
		Monday: monday,
		Zone:   berlin,
		Hours:  series.Hours{nil, nineToFive, nineToFive, nineToFive, nineToFive, nineToFive, nil},
		Off:    [7]string{"", "", "", "", series.Holiday, "", ""},
		Booked: []see.Booked{
			met(eva, see.Report, 0, 16*60, 30*time.Minute, ""),
			met(raj, see.Manager, 1, 10*60, time.Hour, "Room Alder"),
			met(lee, see.Manager, 1, 14*60, 30*time.Minute, ""),
			met(ana, see.Manager, 2, 15*60, 30*time.Minute, ""),
		},
		Busy: []series.Interval{busy(0, 9*60, 10*60+30), busy(0, 13*60, 14*60), busy(1, 11*60, 12*60+30),
			busy(2, 9*60, 12*60),
			busy(3, 10*60, 11*60), busy(3, 14*60, 18*60+15)},
		Seen: now.Add(-time.Minute),
	}, nil
}

func (o *org) Admin(_ context.Context, who act.Actor) (see.Admin, error) {
	if o.broken != nil || !who.Admin {
		return see.Admin{}, orNotIn(o.broken)
	}
	var ends []see.Change
	for _, report := range []string{"ida", "jon", "kai", "liv", "max", "tom"} {
		ends = append(ends, see.Change{ID: "end-" + report, Digest: "d-" + report,
			Pair: series.Pair{Manager: "eva", Report: report}, Action: plan.End, Mails: 1,
			Because: "the roster no longer has this pair"})
	}
	ends[5].Stuck = true
	return see.Admin{
		Made:      o.made(),
		Pairs:     1204,
		People:    1355,
		Calendars: 1355,
		States: map[reconcile.State]int{reconcile.OnSlot: 1102, reconcile.Flagged: 78, reconcile.Held: 7,
			reconcile.Unbooked: 12, reconcile.Stale: 5},
		Brakes: []see.Brake{{Action: plan.End, Because: "this is more than the 5 that one round may end",
			Changes: ends, Mails: 6}},
		Waits: []see.Waits{
			{Pair: series.Pair{Manager: "mia", Report: "ana"}, Action: plan.Restore},
			{Pair: series.Pair{Manager: "ola", Report: "bo"}, Action: plan.End, Settle: true},
		},
		Outages: []see.Outage{
			{Where: "office", Kind: "auth", Cause: "the user name or password is refused", Hint: "check secrets/dav",
				Since:  on(time.November, 29, 18*60+40),
				People: []see.Party{{ID: "ben", Name: "Ben Ode"}, {ID: "cy", Name: "Cy Roe"}},
				Pairs:  []series.Pair{{Manager: "ben", Report: "cy"}, {Manager: "eva", Report: "ben"}}},
			{Where: "office", Matter: reconcile.MatterEmptied, Since: on(time.November, 30, 6*60),
				People: []see.Party{{ID: "dora", Name: "Dora Lind"}}},
		},
		Problems: []string{`roster.yaml:214:9: unknown zone "Europe/Pari" (did you mean Europe/Paris?)`},
		Rounds: []see.RoundLine{
			{At: now.Add(-12 * time.Second), Took: 412 * time.Millisecond, Reason: "poll", Pairs: 1204, Judged: 3, Read: 61,
				Held: 6, Opened: 1},
			{At: now.Add(-72 * time.Second), Took: 366 * time.Millisecond, Reason: "push", Pairs: 1204, Judged: 1, Read: 1,
				Writes: 1, Mails: 1},
		},
		Queue: see.Queue{Waiting: map[string]int{"notify": 12}, Running: map[string]int{"notify": 2},
			Retried: map[string]int{"write": 1}, Oldest: now.Add(-4 * time.Minute)},
		Failed: []see.Failed{{Who: see.Party{ID: "ben", Name: "Ben Ode"}, At: on(time.November, 29, 19*60),
			Why: "bad-address"}},
		Unreached: []see.Party{{ID: "cy", Name: "Cy Roe"}},
		Figures: []see.Quarter{{Year: 2026, Number: 3, Groups: []see.Group{
			{Head: see.Party{ID: "eva", Name: "Eva Brandt"}, Pairs: 412, Managers: 40, Kept: 4310, Late: 280, Lost: 345},
			{Head: see.Party{ID: "ola", Name: "Ola Berg"}, Pairs: 230, Managers: 22, Kept: 1660, Late: 300, Lost: 800},
		}, All: &see.Group{Pairs: 1180, Managers: 140, Kept: 10900, Late: 900, Lost: 1820}, Hidden: true}},
	}, nil
}

func (o *org) AdminPlan(ctx context.Context, who act.Actor) (see.Planned, error) {
	a, err := o.Admin(ctx, who)
	if err != nil {
		return see.Planned{}, err
	}
	return see.Planned{Made: a.Made, Held: a.Brakes[0].Changes, Mails: 9,
		Counts: map[plan.Action]int{plan.Create: 2, plan.Update: 1}}, nil
}

func (o *org) AdminPairs(_ context.Context, who act.Actor) ([]see.PairState, error) {
	if !who.Admin {
		return nil, see.ErrNotIn
	}
	return []see.PairState{
		{Pair: series.Pair{Manager: "ben", Report: "cy"}, Parties: [2]see.Party{{Name: "Ben Ode"}, {Name: "Cy Roe"}},
			State: reconcile.Stale, Why: []see.Reason{{Who: see.Party{ID: "ben", Name: "Ben Ode"},
				Since: on(time.November, 29, 18*60+40), Cause: "the user name or password is refused"}}},
		{Pair: series.Pair{Manager: "mia", Report: "ana"}, Parties: [2]see.Party{mia, ana}, State: reconcile.Held},
		{Pair: miaRaj, Parties: [2]see.Party{mia, raj}, State: reconcile.Flagged},
		{Pair: series.Pair{Manager: "mia", Report: "lee"}, Parties: [2]see.Party{mia, lee}, State: reconcile.OnSlot},
	}, nil
}

func (o *org) AdminCalendars(_ context.Context, who act.Actor) ([]see.Calendar, error) {
	if !who.Admin {
		return nil, see.ErrNotIn
	}
	return []see.Calendar{
		{Who: ana, Server: "google", Read: now.Add(-time.Minute), Push: now.AddDate(0, 0, 5)},
		{Who: see.Party{ID: "ben", Name: "Ben Ode"}, Server: "office", Read: on(time.November, 29, 18*60+39),
			Outage: &see.Outage{Cause: "the user name or password is refused", Since: on(time.November, 29, 18*60+40)}},
		{Who: see.Party{ID: "dora", Name: "Dora Lind"}, Server: "office", Read: now},
		{Who: eva},
		{Who: mia, Server: "office", Read: now.Add(-time.Minute)},
	}, nil
}

func (o *org) Looked(_ context.Context, who act.Actor, what access.What, pairs ...series.Pair) error {
	return o.note(who, "looked at %s of %v", what, pairs)
}

// open serves the pages of the org below the URL.
func open(t testing.TB, o *org, url string) http.Handler {
	t.Helper()
	keys, err := link.Load(filepath.Join(t.TempDir(), "keys"), now)
	if err != nil {
		t.Fatal(err)
	}
	h, err := Handler(Options{
		URL:      url,
		Acts:     &pressed{},
		Keys:     func() (link.Keys, error) { return keys, nil },
		Clock:    func() time.Time { return now },
		Log:      zerolog.New(zerolog.NewTestWriter(t)),
		SignIn:   o,
		See:      o,
		Deeds:    o,
		Own:      o,
		Told:     func(string) Told { return Told{Channels: []string{"mail"}, Digest: true} },
		Channels: []string{"mail", "slack"},
		Zone:     func(string) string { return berlin },
		Changes:  &o.hub,
		More: map[string]http.Handler{"GET /calendar/": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("BEGIN:VCALENDAR"))
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

var (
	asMia   = act.Actor{Person: "mia", From: act.Page}
	asRaj   = act.Actor{Person: "raj", From: act.Page}
	asLee   = act.Actor{Person: "lee", From: act.Page}
	asAdmin = act.Actor{Admin: true, From: act.Page}
)

// What the daemon hands to a handler.
var (
	_ SignIn  = (*signin.SignIn)(nil)
	_ See     = (*see.See)(nil)
	_ Deeds   = act.Acts{}
	_ Own     = (*store.Store)(nil)
	_ Changes = (*live.Hub)(nil)
)
