package daemon

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// mixed is a company of which one half is at Google and the other on a CalDAV server: mia (Google) manages raj
// (CalDAV), ana (CalDAV) manages lee (Google).
type mixed struct {
	folder
	google *googletest.Server
	dav    *caldavtest.Server
	base   string // of the CalDAV server
	app    *App
	at     time.Time

	settings string // without the journal
}

const mixedRoster = `defaults: {prep_doc: "https://docs.example.com/{manager.id}-{report.id}", duration: 60m}
people:
  mia: {name: Mia, email: mia@google.test, calendar: google, zone: Europe/Berlin}
  raj: {name: Raj, email: raj@dav.test, calendar: dav, zone: Europe/Berlin}
  ana: {name: Ana, email: ana@dav.test, calendar: dav, zone: Europe/Berlin}
  lee: {name: Lee, email: lee@google.test, calendar: google, zone: Europe/Berlin}
one_on_ones:
  - {manager: mia, reports: [{report: raj, slot: Tue 10:00, place: %[1]s}]}
  - {manager: ana, reports: [{report: lee, slot: Tue 10:00, place: %[1]s}]}
`

func mix(t *testing.T, schedules bool) *mixed {
	const account = "holdfast@project.iam.gserviceaccount.com"
	m := &mixed{folder: folder{t, t.TempDir()}, at: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return m.at }
	m.google = googletest.New(googletest.Options{Clock: now, Users: []googletest.User{{Email: "mia@google.test", Zone: "Europe/Berlin"}, {Email: "lee@google.test", Zone: "Europe/Berlin"}},
		Delegation: []googletest.ServiceAccount{{Email: account, Scopes: []string{google.Scope}}}})
	m.dav = caldavtest.New(caldavtest.Options{Now: now, Scheduling: schedules, Users: []caldavtest.User{
		{Name: "raj", Password: "raj-pw", Email: "raj@dav.test", Zone: "Europe/Berlin"}, {Name: "ana", Password: "ana-pw", Email: "ana@dav.test", Zone: "Europe/Berlin"},
		{Name: "lee", Password: "lee-pw", Email: "lee@google.test", Zone: "Europe/Berlin"}}})
	atGoogle, atDAV := httptest.NewServer(googletest.Strict(t, m.google)), httptest.NewServer(m.dav)
	t.Cleanup(atGoogle.Close)
	t.Cleanup(atDAV.Close)
	m.google.SetBase(atGoogle.URL)
	m.base = atDAV.URL
	m.write("key.json", string(m.google.ServiceAccountJSON(account)))
	m.write("raj", "raj-pw")
	m.write("ana", "ana-pw")
	m.write("lee", "lee-pw")
	m.settings = fmt.Sprintf(`org: acme
roster: [roster.yaml]
calendars:
  google: {google: {service_account_file: key.json, endpoint: %[1]s}}
  subsidiary: {google: {service_account_file: key.json, endpoint: %[1]s}}
  dav: {caldav: {url: %[2]s, username: "{person.id}", password_file: "{person.id}"}}
`, atGoogle.URL, atDAV.URL)
	t.Cleanup(func() { m.must(m.app.Close()) })
	m.write("roster.yaml", fmt.Sprintf(mixedRoster, "Room Alder"))
	m.open("holdfast.db")
	return m
}

// open starts the daemon, with that journal.
func (m *mixed) open(journal string) {
	m.Helper()
	if m.app != nil {
		m.must(m.app.Close())
	}
	m.write("holdfast.yaml", m.settings+"database: sqlite:"+journal+"\n")
	var err error
	m.app, err = Open(m.Context(), Options{Config: filepath.Join(m.dir, "holdfast.yaml"), Clock: func() time.Time { return m.at },
		Log: zerolog.New(zerolog.NewTestWriter(m)).Level(zerolog.WarnLevel)})
	m.must(err)
}

// folder is a test with the files of a daemon.
type folder struct {
	*testing.T
	dir string
}

func (f folder) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f folder) write(name, text string) {
	f.Helper()
	f.must(os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600))
}

// round is the daemon's next one, ten minutes later.
func (m *mixed) round() reconcile.Round {
	m.Helper()
	m.at = m.at.Add(10 * time.Minute)
	r, err := m.app.Reconciler.Once(m.Context())
	m.must(err)
	if len(r.Failures) > 0 {
		m.Fatal(r.Failures)
	}
	return r
}

// quiet sees that a further round writes nothing anywhere.
func (m *mixed) quiet(after string) {
	m.Helper()
	n, k := len(m.google.Writes()), m.dav.Writes()
	if r := m.round(); len(r.Applied) > 0 || r.Delivered > 0 || len(m.google.Writes()) != n || m.dav.Writes() != k {
		m.Fatalf("%s: a further round: %d changes, %d deliveries, %d writes at Google, %d on CalDAV", after,
			len(r.Applied), r.Delivered, len(m.google.Writes())-n, m.dav.Writes()-k)
	}
}

// owner is a person who does the same things on either kind of calendar.
type owner struct {
	move     func(original, to time.Time) error
	answer   func(original time.Time, a series.PartStat) error
	occupied func(from, to time.Time) error
	drop     func() error
}

func (m *mixed) atGoogle(email, id string) owner {
	h := m.google.Hands(email)
	return owner{
		move:   func(original, to time.Time) error { return h.Move(id, original, to) },
		answer: func(original time.Time, a series.PartStat) error { return h.Answer(id, original, email, a) },
		occupied: func(from, to time.Time) error {
			_, err := h.AddBusy(series.Busy{Start: from, Duration: to.Sub(from), Zone: "Europe/Berlin", Kind: series.Hard}, "secret")
			return err
		},
		drop: func() error { return h.Delete(id) },
	}
}

func (m *mixed) onDAV(user, uid string) owner {
	p := caldavtest.Person{Base: m.base, User: user, Password: user + "-pw", Email: user + "@dav.test", HTTP: own,
		Now: func() time.Time { return m.at }}
	ctx := context.Background()
	return owner{
		move:     func(original, to time.Time) error { return p.Move(ctx, uid, original, to) },
		answer:   func(original time.Time, a series.PartStat) error { return p.Answer(ctx, uid, original, string(a)) },
		occupied: func(from, to time.Time) error { _, err := p.AddEvent(ctx, "secret", from, to); return err },
		drop:     func() error { return p.Delete(ctx, uid) },
	}
}

// people are the manager and the report of a booked pair.
func (m *mixed) people(v *series.View) (manager, report owner) {
	e, c := v.Head(), v.Copies[0]
	if v.Pair.Manager == "mia" {
		return m.atGoogle("mia@google.test", e.ID), m.onDAV("raj", e.UID)
	}
	return m.onDAV("ana", e.UID), m.atGoogle("lee@google.test", c.ID)
}

// view is what a look makes of the pair, after a round.
func (m *mixed) view(p series.Pair) *series.View {
	m.Helper()
	r, err := m.app.Reconciler.Preview(m.Context())
	m.must(err)
	i := slices.IndexFunc(r.Views, func(v *series.View) bool { return v.Pair == p })
	if i < 0 {
		m.Fatalf("nothing is known of %s", p)
	}
	return r.Views[i]
}

// openedFor are those that the round opened for the pair.
func openedFor(r reconcile.Round, p series.Pair) string {
	var out []string
	for _, f := range r.Edges.Opened {
		if f.Pair == p {
			out = append(out, string(f.Kind)+" by "+string(f.By))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// A pair of whom one is at Google and the other on CalDAV has one series and one invitation, which Holdfast brings:
// Google is told to tell nobody, the CalDAV server to leave it alone. Answers come back, moves on either side are seen,
// and so is whatever overlaps, on either calendar.
func TestMixedPairs(t *testing.T) {
	t.Parallel()
	for _, schedules := range []bool{true, false} {
		for _, p := range []series.Pair{{Manager: "mia", Report: "raj"}, {Manager: "ana", Report: "lee"}} {
			t.Run(fmt.Sprintf("%s schedules=%v", p, schedules), func(t *testing.T) {
				t.Parallel() // most of it is waiting for Google's quota
				mix(t, schedules).lives(p)
			})
		}
	}
}

// Two names for Google in the settings are one Google: it brings the invitation itself.
func TestTwoNamesForGoogle(t *testing.T) {
	m := mix(t, true)
	m.write("roster.yaml", `people:
  mia: {name: Mia, email: mia@google.test, calendar: google, zone: Europe/Berlin}
  lee: {name: Lee, email: lee@google.test, calendar: subsidiary, zone: Europe/Berlin}
one_on_ones:
  - {manager: mia, reports: [{report: lee, slot: Tue 10:00}]}
`)
	if r := m.round(); len(r.Applied) != 1 || r.Delivered != 0 || len(m.google.Mails()) != 1 {
		t.Errorf("%d changes, %d errands, %d mails", len(r.Applied), r.Delivered, len(m.google.Mails()))
	}
	m.quiet("booked")
}

// A copy at Google is an event of its own with each meeting that differs: cut off in between, the rest is brought by
// the next round, and nobody is blamed for what the copy shows until then.
func TestCopiesBroughtInPart(t *testing.T) {
	for name, fault := range map[string]googletest.Fault{"500": {Status: 500}, "dropped": {Drop: true}, "dropped after commit": {DropAfterCommit: true}} {
		for _, first := range []bool{true, false} {
			hit := 0
			for n := 0; n < 12; n += every(9) {
				m := mix(t, true)
				p := series.Pair{Manager: "ana", Report: "lee"}
				if first { // when the copy is first brought
					m.google.SetFaults(googletest.Faults{Every: map[string]googletest.Fault{"calendar.events.import": {Status: 500}}})
				}
				m.at = m.at.Add(time.Minute)
				_, err := m.app.Reconciler.Once(t.Context())
				m.must(err)
				e := *m.view(p).Head()
				ana := m.onDAV("ana", e.UID)
				at := func(n int) time.Time { return e.Start.AddDate(0, 0, 7*n) }
				for i := range 3 {
					m.must(ana.move(at(i+1), at(i+1).Add(time.Duration(i+1)*time.Hour)))
				}
				came := make(chan struct{})
				fault.Arrived = came
				m.google.SetFaults(googletest.Faults{})
				m.google.FailNth("", n+1, fault)
				opened := 0
				for range 4 {
					m.at = m.at.Add(20 * time.Minute)
					r, err := m.app.Reconciler.Once(t.Context())
					m.must(err)
					for _, f := range r.Edges.Opened {
						if f.Kind == drift.CopyDiffers {
							opened++
						}
					}
				}
				m.google.SetFaults(googletest.Faults{})
				select {
				case <-came:
					hit++
				default:
				}
				m.quiet("brought")
				v := m.view(p)
				if len(v.Copies) != 1 || v.Copies[0].Times() != v.Head().Times() ||
					!v.Head().DeliveredTo(v.Copies[0], m.at) || opened > 0 {
					t.Errorf("%s, request %d, first %v: %d copies, which differ, or were said to %d times", name, n+1, first, len(v.Copies), opened)
				}
			}
			if hit < 6/every(9) {
				t.Errorf("%s: only %d requests went wrong", name, hit)
			}
		}
	}
}

// A report who takes a calendar of another kind has refused nothing: the series is brought there, with their answer.
func TestReportTakesAnotherCalendar(t *testing.T) {
	const text = `people:
  mia: {name: Mia, email: mia@google.test, calendar: google, zone: Europe/Berlin}
  lee: {name: Lee, email: lee@google.test, calendar: %s, zone: Europe/Berlin}
one_on_ones:
  - {manager: mia, reports: [{report: lee, slot: Tue 10:00}]}
`
	m := mix(t, true)
	m.write("roster.yaml", fmt.Sprintf(text, "google"))
	m.round()
	p := series.Pair{Manager: "mia", Report: "lee"}
	m.must(m.google.Hands("lee@google.test").Accept(m.view(p).Head().ID, time.Time{}))
	m.round()
	m.write("roster.yaml", fmt.Sprintf(text, "dav"))
	for range 4 {
		if r := m.round(); len(r.Edges.Opened) > 0 || len(r.Applied) > 0 {
			t.Errorf("flags %v, %d changes", r.Edges.Opened, len(r.Applied))
		}
	}
	m.quiet("moved")
	v := m.view(p)
	if len(v.Copies) != 1 || v.Copies[0].Times() != v.Head().Times() || v.Copies[0].Guests[0].Answer != series.Accepted || v.Head().Guests[0].Answer != series.Accepted {
		t.Errorf("%d copies, the organizer's event says %v", len(v.Copies), v.Head().Guests)
	}
}

// Google is told to tell nobody also of a series that lost its mark, and of one that was the pair's own.
func TestMixedPairWithoutAMark(t *testing.T) {
	for _, own := range []bool{false, true} {
		m := mix(t, true)
		p, mia := series.Pair{Manager: "mia", Report: "raj"}, m.google.Hands("mia@google.test")
		if own {
			start := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
			_, err := mia.Add(series.Event{Start: start, Zone: "Europe/Berlin", Duration: time.Hour, Rule: series.Rule{Plain: true, Every: 1}, Title: "our chat",
				Organizer: "mia@google.test", Place: "Room Alder", Guests: []series.Guest{{Address: "raj@dav.test", Answer: series.NeedsAction}}})
			m.must(err)
		}
		m.round()
		if v := m.view(p); !own {
			m.must(mia.StripMark(v.Head().ID))
		}
		m.round()
		m.write("roster.yaml", fmt.Sprintf(mixedRoster, "Room Birch"))
		m.round()
		m.round()
		v := m.view(p)
		if len(v.Chain) != 1 || v.Head().Place != "Room Birch" || v.Head().Mark.Slot.IsZero() || len(v.Copies) != 1 || v.Copies[0].Place != "Room Birch" || len(m.google.Mails()) > 0 {
			t.Errorf("own %v: %d series at %q, %d copies, mails %+v", own, len(v.Chain), v.Head().Place, len(v.Copies), m.google.Mails())
		}
		m.quiet("elsewhere")
	}
}

// A report who leaves has no meetings after that, on neither calendar.
func TestMixedPairEnds(t *testing.T) {
	m := mix(t, true)
	m.round()
	m.at = m.at.AddDate(0, 0, 20)
	m.write("roster.yaml", fmt.Sprintf(mixedRoster, "Room Alder, ends: 2026-12-20"))
	m.round()
	both := map[string]string{} // they are half of all pairs or more
	for id, h := range m.round().Plan.Braked() {
		both[id] = h.Digest
	}
	m.must(m.app.Store.Allow(m.Context(), both, m.at.Add(time.Hour)))
	m.round()
	m.round()
	m.quiet("ended")
	for _, p := range []series.Pair{{Manager: "mia", Report: "raj"}, {Manager: "ana", Report: "lee"}} {
		v := m.view(p)
		if last := (series.Date{Year: 2026, Month: time.December, Day: 15}); len(v.Copies) != 1 || v.Head().LastDay() != last || v.Copies[0].LastDay() != last {
			t.Errorf("%s: the last day is %v, and in %d copies %v", p, v.Head().LastDay(), len(v.Copies), v.Copies)
		}
	}
}

func (m *mixed) lives(p series.Pair) {
	if r := m.round(); len(r.Applied) != 2 || r.Delivered != 2 {
		m.Fatalf("booked %d, carried %d", len(r.Applied), r.Delivered)
	}
	m.quiet("booked")
	v := m.view(p)
	if len(v.Chain) != 1 || len(v.Copies) != 1 || v.Copies[0].UID != v.Head().UID || len(v.Candidates)+len(v.Mine)+len(v.Duplicates) > 0 {
		m.Fatalf("%d series, %d copies of it", len(v.Chain), len(v.Copies))
	}
	manager, report := m.people(v)
	at := func(n int) time.Time { return v.Want.Slot.On(v.Head().First().AddDays(7 * n)) }
	same := func(after string) {
		m.Helper()
		m.quiet(after)
		v = m.view(p)
		e, c := v.Head(), v.Copies[0]
		if e.Times() != c.Times() || e.Place != c.Place || e.Link != c.Link || e.People() != c.People() || len(v.Chain) != 1 || len(v.Copies) != 1 {
			m.Fatalf("%s: the copy differs, or there is more than one: %d series, %d copies", after, len(v.Chain), len(v.Copies))
		}
	}
	same("booked")
	stat := func(e series.Event, n int) series.PartStat {
		for _, x := range e.Meetings(at(n), at(n).Add(time.Second)) {
			if x.Original.Equal(at(n)) {
				return x.Guests[0].Answer
			}
		}
		return ""
	}

	// Answers.
	m.must(report.answer(time.Time{}, series.Accepted))
	m.round()
	same("accepted")
	if a := stat(*v.Head(), 0); a != series.Accepted {
		m.Errorf("the organizer's event says %s", a)
	}
	m.must(report.answer(at(1), series.Declined))
	if got := openedFor(m.round(), p); got != "declined by report" {
		m.Errorf("declined one: flags %q", got)
	}
	m.quiet("declined one")
	v = m.view(p)
	if all, one := stat(*v.Head(), 0), stat(*v.Head(), 1); all != series.Accepted || one != series.Declined {
		m.Errorf("the organizer's event says %s, and %s to the one declined", all, one)
	}

	// A move of the organizer's reaches the copy, one in the copy stays there: both are flagged.
	m.must(manager.move(at(2), at(2).Add(49*time.Hour)))
	if got := openedFor(m.round(), p); got != "moved by unknown" {
		m.Errorf("moved one: flags %q", got)
	}
	m.quiet("moved one")
	if v = m.view(p); v.Head().Times() != v.Copies[0].Times() {
		m.Error("the copy did not follow")
	}
	m.must(report.move(at(3), at(3).Add(24*time.Hour)))
	opened := openedFor(m.round(), p) + openedFor(m.round(), p)
	if opened != "copy-differs by report" {
		m.Errorf("moved in the copy: flags %q", opened)
	}
	m.quiet("moved in the copy")
	m.must(report.move(at(3), at(3)))
	closed := slices.Concat(m.round().Edges.Closed, m.round().Edges.Closed)
	if !slices.ContainsFunc(closed, func(f drift.Flag) bool { return f.Kind == drift.CopyDiffers }) {
		m.Error("the flag stays though the report moved it back")
	}

	// What overlaps is seen on either calendar.
	for i, who := range []owner{manager, report} {
		m.must(who.occupied(at(4+i), at(4+i).Add(30*time.Minute)))
		if got := openedFor(m.round(), p); got != "double-booked by unknown" {
			m.Errorf("overlapped, %d: flags %q", i, got)
		}
	}

	// The roster changes; then the report leaves.
	m.write("roster.yaml", fmt.Sprintf(mixedRoster, "Room Birch"))
	m.at = m.at.Add(time.Minute)
	m.round()
	m.round()
	if v = m.view(p); v.Head().Place != "Room Birch" || v.Copies[0].Place != "Room Birch" {
		m.Errorf("the series is at %q, the copy at %q", v.Head().Place, v.Copies[0].Place)
	}
	m.quiet("elsewhere")

	// Another journal that knows nothing finds all as it is.
	m.open("another.db")
	m.quiet("with an empty journal")

	// The report throws the invitation away: nobody answers for them, and it is delivered again only when somebody asks.
	m.must(report.drop())
	m.round()
	told := m.round().Open
	m.quiet("thrown away")
	undelivered := func(f drift.Flag) bool { return f.Pair == p && f.Kind == drift.Undelivered }
	v = m.view(p)
	if len(v.Copies) != 0 || stat(*v.Head(), 0) != series.Accepted || !slices.ContainsFunc(told, undelivered) {
		m.Errorf("thrown away: %d copies, the organizer's event says %s, flags %v", len(v.Copies), stat(*v.Head(), 0), told)
	}
	r, err := m.app.Reconciler.Once(m.Context(), plan.Ask{Pair: p, Invite: true})
	m.must(err)
	if v = m.view(p); len(v.Copies) != 1 || r.Delivered != 1 || slices.ContainsFunc(r.Open, undelivered) {
		m.Errorf("invited again: %d copies, %d deliveries, flags %v", len(v.Copies), r.Delivered, r.Open)
	}
	m.quiet("invited again")
	if all := m.google.Mails(); len(all) > 0 {
		m.Errorf("Google mailed, though Holdfast delivers the invitation: %+v", all)
	}
}
