package feed_test

import (
	"context"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"holdfast/internal/access"
	"holdfast/internal/feed"
	"holdfast/internal/ical"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/provider/memory"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/store"
)

var update = flag.Bool("update", false, "rewrite the feed in testdata")

var (
	raj     = series.Pair{Manager: "mia", Report: "raj"}
	ana     = series.Pair{Manager: "mia", Report: "ana"}
	tuesday = series.Date{Year: 2026, Month: time.December, Day: 8}
)

// tokens are those of a test, by digest.
type tokens map[string]*access.Token

func (t tokens) Token(_ context.Context, digest string) (access.Token, bool, error) {
	if x := t[digest]; x != nil {
		return *x, true, nil
	}
	return access.Token{}, false, nil
}

func (t tokens) UseToken(_ context.Context, x access.Token, program string) error {
	for _, y := range t {
		if y.ID == x.ID {
			y.UsedBy = program
		}
	}
	return nil
}

// office is Mia with two reports, in three zones, on a calendar server, with Holdfast.
type office struct {
	testing.TB
	rounds *reconcile.Reconciler
	world  *memory.World
	now    time.Time
	people map[string]series.Person
	tokens tokens
	server *httptest.Server
	log    strings.Builder
}

func newOffice(t testing.TB) *office {
	o := &office{TB: t, now: time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC), tokens: tokens{}}
	clock := func() time.Time { return o.now }
	o.world = memory.New(memory.Options{Schedules: true, Clock: clock})
	o.people = map[string]series.Person{}
	for id, zone := range map[string]string{"mia": "Europe/Berlin", "raj": "Asia/Kolkata", "ana": "America/New_York"} {
		name := strings.ToUpper(id[:1]) + id[1:]
		o.people[id] = series.Person{ID: id, Name: name, Email: id + "@example.com", Calendar: "office", Zone: zone}
		o.world.Join(o.people[id])
	}
	var want []series.Series
	for pair, slot := range map[series.Pair]string{
		raj: "Tue 10:00 1h0m0s 1w Europe/Berlin",
		ana: "Thu 16:00 45m0s 2w America/New_York",
	} {
		slot, err := series.ParseSlotLine(slot)
		o.must(err)
		want = append(want, series.Series{
			Org:     "acme",
			Pair:    pair,
			Manager: o.people[pair.Manager],
			Report:  o.people[pair.Report],
			Slot:    slot,
			Line:    slot.Line(),
			Title:   "1:1 " + pair.String() + "; weekly, or so",
			Place:   "Room 4",
			Link:    "https://docs.example.com/" + pair.String(),
		})
	}
	journal, err := store.Open(context.Background(), "sqlite::memory:", clock, store.Options{})
	o.must(err)
	t.Cleanup(func() { _ = journal.Close() })
	o.rounds = reconcile.New(reconcile.Options{
		Org: "acme",
		Roster: func(time.Time) (reconcile.Desired, error) {
			return reconcile.Desired{Series: want, People: o.people, Sources: "roster"}, nil
		},
		Sources: func(string) string { return "roster" },
		Open:    func(p series.Person) (provider.Calendar, error) { return o.world.Calendar(p.ID), nil },
		Journal: journal,
		Policy:  plan.DefaultPolicy(),
		Clock:   clock,
		Log:     zerolog.Nop(),
	})
	mux := http.NewServeMux()
	feed.Mount(mux, feed.Options{
		Journal: journal,
		Tokens:  o.tokens,
		Person:  func(id string) (series.Person, bool) { p, ok := o.people[id]; return p, ok },
		Clock:   clock,
		Log:     zerolog.New(&o.log),
	})
	o.server = httptest.NewServer(mux)
	t.Cleanup(o.server.Close)
	o.round()
	return o
}

func (o *office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *office) round() {
	o.Helper()
	r, err := o.rounds.Once(context.Background())
	o.must(err)
	if len(r.Failures) > 0 {
		o.Fatal(r.Failures)
	}
}

// address is that of a new token.
func (o *office) address(person string, role access.Role) string {
	t, secret, digest := access.NewToken("", role, person, o.now, time.Time{})
	o.tokens[digest] = &t
	return o.server.URL + feed.Path + secret + feed.Suffix
}

// get asks with these headers: name, value, name, ...
func (o *office) get(method, address string, headers ...string) (*http.Response, string) {
	o.Helper()
	r, err := http.NewRequest(method, address, nil)
	o.must(err)
	r.Header["Accept-Encoding"] = []string{"gzip, br"}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w, err := http.DefaultTransport.RoundTrip(r)
	o.must(err)
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	o.must(err)
	return w, string(b)
}

// change has Mia move the meeting of the Tuesday, take out that of the week after, and put the one after that
// elsewhere.
func (o *office) change() {
	o.Helper()
	hands := o.world.Hands("mia")
	id, at := hands.Find(raj)[0], series.Slot{Weekday: time.Tuesday, At: 10 * 60, Zone: "Europe/Berlin"}.On
	o.must(hands.Move(id, at(tuesday), at(tuesday.AddDays(1)).Add(5*time.Hour)))
	o.must(hands.Cancel(id, at(tuesday.AddDays(7))))
	o.must(hands.Relocate(id, at(tuesday.AddDays(14)), "Café, 2nd floor"))
	o.now = o.now.Add(time.Hour)
	o.round()
}

func TestFeed(t *testing.T) {
	o := newOffice(t)
	o.change()
	w, text := o.get("GET", o.address("mia", access.Feed), "User-Agent", "Evolution/3.46 (x)")
	if w.StatusCode != 200 || w.Header.Get("Content-Type") != "text/calendar; charset=utf-8" ||
		w.Header.Get("Content-Encoding") != "" {
		t.Fatalf("%d: %v", w.StatusCode, w.Header)
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	file := filepath.Join("testdata", "mia.ics")
	if *update {
		o.must(os.WriteFile(file, []byte(text), 0o644))
	}
	want, err := os.ReadFile(file)
	o.must(err)
	if d := cmp.Diff(string(want), text); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if by := o.tokens[digestOf(w.Request.URL.Path)].UsedBy; by != "Evolution" {
		t.Errorf("fetched by %q", by)
	}
	if _, text := o.get("GET", o.address("raj", access.Feed)); strings.Contains(text, "ana") ||
		strings.Count(text, "BEGIN:VEVENT") != 3 {
		t.Errorf("Raj's: %s", text)
	}
}

// digestOf is that of the token in the path.
func digestOf(path string) string {
	return access.Digest(strings.TrimSuffix(strings.TrimPrefix(path, feed.Path), feed.Suffix))
}

// Stamps rise with a change of that 1:1, and only then.
func TestStamps(t *testing.T) {
	o := newOffice(t)
	address := o.address("mia", access.Feed)
	stamps := regexp.MustCompile(`(?:UID|DTSTAMP|SEQUENCE|LAST-MODIFIED):.*`)
	stampsOf := func(address string) string {
		o.now = o.now.Add(time.Minute)
		o.round()
		_, text := o.get("GET", address)
		return strings.Join(stamps.FindAllString(text, -1), "\n")
	}
	first := stampsOf(address)
	if again := stampsOf(address); again != first {
		t.Errorf("nothing changed:\n%s", cmp.Diff(first, again))
	}
	if !strings.Contains(first, "DTSTAMP:20261130T0901") || strings.Contains(first, "SEQUENCE:1") {
		t.Errorf("at first:\n%s", first)
	}
	o.change()
	then := stampsOf(address)
	if strings.Count(then, "SEQUENCE:1") != 3 || strings.Count(then, "SEQUENCE:0") != 1 ||
		!strings.Contains(then, "DTSTAMP:20261130T1003") {
		t.Errorf("Raj's changed:\n%s", then)
	}
	if rajs := stampsOf(o.address("raj", access.Feed)); !strings.Contains(then, rajs) {
		t.Errorf("Raj's feed says otherwise:\n%s", rajs)
	}
}

func TestAnswers(t *testing.T) {
	o := newOffice(t)
	address := o.address("raj", access.Feed)
	w, text := o.get("GET", address)
	tag := w.Header.Get("ETag")
	o.now = o.now.Add(36 * time.Hour)
	o.round()
	for _, x := range []struct {
		name, method, address string
		headers               []string
		status                int
		empty                 bool
	}{
		{name: "again", method: "GET", address: address, status: 200},
		{name: "head", method: "HEAD", address: address, status: 200, empty: true},
		{name: "unchanged", method: "GET", address: address, headers: []string{"If-None-Match", tag}, status: 304,
			empty: true},
		{name: "since", method: "GET", address: address, status: 200,
			headers: []string{"If-Modified-Since", o.now.Format(http.TimeFormat)}},
		{name: "another tag", method: "GET", address: address, headers: []string{"If-None-Match", `"x"`}, status: 200},
		{name: "no token", method: "GET", address: o.server.URL + feed.Path + "hff_x.ics", status: 404},
		{name: "no suffix", method: "GET", address: strings.TrimSuffix(address, ".ics"), status: 404},
		{name: "of the API", method: "GET", address: o.address("raj", access.Self), status: 404},
		{name: "left", method: "GET", address: o.address("zoe", access.Feed), status: 410},
		{name: "written", method: "PUT", address: address, status: 405},
	} {
		w, body := o.get(x.method, x.address, x.headers...)
		if w.StatusCode != x.status || x.empty != (body == "") || x.status == 200 && !x.empty && body != text {
			t.Errorf("%s: %d, %v: %s", x.name, w.StatusCode, w.Header, body)
		}
	}
	_, robots := o.get("GET", o.server.URL+"/robots.txt")
	if !strings.Contains(robots, "Allow: /calendar/\nDisallow: /\n") {
		t.Errorf("robots.txt: %s", robots)
	}
	if o.log.Len() > 0 {
		t.Errorf("logged: %s", &o.log)
	}
}

// What a series of its own rule has, and one that another took the place of.
func TestOddSeries(t *testing.T) {
	at := time.Date(2026, 12, 8, 9, 0, 0, 0, time.UTC)
	e := series.Event{UID: "x", Title: "1:1", Zone: "UTC", Start: at, Duration: time.Hour,
		Rule:     series.Rule{Starts: []time.Time{at, at.AddDate(0, 0, 7), at.AddDate(0, 0, 21)}},
		Excluded: []time.Time{at.AddDate(0, 0, 7)},
	}
	text := string(ical.Feed("x", []ical.Entry{ical.EntryOf(e)}, make([]ical.Stamp, 1), at))
	for _, want := range []string{"UID:x-20261208T090000Z", "UID:x-20261229T090000Z"} {
		if !strings.Contains(text, want) || strings.Count(text, "BEGIN:VEVENT") != 2 {
			t.Errorf("no %s: %s", want, text)
		}
	}
}

// BenchmarkFeed: a fetch of a feed of two 1:1s, over a socket.
func BenchmarkFeed(b *testing.B) {
	o := newOffice(b)
	address := o.address("mia", access.Feed)
	for b.Loop() {
		if w, _ := o.get("GET", address); w.StatusCode != http.StatusOK {
			b.Fatal(w.Status)
		}
	}
}
