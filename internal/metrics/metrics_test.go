package metrics

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"pgregory.net/rapid"

	"holdfast/internal/channel"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

var noon = time.Date(2026, 12, 7, 12, 0, 0, 0, time.UTC)

// full are figures of a daemon in which all has happened that is counted, each time with names that must not show.
func full(t *testing.T) *Metrics {
	t.Helper()
	journal := filepath.Join(t.TempDir(), "mia.db")
	if err := os.WriteFile(journal, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	m := New(Options{
		Version:    "1.2.3",
		Calendars:  []string{"office", "google"},
		CalendarOf: func(person string) string { return map[string]string{"mia": "office"}[person] },
		Journal:    journal,
	})
	pair := series.Pair{Manager: "mia", Report: "raj"}
	r := reconcile.Round{
		At:     noon,
		Judged: 7,
		Applied: []plan.Change{
			{Pair: pair, Action: plan.Create},
			{Pair: pair, Action: "mia"},
		},
		Mails:     2,
		Delivered: 1,
		Otherwise: []series.Pair{pair},
		Problems:  errors.New("roster.yaml:3: mia"),
		Plan: plan.Plan{Held: []plan.Held{
			{Change: plan.Change{Pair: pair}, Because: "mia"},
			{Change: plan.Change{Pair: pair}, Waits: true},
		}},
		Failures: []reconcile.Failure{
			{Subject: reconcile.CalendarOf("mia"), Err: io.EOF},
			{Subject: reconcile.DocumentOf(pair), Err: io.EOF},
		},
		Outages: map[reconcile.Subject]reconcile.Outage{
			reconcile.CalendarOf("mia"): {Kind: "auth", Cause: "mia@example.com is not let in"},
			reconcile.CalendarOf("raj"): {Kind: "transient", Text: "raj"},
			reconcile.BookingOf(pair):   {Kind: "missing", Text: "mia/raj"},
		},
	}
	for i := range 6 {
		p := series.Pair{Manager: "mia", Report: string(rune('a' + i))}
		r.Views = append(r.Views, &series.View{Pair: p, Wanted: true, Stale: i < 5})
		r.Open = append(r.Open, drift.Flag{Pair: p, Kind: drift.Moved}, drift.Flag{Pair: pair, Kind: drift.Cancelled})
	}
	m.Round(r, "poll", 300*time.Millisecond, nil)
	m.Round(reconcile.Round{}, "mia", time.Second, errors.New("mia"))
	m.Read("office", time.Second, nil)
	m.Read("mia@example.com", time.Second, nil)
	m.Read("office", time.Second, &provider.Error{Kind: provider.Auth, Err: errors.New("mia")})
	m.Read("office", time.Second, context.Canceled)
	for n := range 4 { // the queue of the last start counts
		m.JobsWaiting(func(context.Context) (int, error) { return n, nil })
	}
	for name, err := range map[string]error{
		"mail":                   nil,
		"admins:mia@example.com": &channel.Error{Kind: channel.Broken, Err: io.EOF},
		"webhook:0":              nil,
		"mia":                    nil,
	} {
		_, _ = m.Sender(name, sender{err}).Send(t.Context(), channel.Message{To: "mia@example.com"})
	}
	m.Journal(errors.New("mia"))
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here you are") }
	mux.HandleFunc("GET /pairs/{manager}/{report}", answer)
	mux.HandleFunc("/calendar/{token}", answer)
	pages := m.HTTP(mux)
	for _, request := range []string{"GET /pairs/mia/raj", "MIA /calendar/mia.ics", "GET /mia", "POST /pairs/mia/raj"} {
		method, path, _ := strings.Cut(request, " ")
		pages.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "https://mia.example.com"+path, nil))
	}
	return m
}

// sender is a channel that answers so.
type sender struct{ err error }

func (s sender) Send(context.Context, channel.Message) (channel.Sent, error) {
	return channel.Sent{}, s.err
}

const want = `
# HELP holdfast_calendars_unread People's calendars that cannot be read.
# TYPE holdfast_calendars_unread gauge
holdfast_calendars_unread{calendar="google"} 0
holdfast_calendars_unread{calendar="office"} 1
holdfast_calendars_unread{calendar="other"} 1
# HELP holdfast_changes_held Changes that wait for a person to allow them or to decide.
# TYPE holdfast_changes_held gauge
holdfast_changes_held 1
# HELP holdfast_changes_waiting Changes that wait until the roster has stood for long enough.
# TYPE holdfast_changes_waiting gauge
holdfast_changes_waiting 1
# HELP holdfast_failures_total What failed within rounds, by what it was about.
# TYPE holdfast_failures_total counter
holdfast_failures_total{matter="calendar"} 1
holdfast_failures_total{matter="document"} 1
# HELP holdfast_flags_open Open flags by kind; of fewer than five pairs it is not shown.
# TYPE holdfast_flags_open gauge
holdfast_flags_open{kind="moved"} 6
# HELP holdfast_http_requests_total Requests answered, by the pattern of their route.
# TYPE holdfast_http_requests_total counter
holdfast_http_requests_total{code="200",method="get",route="/pairs/{manager}/{report}"} 1
holdfast_http_requests_total{code="200",method="unknown",route="/calendar/{token}"} 1
holdfast_http_requests_total{code="404",method="get",route="none"} 1
holdfast_http_requests_total{code="405",method="post",route="none"} 1
# HELP holdfast_jobs_waiting Jobs that wait to be worked, or to be tried again.
# TYPE holdfast_jobs_waiting gauge
holdfast_jobs_waiting 3
# HELP holdfast_journal_size_bytes Size of the journal on disk.
# TYPE holdfast_journal_size_bytes gauge
holdfast_journal_size_bytes 4096
# HELP holdfast_journal_writable Whether the journal took what it was last given.
# TYPE holdfast_journal_writable gauge
holdfast_journal_writable 0
# HELP holdfast_last_good_round_timestamp_seconds When the last round began that did not fail.
# TYPE holdfast_last_good_round_timestamp_seconds gauge
holdfast_last_good_round_timestamp_seconds 1.7966448e+09
# HELP holdfast_outages Causes for which something is out, by their kind.
# TYPE holdfast_outages gauge
holdfast_outages{kind="auth"} 1
holdfast_outages{kind="missing"} 1
holdfast_outages{kind="transient"} 1
# HELP holdfast_pairs Pairs of the roster by how they stand; below five it is not shown.
# TYPE holdfast_pairs gauge
holdfast_pairs{state="stale"} 5
# HELP holdfast_roster_broken Whether the roster's files have problems: the last good one stays.
# TYPE holdfast_roster_broken gauge
holdfast_roster_broken 1
# HELP holdfast_rounds_total Rounds made, by what they were asked for and how they went.
# TYPE holdfast_rounds_total counter
holdfast_rounds_total{outcome="failed",reason="other"} 1
holdfast_rounds_total{outcome="failed",reason="poll"} 0
holdfast_rounds_total{outcome="incomplete",reason="poll"} 1
holdfast_rounds_total{outcome="ok",reason="poll"} 0
`

func TestFigures(t *testing.T) {
	m := full(t)
	var names []string
	for _, line := range strings.Split(want, "\n") {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			names = append(names, strings.Fields(name)[0])
		}
	}
	if err := testutil.GatherAndCompare(m.registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	for name, n := range map[string]float64{
		"calendar_reads/office/ok":   testutil.ToFloat64(m.reads.WithLabelValues("office", "ok")),
		"calendar_reads/office/auth": testutil.ToFloat64(m.reads.WithLabelValues("office", "auth")),
		"calendar_reads/other/ok":    testutil.ToFloat64(m.reads.WithLabelValues("other", "ok")),
		"notices/mail/ok":            testutil.ToFloat64(m.notices.WithLabelValues("mail", "ok")),
		"notices/admins/broken":      testutil.ToFloat64(m.notices.WithLabelValues("admins", "broken")),
		"notices/webhook/ok":         testutil.ToFloat64(m.notices.WithLabelValues("webhook", "ok")),
		"writes/create":              testutil.ToFloat64(m.writes.WithLabelValues("create")),
		"writes/other":               testutil.ToFloat64(m.writes.WithLabelValues("other")),
		"otherwise":                  testutil.ToFloat64(m.otherwise),
		"deliveries":                 testutil.ToFloat64(m.delivered),
	} {
		if n != 1 {
			t.Errorf("%s is %v, want 1", name, n)
		}
	}
}

func TestLint(t *testing.T) {
	problems, err := testutil.GatherAndLint(full(t).registry)
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if err != nil {
		t.Error(err)
	}
}

// No label has a word that somebody chose outside the settings, whatever happens under that name.
func TestLabelsAreNobodys(t *testing.T) {
	families, err := full(t).registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range families {
		for _, series := range f.Metric {
			for _, l := range series.Label {
				seen++
				for _, private := range []string{"mia", "raj", "@", "example.com", "\x00"} {
					if strings.Contains(l.GetValue(), private) {
						t.Errorf("%s{%s=%q}", f.GetName(), l.GetName(), l.GetValue())
					}
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d labels were looked at", seen)
	}
}

// Of how pairs stand nothing follows about fewer than five of them, also for whoever knows how many there are: unless
// all figures are shown, two are not.
func TestFewAreNotShown(t *testing.T) {
	live := []series.Event{{
		Mark:     series.Mark{Slot: series.Slot{Weekday: time.Tuesday, Duration: time.Hour, Every: 1, Zone: "UTC"}},
		Start:    noon,
		Zone:     "UTC",
		Duration: time.Hour,
	}}
	rapid.Check(t, func(t *rapid.T) {
		var r reconcile.Round
		r.At = noon
		count, all := rapid.IntRange(2, 8), map[reconcile.State]int{}
		add := func(state reconcile.State, v series.View, kinds ...drift.Kind) {
			all[state] = count.Draw(t, string(state))
			for range all[state] {
				v.Wanted, v.Pair = true, series.Pair{Manager: "mia", Report: string(rune('a' + len(r.Views)))}
				r.Views = append(r.Views, &v)
				for _, k := range kinds {
					r.Open = append(r.Open, drift.Flag{Pair: v.Pair, Kind: k}, drift.Flag{Pair: v.Pair, Kind: k})
				}
				if state == reconcile.Held {
					r.Plan.Held = append(r.Plan.Held, plan.Held{Change: plan.Change{Pair: v.Pair}})
				}
			}
		}
		add(reconcile.Stale, series.View{Stale: true})
		add(reconcile.Flagged, series.View{}, drift.Moved, drift.NotBusy)
		add(reconcile.Unbooked, series.View{})
		add(reconcile.Held, series.View{Chain: live})
		add(reconcile.OnSlot, series.View{Chain: live})
		shown := states(r)
		hidden := len(all) - len(shown)
		for state, n := range all {
			got, ok := shown[state]
			if ok && (n < fewest || got != n) || !ok && n >= fewest && hidden != 2 {
				t.Fatalf("%d pairs are %s: %v", n, state, shown)
			}
		}
		if hidden == 1 {
			t.Fatalf("all but one are shown: %v", shown)
		}
		flagged := all[reconcile.Flagged]
		if n := flags(r.Open)[drift.Moved]; flagged < fewest && n != 0 || flagged >= fewest && n != 2*flagged {
			t.Fatalf("%d flags of %d pairs are shown", n, flagged)
		}
	})
}

func TestHealth(t *testing.T) {
	var h Health
	answer := func(path string) string {
		w := httptest.NewRecorder()
		full(t).Handler(&h).ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return http.StatusText(w.Code) + ": " + w.Body.String()
	}
	var got []string
	for _, then := range []func(){func() {}, h.Ready, h.Stopping, h.Ready} {
		then()
		got = append(got, answer("/readyz"))
	}
	if want := []string{"Service Unavailable: starting\n", "OK: ready\n", "Service Unavailable: stopping\n",
		"Service Unavailable: stopping\n"}; !slices.Equal(got, want) {
		t.Errorf("ready: %q, want %q", got, want)
	}
	if got := answer("/healthz"); got != "OK: alive\n" {
		t.Errorf("alive: %q", got)
	}
	if got := answer("/metrics"); !strings.Contains(got, "\nholdfast_build_info{version=\"1.2.3\"} 1\n") {
		t.Errorf("metrics: %s", got)
	}
}

// Who counts nothing has no figures, and all the rest.
func TestNone(t *testing.T) {
	var m *Metrics
	m.Round(reconcile.Round{}, "poll", 0, nil)
	m.Read("office", 0, nil)
	m.Journal(nil)
	m.JobsWaiting(nil)
	if s := (sender{}); m.Sender("mail", s) != s {
		t.Error("a sender is another")
	}
	var h Health
	h.Ready()
	for path, want := range map[string]int{"/readyz": 200, "/metrics": 404} {
		w := httptest.NewRecorder()
		m.HTTP(m.Handler(&h)).ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

// An event stream is passed on as it comes, and counted while it is open.
func TestStreams(t *testing.T) {
	m, mux := New(Options{}), http.NewServeMux()
	var open []float64
	answer := func(kind string) {
		mux.HandleFunc("GET /"+kind, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/"+kind+"; charset=utf-8")
			for range 2 {
				_, _ = io.WriteString(w, "event: open\n\n")
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
				open = append(open, testutil.ToFloat64(m.pages.streams))
			}
		})
	}
	answer("event-stream")
	answer("html")
	for _, kind := range []string{"event-stream", "html"} {
		w := httptest.NewRecorder()
		m.HTTP(mux).ServeHTTP(w, httptest.NewRequest("GET", "/"+kind, nil))
		if open = append(open, testutil.ToFloat64(m.pages.streams)); !w.Flushed {
			t.Error("nothing was flushed")
		}
	}
	if want := []float64{1, 1, 0, 0, 0, 0}; !slices.Equal(open, want) {
		t.Errorf("%v streams are open, want %v", open, want)
	}
}
