package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/api"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/live"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
)

var (
	now     = time.Date(2026, time.December, 7, 9, 0, 0, 0, time.UTC)
	raj     = series.Pair{Manager: "mia", Report: "raj"}
	ana     = series.Pair{Manager: "mia", Report: "ana"}
	tuesday = series.Date{Year: 2026, Month: time.December, Day: 8}
	slot    = series.Slot{
		Weekday:  time.Tuesday,
		At:       10 * 60,
		Duration: time.Hour,
		Every:    1,
		Zone:     "Europe/Berlin",
	}
)

// world has mia/raj and mia/ana; of mia/raj the meeting of the Tuesday is cancelled. It is what see and act give.
type world struct {
	*testing.T
	looked  []string
	asked   []act.Request
	came    act.Result
	cameErr error
	allowed map[string]string
	tokens  map[string]access.Token
	hub     live.Hub
	log     strings.Builder
	server  *httptest.Server
	schemas *jsonschema.Compiler
	covered map[string]bool // operations and statuses that were answered
}

func (w *world) flag() see.Flag {
	notice := 4 * time.Hour
	f := drift.Flag{
		Pair:       raj,
		Generation: 1,
		Kind:       drift.Cancelled,
		Occurrence: tuesday,
		From:       series.AspectOf(slot.On(tuesday)),
		By:         drift.ByUnknown,
		Notice:     &notice,
		Since:      now,
		Moment:     drift.Moment{Makeups: []time.Time{slot.On(tuesday.AddDays(1))}},
	}
	return see.Flag{Flag: f, Shown: act.ShownOf(f), May: []act.Deed{act.Rebook, act.Acknowledge}}
}

func (w *world) Mine(_ context.Context, who act.Actor) (out see.Mine, err error) {
	kept := 0.75
	row := see.Row{
		Pair:   raj,
		As:     see.Manager,
		Slot:   slot,
		Length: time.Hour,
		Agenda: "https://docs.example.com/raj",
		Next:   slot.On(tuesday.AddDays(7)),
		State:  reconcile.Flagged,
		Flags:  1,
		Kept:   &kept,
	}
	switch who.Person {
	case "mia":
		out.Reports = []see.Row{{Pair: ana, State: reconcile.Unbooked}, row}
	case "raj":
		out.Managers = []see.Row{row}
	}
	return out, nil
}

func (w *world) Pair(_ context.Context, who act.Actor, p series.Pair) (see.Pair, error) {
	if !p.Has(who.Person) || p != raj {
		return see.Pair{}, see.ErrNotYours
	}
	return see.Pair{
		Pair:   p,
		Slot:   slot,
		Length: time.Hour,
		Place:  "Room 4",
		State:  reconcile.Flagged,
		Why:    []see.Reason{{Who: see.Party{ID: "raj"}, Since: now, Kind: "auth", Cause: "not allowed"}},
		Flags:  []see.Flag{w.flag()},
		Held: []plan.Held{{
			Change:  plan.Change{Pair: raj, Action: plan.Create, Generation: 2, Why: []string{"it is new"}},
			Because: "a limit",
		}},
		Coming: []see.Coming{
			{Date: tuesday, Booked: slot.On(tuesday)},
			{Date: tuesday.AddDays(7), Booked: slot.On(tuesday.AddDays(7)), Start: slot.On(tuesday.AddDays(8)), MadeUp: true},
		},
		May: []act.Deed{act.Invite},
	}, nil
}

func (w *world) Me(_ context.Context, who act.Actor) (see.Me, error) {
	week, err := w.Week(context.Background(), who, tuesday.Monday())
	return see.Me{
		Me:    see.Party{ID: who.Person, Name: "Mia", Zone: "Europe/Berlin"},
		Email: "mia@example.com",
		Read:  now,
		Why:   &see.Reason{Cause: "not allowed"},
		Away:  []series.Away{{From: tuesday, To: tuesday, Why: series.Leave}},
		Week:  week,
	}, err
}

func (w *world) Week(_ context.Context, _ act.Actor, monday series.Date) (see.OwnWeek, error) {
	at := slot.On(monday.AddDays(1))
	return see.OwnWeek{
		Monday: monday,
		Zone:   "Europe/Berlin",
		Hours:  series.Hours{1: {{From: 9 * 60, To: 17 * 60}}},
		Off:    [7]string{4: series.Holiday},
		Booked: []see.Booked{{Pair: raj, Start: at, End: at.Add(time.Hour)}},
		Busy:   []series.Interval{{Start: at.Add(time.Hour), End: at.Add(2 * time.Hour), Kind: series.Hard}},
		Seen:   now,
	}, nil
}

func (w *world) Open(_ context.Context, who act.Actor) (out []see.Need, err error) {
	if raj.Has(who.Person) {
		out = append(out, see.Need{Pair: raj, Flag: w.flag()})
	}
	return out, nil
}

func (w *world) History(_ context.Context, who act.Actor, p series.Pair, since series.Date) ([]drift.Outcome, error) {
	if p != (series.Pair{}) && (p != raj || !p.Has(who.Person)) {
		return nil, see.ErrNotYours
	}
	notice := time.Hour
	return []drift.Outcome{{
		Pair:       raj,
		Week:       tuesday.Week(),
		Occurrence: tuesday,
		Result:     drift.LateCancelled,
		By:         drift.ByUnknown,
		Notice:     &notice,
		Final:      !since.IsZero(),
	}}, nil
}

func (w *world) AdminPlan(_ context.Context, who act.Actor) (see.Planned, error) {
	return see.Planned{
		Held:   []see.Change{{ID: "c1", Digest: "d1", Pair: raj, Action: plan.Create, Mails: 1, Because: "a limit"}},
		Waits:  []see.Waits{{Pair: ana, Action: plan.End, Settle: true}},
		Counts: map[plan.Action]int{plan.Create: 1},
		Mails:  1,
	}, nil
}

func (w *world) AdminPairs(context.Context, act.Actor) ([]see.PairState, error) {
	return []see.PairState{{Pair: ana, State: reconcile.Unbooked}, {Pair: raj, State: reconcile.Flagged}}, nil
}

func (w *world) Looked(_ context.Context, who act.Actor, what access.What, pairs ...series.Pair) error {
	w.looked = append(w.looked, fmt.Sprint(who.Person, " ", who.From, " ", pairs, " ", what))
	return nil
}

func (w *world) Do(_ context.Context, who act.Actor, q act.Request) (act.Result, error) {
	w.asked = append(w.asked, q)
	if f := w.flag().Flag; q.Shown != (act.Shown{}) && !q.Shown.Is(f, who) {
		return act.Result{Refused: &act.Refused{Deed: q.Deed, Reason: act.Otherwise, Now: &f}}, nil
	}
	if reason := act.May(who, q, []drift.Flag{w.flag().Flag}); reason != "" {
		return act.Result{Refused: &act.Refused{Deed: q.Deed, Reason: reason}}, nil
	}
	return w.came, w.cameErr
}

func (w *world) Acknowledge(_ context.Context, who act.Actor, s act.Shown) error {
	f := w.flag().Flag
	switch {
	case s.Flag != f.ID() || !f.Pair.Has(who.Person):
		return &act.Refused{Deed: act.Acknowledge, Reason: act.NotOpen}
	case !s.Is(f, who):
		return &act.Refused{Deed: act.Acknowledge, Reason: act.Otherwise, Now: &f}
	}
	return nil
}

func (w *world) Allow(_ context.Context, _ act.Actor, changes map[string]string) (time.Time, error) {
	w.allowed = changes
	return now.Add(24 * time.Hour), nil
}

func (w *world) Token(_ context.Context, digest string) (access.Token, bool, error) {
	t, ok := w.tokens[digest]
	return t, ok, nil
}

func (w *world) UseToken(context.Context, access.Token, string) error { return nil }

// token makes one.
func (w *world) token(role access.Role, person string) string {
	t, secret, digest := access.NewToken("x", role, person, now, time.Time{})
	w.tokens[digest] = t
	return secret
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, tokens: map[string]access.Token{}, covered: map[string]bool{}}
	w.came = act.Result{
		Came:    deed.Done,
		Applied: []plan.Change{{Pair: raj, Mails: 1}},
		Round:   reconcile.Round{Applied: []plan.Change{{Pair: raj, Mails: 1}, {Pair: ana, Mails: 1}}},
	}
	mux := http.NewServeMux()
	api.Mount(mux, api.Options{
		URL:    "https://holdfast.example.com/x",
		See:    w,
		Acts:   w,
		Tokens: w,
		Person: func(id string) (series.Person, bool) {
			return series.Person{ID: id}, slices.Contains([]string{"mia", "raj", "ana"}, id)
		},
		Hub:   &w.hub,
		Clock: func() time.Time { return now },
		Log:   zerolog.New(&w.log),
	})
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)
	t.Cleanup(w.hub.Close)
	w.schemas = jsonschema.NewCompiler()
	w.schemas.AssertFormat()
	_, description := w.fetch("GET", "/openapi.json", "", "")
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(description))
	w.must(err)
	w.must(w.schemas.AddResource("https://holdfast.test/openapi.json", doc))
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// fetch asks below Path.
func (w *world) fetch(method, path, token, body string) (*http.Response, string) {
	w.Helper()
	r, err := http.NewRequest(method, w.server.URL+api.Path+path, strings.NewReader(body))
	w.must(err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	w.must(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	w.must(err)
	return resp, string(b)
}

// operation is the address in the description that the path is of.
func operation(path string) string {
	path, _, _ = strings.Cut(path, "?")
	switch parts := strings.Split(path, "/"); {
	case parts[1] == "pairs" && len(parts) > 3:
		parts[2], parts[3] = "{manager}", "{report}"
		path = strings.Join(parts, "/")
	case parts[1] == "people" || parts[1] == "flags" && len(parts) > 3:
		parts[2] = "{id}"
		path = strings.Join(parts, "/")
	}
	return api.Path + path
}

// valid checks the answer against the description.
func (w *world) valid(method, path string, r *http.Response, body string) {
	w.Helper()
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace
	kind := r.Header.Get("Content-Type")
	at := fmt.Sprintf("https://holdfast.test/openapi.json#/paths/%s/%s/responses/%d/content/%s/schema",
		escape(operation(path)), strings.ToLower(method), r.StatusCode, escape(kind))
	schema, err := w.schemas.Compile(at)
	if err != nil {
		w.Errorf("%s %s: %d is not described: %v", method, path, r.StatusCode, err)
		return
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	w.must(err)
	if err := schema.Validate(v); err != nil {
		w.Errorf("%s %s: %v\n%s", method, path, err, body)
	}
	w.covered[method+" "+operation(path)] = true
}

// Every answer is as it is described, and nobody gets what is not theirs.
func TestAnswers(t *testing.T) {
	w := newWorld(t)
	tokens := map[string]string{
		"mia":  w.token(access.Self, "mia"),
		"raj":  w.token(access.Self, "raj"),
		"ana":  w.token(access.Self, "ana"),
		"left": w.token(access.Self, "zoe"),
		"ops":  w.token(access.Operate, ""),
		"feed": w.token(access.Feed, "mia"),
		"none": "",
	}
	flag, digest := w.flag().ID(), w.flag().Shown.Digest
	thursday := slot.On(tuesday.AddDays(2)).Format(time.RFC3339)
	proposed := slot.On(tuesday.AddDays(1)).Format(time.RFC3339)
	for _, x := range []struct {
		who, method, path, body string
		status                  int
		has, hasNot             string
	}{
		{who: "mia", method: "GET", path: "/pairs", status: 200, has: `"prep_doc":"https://docs.example.com/raj"`},
		{who: "raj", method: "GET", path: "/pairs", status: 200, has: `"kept":0.75`, hasNot: "ana"},
		{who: "ops", method: "GET", path: "/pairs", status: 200, has: `{"pair":"mia/raj","state":"flagged"}`, hasNot: "docs"},
		{who: "none", method: "GET", path: "/pairs", status: 401},
		{who: "left", method: "GET", path: "/pairs", status: 401},
		{who: "feed", method: "GET", path: "/pairs", status: 401},
		{who: "none", method: "POST", path: "/plan/allow", body: "{", status: 401},

		{who: "mia", method: "GET", path: "/pairs/mia/raj", status: 200, has: `"digest":"` + digest + `"`},
		{who: "ana", method: "GET", path: "/pairs/mia/raj", status: 404, hasNot: "raj"},
		{who: "ops", method: "GET", path: "/pairs/mia/raj", status: 200, has: `{"pair":"mia/raj","state":"flagged"}`,
			hasNot: "cancelled"},
		{who: "ops", method: "GET", path: "/pairs/mia/lee", status: 404},

		{who: "raj", method: "GET", path: "/flags", status: 200, has: `"notice":"4h0m0s"`},
		{who: "ana", method: "GET", path: "/flags", status: 200, has: `[]`},
		{who: "ana", method: "GET", path: "/flags?pair=mia/raj", status: 404},
		{who: "raj", method: "GET", path: "/flags?pair=mia/raj", status: 200, has: flag},
		{who: "raj", method: "GET", path: "/flags?pair=mia", status: 422, has: "query.pair"},
		{who: "ops", method: "GET", path: "/flags", status: 403, hasNot: flag},

		{who: "raj", method: "GET", path: "/history?since=2026-12-01", status: 200, has: `"final":true`},
		{who: "raj", method: "GET", path: "/history?since=yesterday", status: 422, has: "query.since"},
		{who: "ana", method: "GET", path: "/history?pair=mia/raj", status: 404},
		{who: "ops", method: "GET", path: "/history", status: 403},

		{who: "ops", method: "GET", path: "/plan", status: 200, has: `"counts":{"create":1}`},
		{who: "mia", method: "GET", path: "/plan", status: 403},

		{who: "mia", method: "GET", path: "/people/mia", status: 200, has: `"away":"holiday"`},
		{who: "mia", method: "GET", path: "/people/mia?week=2027-W02", status: 200, has: `"week":"2027-W02"`},
		{who: "mia", method: "GET", path: "/people/mia?week=soon", status: 422},
		{who: "mia", method: "GET", path: "/people/raj", status: 404},
		{who: "ops", method: "GET", path: "/people/mia", status: 403},

		{who: "mia", method: "POST", path: "/pairs/mia/raj/accept", status: 200, has: `"applied":1,"held":0,"mails":1`},
		{who: "raj", method: "POST", path: "/pairs/mia/raj/accept", status: 403, has: "the manager's to decide"},
		{who: "ana", method: "POST", path: "/pairs/mia/raj/accept", status: 404},
		{who: "ops", method: "POST", path: "/pairs/mia/raj/accept", status: 403},
		{who: "mia", method: "POST", path: "/pairs/mia/raj/restore", body: `{}`, status: 200},
		{who: "mia", method: "POST", path: "/pairs/mia/raj/restore", body: `{"occurrence":"2026-12-08"}`, status: 200},
		{who: "mia", method: "POST", path: "/pairs/mia/raj/restore", body: `{"occurrence":"Tuesday"}`, status: 422},
		{who: "mia", method: "POST", path: "/pairs/mia/raj/restore", body: `{"ocurrence":"2026-12-08"}`, status: 422},
		{who: "mia", method: "POST", path: "/pairs/mia/raj/rebook", status: 200,
			body: `{"occurrence":"2026-12-08","to":"` + thursday + `",` +
				`"shown":{"flag":"` + flag + `","digest":"` + digest + `"}}`},
		{who: "raj", method: "POST", path: "/pairs/mia/raj/rebook", status: 403, has: "one of the proposed times",
			body: `{"occurrence":"2026-12-08","to":"` + thursday + `"}`},
		{who: "raj", method: "POST", path: "/pairs/mia/raj/rebook", status: 200,
			body: `{"occurrence":"2026-12-08","to":"` + proposed + `"}`},
		{who: "mia", method: "POST", path: "/pairs/mia/raj/rebook", status: 409, has: `"location":"body.shown","value":{"id"`,
			body: `{"occurrence":"2026-12-08","to":"` + thursday + `","shown":{"flag":"` + flag + `","digest":"x"}}`},
		{who: "mia", method: "POST", path: "/pairs/mia/raj/rebook", body: `{"to":"Thu 14:00"}`, status: 422,
			has: `"body.to"`},
		{who: "mia", method: "POST", path: "/pairs/mia/raj/rebook", body: `{"to":"` + strings.Repeat("x", 1<<17) + `"}`,
			status: 413},
		{who: "raj", method: "POST", path: "/pairs/mia/raj/invite", status: 200},

		{who: "raj", method: "POST", path: "/flags/" + flag + "/ack", status: 200, has: `"state":"acknowledged"`},
		{who: "ana", method: "POST", path: "/flags/" + flag + "/ack", status: 404},

		{who: "raj", method: "POST", path: "/flags/" + flag + "/ack", body: `{"digest":"x"}`, status: 409, has: `"value":{`},
		{who: "raj", method: "POST", path: "/pairs/mia/raj/accept", body: `{"ask_manager":true}`, status: 200},
		{who: "mia", method: "POST", path: "/pairs/mia/raj/restore", body: `{"ask_manager":true}`, status: 403},

		{who: "ops", method: "POST", path: "/plan/allow", body: `{"changes":{"c1":"d1"}}`, status: 200, has: `["c1"]`},
		{who: "ops", method: "POST", path: "/plan/allow", body: `{"changes":{"c1":"d0","c2":"d"}}`, status: 409,
			has: `"digest":"d1"`},
		{who: "ops", method: "POST", path: "/plan/allow", body: `{"changes":{}}`, status: 422},
		{who: "mia", method: "POST", path: "/plan/allow", body: `{"changes":{"c1":"d1"}}`, status: 403},
	} {
		r, body := w.fetch(x.method, x.path, tokens[x.who], x.body)
		if r.StatusCode != x.status || !strings.Contains(body, x.has) || x.hasNot != "" && strings.Contains(body, x.hasNot) {
			t.Errorf("%s: %s %s %.80s: %d %s", x.who, x.method, x.path, x.body, r.StatusCode, body)
		}
		want := "application/json"
		if x.status >= 400 {
			want = "application/problem+json"
		}
		if r.Header.Get("Content-Type") != want || r.Header.Get("Cache-Control") != "no-store" ||
			(x.status == 401) != (r.Header.Get("WWW-Authenticate") == "Bearer") {
			t.Errorf("%s: %s %s: %v", x.who, x.method, x.path, r.Header)
		}
		w.valid(x.method, x.path, r, body)
	}
	var doc struct{ Paths map[string]map[string]any }
	_, description := w.fetch("GET", "/openapi.json", "", "")
	w.must(json.Unmarshal([]byte(description), &doc))
	for path, methods := range doc.Paths {
		for method := range methods {
			if op := strings.ToUpper(method) + " " + path; !w.covered[op] && path != api.Path+"/events" {
				t.Errorf("nothing asks for %s", op)
			}
		}
	}
	if r, body := w.fetch("GET", "/nothing", "", ""); r.StatusCode != 404 || !strings.Contains(body, `"status":404`) {
		t.Errorf("nothing: %d %s", r.StatusCode, body)
	}
	if want := "mia api [mia/raj] pair"; len(w.looked) != 2 || w.looked[0] != want {
		t.Errorf("the access log has %q", w.looked)
	}
	if w.log.Len() > 0 || strings.Contains(description, "unpkg") {
		t.Errorf("logged: %s", &w.log)
	}
	if !strings.HasPrefix(description, "{") || !strings.Contains(description, `"openapi":"3.1.0"`) {
		t.Errorf("the description: %.200s", description)
	}
	q := w.asked[slices.IndexFunc(w.asked, func(q act.Request) bool { return q.Deed == act.RestoreOne })]
	if q.Occurrence != tuesday || q.Pair != raj {
		t.Errorf("asked for %+v", q)
	}
}

// What failed is no success, and what failed of others is not told.
func TestCame(t *testing.T) {
	others := []reconcile.Failure{{Subject: reconcile.CalendarOf("ana"), Err: errors.New("ana's secret")}}
	because := func(text string) say.NotDone { return say.NotDone{Because: []string{text}} }
	for _, x := range []struct {
		name   string
		came   act.Result
		err    error
		status int
		has    string
	}{
		{name: "refused", status: 409, has: "Raj has another 1:1 then.",
			came: act.Result{Came: deed.Refused, Why: because("Raj has another 1:1 then")}},
		{name: "failed", status: 503, has: "cannot be read.",
			came: act.Result{Came: deed.Failed, Why: because("the calendar of raj cannot be read")}},
		{name: "held", status: 200, has: `"came":"held","why":"A limit."`,
			came: act.Result{Came: deed.Held, Why: because("a limit"), Held: []plan.Held{{Change: plan.Change{Pair: raj}}}}},
		{name: "nothing", status: 200, has: `"came":"nothing","why":"`, came: act.Result{
			Came: deed.Nothing,
			Why:  say.NotDone{Nothing: say.Nothing{Why: say.NothingNew, Pair: raj, Slot: slot}},
		}},
		{name: "done", status: 200, has: `"errors":[]`, came: act.Result{
			Came:    deed.Done,
			Applied: []plan.Change{{Pair: raj}},
			Round:   reconcile.Round{Failures: others},
		}},
		{name: "broken", status: 500, has: "Nothing is lost", err: errors.New("the journal: ana's secret")},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWorld(t)
			w.came, w.cameErr = x.came, x.err
			r, body := w.fetch("POST", "/pairs/mia/raj/accept", w.token(access.Self, "mia"), "{}")
			if r.StatusCode != x.status || !strings.Contains(body, x.has) || strings.Contains(body, "secret") {
				t.Errorf("%d %s", r.StatusCode, body)
			}
			w.valid("POST", "/pairs/mia/raj/accept", r, body)
			if (x.err != nil) != strings.Contains(w.log.String(), "the journal") {
				t.Errorf("logged: %s", &w.log)
			}
		})
	}
}

// stream opens one and gives the messages that come.
func (w *world) stream(token string) (next func() string, status int) {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", w.server.URL+api.Path+"/events", nil)
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	w.must(err)
	w.Cleanup(func() { _ = resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	lines.Split(func(data []byte, end bool) (int, []byte, error) {
		if i := bytes.Index(data, []byte("\n\n")); i >= 0 {
			return i + 2, data[:i], nil
		}
		return 0, nil, nil
	})
	return func() string {
		if !lines.Scan() {
			return "over"
		}
		return lines.Text()
	}, resp.StatusCode
}

func TestEvents(t *testing.T) {
	w := newWorld(t)
	tokens := []string{w.token(access.Self, "raj"), w.token(access.Self, "ana"), w.token(access.Operate, "")}
	var next []func() string
	for _, token := range tokens {
		n, status := w.stream(token)
		if got := n(); status != 200 || got != "retry: 3000\nevent: open\ndata: " {
			t.Fatalf("%d %q", status, got)
		}
		next = append(next, n)
	}
	w.hub.Publish(raj)
	w.hub.Publish(ana)
	for i, want := range []string{`event: pair` + "\n" + `data: {"pair":"mia/raj"}`,
		`event: pair` + "\n" + `data: {"pair":"mia/ana"}`, "event: round\ndata: {}"} {
		if got := next[i](); got != want {
			t.Errorf("%d: %q, want %q", i, got, want)
		}
	}
	delete(w.tokens, access.Digest(tokens[0]))
	w.hub.Publish(raj)
	if got := next[0](); got != "over" {
		t.Errorf("after its token was taken back: %q", got)
	}
	w.hub.Close()
	if got := next[1](); got != "over" {
		t.Errorf("after the end: %q", got)
	}
	if _, status := w.stream(tokens[0]); status != 401 {
		t.Errorf("without a token: %d", status)
	}
}

func TestEventsOfOneToken(t *testing.T) {
	w := newWorld(t)
	token := w.token(access.Self, "raj")
	for range 8 {
		if _, status := w.stream(token); status != 200 {
			t.Fatal(status)
		}
	}
	if _, status := w.stream(token); status != 429 {
		t.Errorf("the ninth: %d", status)
	}
}

func (w *world) decode(body string, v any) {
	w.Helper()
	w.must(json.Unmarshal([]byte(body), v))
}
