package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/act"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
)

// post posts a form from a page of the same site.
func post(h http.Handler, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "https://example.com"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestWhoSees: of each address, what those get for whom it is not.
func TestWhoSees(t *testing.T) {
	people := map[string]*org{"nobody": {}, "mia": {who: asMia, signedIn: true}, "lee": {who: asLee, signedIn: true},
		"admin": {who: asAdmin, signedIn: true}}
	for _, x := range []struct {
		path                    string
		nobody, mia, lee, admin int
	}{
		{"/", 303, 200, 200, 303},
		{"/pairs/mia/raj", 303, 200, 404, 404},
		{"/pairs/mia/nobody", 303, 404, 404, 404},
		{"/me", 303, 200, 200, 404},
		{"/me/download", 303, 200, 200, 404},
		{"/admin", 303, 404, 404, 200},
		{"/admin/plan", 303, 404, 404, 200},
		{"/admin/pairs", 303, 404, 404, 200},
		{"/admin/calendars", 303, 404, 404, 200},
		{"/nothing", 303, 404, 404, 404},
		{"/live", 401, 0, 0, 0},
		{"/robots.txt", 200, 200, 200, 200},
		{"/static/holdfast.css", 200, 200, 200, 200},
		{"/static/", 303, 404, 404, 404},
		{"/calendar/x.ics", 200, 200, 200, 200},
	} {
		for name, want := range map[string]int{"nobody": x.nobody, "mia": x.mia, "lee": x.lee, "admin": x.admin} {
			if want == 0 {
				continue
			}
			w := get(open(t, people[name], "https://example.com"), x.path)
			if w.Code != want {
				t.Errorf("%s as %s: %d, want %d", x.path, name, w.Code, want)
			}
			if w.Code == 404 && strings.Contains(w.Body.String(), "Raj") {
				t.Errorf("%s as %s tells whose it is", x.path, name)
			}
			policy := w.Header().Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
				w.Header().Get("Referrer-Policy") != "same-origin" {
				t.Errorf("%s as %s: headers %v", x.path, name, w.Header())
			}
		}
	}
}

// TestDeeds: what the forms of pages ask for, and what comes of it.
func TestDeeds(t *testing.T) {
	o := &org{who: asMia, signedIn: true}
	shown := o.flagsOf(see.Manager)[0].Shown
	flag := url.Values{"flag": {shown.Flag}, "digest": {shown.Digest}, "occurrence": {"2026-12-15"}}
	with := func(more ...string) url.Values {
		out := url.Values{}
		for k, v := range flag {
			out[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			out.Set(more[i], more[i+1])
		}
		return out
	}
	refused := &act.Refused{Deed: act.Acknowledge, Reason: act.Otherwise}
	for _, x := range []struct {
		name, path string
		form       url.Values
		who        act.Actor
		result     act.Result
		refused    error
		status     int
		did        string // last, the digest left out; "": nothing
		leads      string
		says       string
	}{
		{name: "a proposed time", path: "/pairs/mia/raj/rebook", form: with("to", "2026-12-17T14:00:00+01:00"), who: asMia,
			status: 303, did: "mia: rebook mia/raj 2026-12-15 to 2026-12-17T13:00:00Z", leads: "/pairs/mia/raj"},
		{name: "another time, on the reader's clock", path: "/pairs/mia/raj/rebook",
			form: with("day", "2026-12-16", "clock", "09:15"), who: asMia,
			status: 303, did: "mia: rebook mia/raj 2026-12-15 to 2026-12-16T08:15:00Z"},
		{name: "another time, on the other's clock", path: "/pairs/mia/raj/rebook",
			form: with("day", "2026-12-16", "clock", "14:00"), who: asRaj,
			status: 303, did: "raj: rebook mia/raj 2026-12-15 to 2026-12-16T08:30:00Z"},
		{name: "no time", path: "/pairs/mia/raj/rebook", form: with("to", "soon"), who: asMia, status: 400},
		{name: "no day", path: "/pairs/mia/raj/rebook", form: with("day", "soon", "clock", "09:15"), who: asMia, status: 400},
		{name: "of no meeting", path: "/pairs/mia/raj/restore-one", form: with("occurrence", ""), who: asMia, status: 400},
		{name: "put back", path: "/pairs/mia/raj/restore-one", form: flag, who: asMia, status: 303,
			did: "mia: restore-one mia/raj 2026-12-15"},
		{name: "take back", path: "/pairs/mia/raj/undo", who: asMia, status: 303,
			form: with("to", "2026-12-17T14:00:00+01:00"),
			did:  "mia: undo mia/raj 2026-12-15 to 2026-12-17T13:00:00Z"},
		{name: "seen", path: "/pairs/mia/raj/acknowledge", form: flag, who: asRaj, status: 303,
			did: "raj: acknowledge " + shown.Flag},
		{name: "seen, without what", path: "/pairs/mia/raj/acknowledge", who: asRaj, status: 400},
		{name: "ask", path: "/pairs/mia/raj/ask-restore", form: flag, who: asRaj, status: 303,
			did: "raj: ask-restore mia/raj 2026-12-15"},
		{name: "another by now", path: "/pairs/mia/raj/acknowledge", form: flag, who: asMia, refused: refused, status: 409,
			did: "mia: acknowledge " + shown.Flag, says: "It has changed since it was shown"},
		{name: "not theirs to do", path: "/pairs/mia/raj/restore", form: flag, who: asRaj, status: 409,
			result: act.Result{Came: deed.Refused, Why: say.NotDone{Reason: string(act.MayAsk)}},
			did:    "raj: restore mia/raj 2026-12-15", says: "you can ask them"},
		{name: "did not work", path: "/pairs/mia/raj/restore", form: flag, who: asMia, status: 409,
			result: act.Result{Came: deed.Failed, Why: say.NotDone{Because: []string{"the server is down"}}},
			did:    "mia: restore mia/raj 2026-12-15", says: "The server is down."},
		{name: "broken", path: "/pairs/mia/raj/restore", form: flag, who: asMia, refused: errors.New("secret"), status: 500,
			did: "mia: restore mia/raj 2026-12-15", says: "Nothing is lost"},
		{name: "an unknown deed", path: "/pairs/mia/raj/allow", form: flag, who: asMia, status: 404},
		{name: "of others", path: "/pairs/mia/raj/restore", form: flag, who: asLee, status: 404},
		{name: "as admin", path: "/pairs/mia/raj/restore", form: flag, who: asAdmin, status: 404},
		{name: "allow", path: "/admin/allow", form: url.Values{"change": {"a d1", "b d2", "c"}}, who: asAdmin, status: 303,
			did: ": allow map[a:d1 b:d2]", leads: "/admin"},
		{name: "allow, as none who may", path: "/admin/allow", form: url.Values{"change": {"a d1"}}, who: asMia, status: 404,
			refused: &act.Refused{Deed: act.Allow, Reason: act.AdminsOnly}, did: "mia: allow map[a:d1]"},
		{name: "it is empty", path: "/admin/confirm-empty", form: url.Values{"person": {"dora"}}, who: asAdmin, status: 303,
			did: ": confirm-empty dora"},
		{name: "wishes", path: "/me/wishes", form: url.Values{"channel": {"slack", "pigeon"}, "digest": {"on"}}, who: asMia,
			status: 303, did: "mia: wishes [slack]", leads: "/me"},
		{name: "as the roster says", path: "/me/wishes", form: url.Values{"as": {"roster"}, "channel": {"slack"}}, who: asMia,
			status: 303, did: "mia: wishes []"},
		{name: "feed", path: "/me/feed", who: asMia, status: 200, did: `mia: make feed ""`,
			says: "https://example.com/calendar/hff_"},
		{name: "token", path: "/me/tokens", form: url.Values{"name": {"script"}, "days": {"30"}}, who: asMia, status: 200,
			did: `mia: make self "script"`, says: "hfp_"},
		{name: "token without a name", path: "/me/tokens", form: url.Values{"name": {" "}}, who: asMia, status: 409,
			says: "A token needs a name"},
		{name: "revoke", path: "/me/tokens/revoke", form: url.Values{"name": {"script"}}, who: asMia, status: 303,
			did: `mia: revoke "script"`},
		{name: "a token of operation", path: "/me/tokens", form: url.Values{"name": {"x"}}, who: asAdmin, status: 404},
		{name: "revoke one of operation", path: "/me/tokens/revoke", form: url.Values{"name": {"x"}}, who: asAdmin,
			status: 404},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := &org{who: x.who, signedIn: true, result: x.result, refused: x.refused}
			w := post(open(t, o, "https://example.com"), x.path, x.form)
			did := ""
			for _, d := range o.did {
				if !strings.Contains(d, "looked at") {
					did, _, _ = strings.Cut(d, " as ")
				}
			}
			if w.Code != x.status || did != x.did || !strings.Contains(w.Body.String(), x.says) {
				t.Errorf("%d, did %q: %s", w.Code, did, w.Body)
			}
			if x.leads != "" && w.Header().Get("Location") != x.leads {
				t.Errorf("leads to %q", w.Header().Get("Location"))
			}
			if x.status != 303 && w.Code == 200 && w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("what is shown once may be kept: %v", w.Header())
			}
		})
	}
}

// TestNobodyActs: who is not signed in does nothing, and is asked to sign in.
func TestNobodyActs(t *testing.T) {
	for _, path := range []string{"/pairs/mia/raj/restore", "/admin/allow", "/admin/confirm-empty", "/me/wishes",
		"/me/feed", "/me/tokens", "/me/tokens/revoke"} {
		o := &org{}
		w := post(open(t, o, "https://example.com"), path, nil)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/signin" || len(o.did) > 0 {
			t.Errorf("%s: %d %v", path, w.Code, o.did)
		}
	}
}

// TestFromElsewhere: a form of another site does nothing.
func TestFromElsewhere(t *testing.T) {
	for _, head := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
		{"Origin": "null"},
	} {
		o := &org{who: asMia, signedIn: true}
		r := httptest.NewRequest(http.MethodPost, "https://example.com/pairs/mia/raj/restore", nil)
		for k, v := range head {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		open(t, o, "https://example.com").ServeHTTP(w, r)
		if w.Code != http.StatusForbidden || len(o.did) > 0 || !strings.Contains(w.Body.String(), "another site") {
			t.Errorf("%v: %d %v", head, w.Code, o.did)
		}
	}
}

// TestDoneIsSaidOnce: the page after a deed says so, and the next one does not.
func TestDoneIsSaidOnce(t *testing.T) {
	o := &org{who: asMia, signedIn: true}
	h := open(t, o, "https://example.com")
	w := post(h, "/pairs/mia/raj/invite", nil)
	page := func(c *http.Cookie) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "https://example.com/pairs/mia/raj", nil)
		if c != nil {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	cookie := w.Result().Cookies()[0]
	if cookie.Name != saidCookie || !cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode {
		t.Errorf("%v", cookie)
	}
	if w := page(cookie); !strings.Contains(w.Body.String(), "The invitation was sent again") &&
		!strings.Contains(w.Body.String(), "the invitation was sent again") || w.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("%v %s", w.Result().Cookies(), w.Body)
	}
	if w := page(nil); strings.Contains(w.Body.String(), "was sent again") {
		t.Errorf("said again: %s", w.Body)
	}
	if w := page(&http.Cookie{Name: saidCookie, Value: "<b>"}); w.Code != http.StatusOK {
		t.Errorf("%d", w.Code)
	}
}

// TestParts: the script of a page gets its parts alone, nothing where they are as it has them, and no look is entered.
func TestParts(t *testing.T) {
	o := &org{who: asMia, signedIn: true}
	h := open(t, o, "https://example.com")
	ask := func(tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "https://example.com/pairs/mia/raj", nil)
		r.Header.Set(partHeader, "1")
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	first := ask("")
	if body := first.Body.String(); first.Code != 200 || strings.Contains(body, "<html") ||
		!strings.Contains(body, `id="part-flags" data-part`) || len(o.did) > 0 {
		t.Errorf("%d, did %v: %s", first.Code, o.did, body)
	}
	if again := ask(first.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("%d %s", again.Code, again.Body)
	}
	whole := get(h, "/pairs/mia/raj")
	if whole.Header().Get("ETag") == first.Header().Get("ETag") ||
		whole.Header().Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%v", whole.Header())
	}
	if !slices.Equal(o.did, []string{"mia: looked at pair of [mia/raj]"}) {
		t.Errorf("%v", o.did)
	}
	o.signedIn = false
	if w := ask(""); w.Code != http.StatusUnauthorized {
		t.Errorf("signed out: %d", w.Code)
	}
}

// TestBelowAPath: all links carry the path of the URL.
func TestBelowAPath(t *testing.T) {
	links := regexp.MustCompile(`(?:href|src|action|data-live)="(/[^"]*)"`)
	for _, s := range samples {
		h := open(t, &org{who: s.who, signedIn: true}, "https://example.com/one")
		for _, prefix := range []string{"", "/one"} { // whether the proxy takes it away or not
			w := get(h, prefix+s.path)
			if w.Code != http.StatusOK && s.name != "none" {
				t.Errorf("%s: %d", s.path, w.Code)
			}
			for _, m := range links.FindAllStringSubmatch(w.Body.String(), -1) {
				if !strings.HasPrefix(m[1], "/one/") {
					t.Errorf("%s leads to %s", s.path, m[1])
				}
			}
		}
	}
}

// TestStream: a page hears of a change of its own 1:1, a fifth one gets none, and the end of the session ends it.
func TestStream(t *testing.T) {
	o := &org{who: asMia, signedIn: true, over: make(chan struct{})}
	server := httptest.NewServer(open(t, o, "http://127.0.0.1"))
	defer server.Close()
	var streams []*http.Response
	for range streamsEach {
		r, err := http.Get(server.URL + "/live?pair=mia/raj")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		streams = append(streams, r)
	}
	first := streams[0]
	if first.StatusCode != 200 || first.Header.Get("Content-Type") != "text/event-stream" ||
		!strings.Contains(first.Header.Get("Cache-Control"), "no-store") || first.Header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("%d %v", first.StatusCode, first.Header)
	}
	until(t, first, "event: open")
	if r, err := http.Get(server.URL + "/live"); err != nil || r.StatusCode != http.StatusNoContent {
		t.Errorf("the fifth: %v %v", r, err)
	}
	o.hub.Publish(series.Pair{Manager: "mia", Report: "lee"})
	o.hub.Publish(miaRaj)
	if text := until(t, first, "event: change"); strings.Count(text, "event:") != 1 || strings.Contains(text, "raj") {
		t.Errorf("%q", text)
	}
	close(o.over)
	until(t, first, "")
}

// until reads the stream up to the text and the end of its message; "" to its end.
func until(t *testing.T, r *http.Response, text string) string {
	t.Helper()
	var got strings.Builder
	buffer := make([]byte, 1)
	for text == "" || !strings.Contains(got.String(), text) || !strings.HasSuffix(got.String(), "\n\n") {
		n, err := r.Body.Read(buffer)
		got.Write(buffer[:n])
		if err != nil {
			if text != "" {
				t.Fatalf("%v after %q", err, got.String())
			}
			break
		}
	}
	return got.String()
}

// TestEveryKindOfFlag: each kind has a page, with all that a person might do about it.
func TestEveryKindOfFlag(t *testing.T) {
	kinds := []drift.Kind{drift.Moved, drift.Cancelled, drift.Shortened, drift.DeclinedKind, drift.PlaceChanged,
		drift.LinkChanged, drift.GuestAdded, drift.GuestRemoved, drift.RoomDeclined, drift.NotBusy, drift.DoubleBooked,
		drift.SeriesMoved, drift.SeriesEnded, drift.CopyDiffers, drift.Undelivered, drift.Duplicate, drift.SlotUnfit,
		drift.DocMissing, drift.DocUnreadable, drift.DocOvershared}
	to := tuesday
	to.Weekday = time.Thursday
	for _, k := range kinds {
		for _, day := range []series.Date{{}, date(time.December, 15)} {
			f := drift.Flag{Pair: miaRaj, Kind: k, Occurrence: day, Since: now, From: series.AspectOf(tuesday),
				To: series.AspectOf(to), By: drift.ByReport, Detail: `<script>"`}
			o := &org{who: asMia, signedIn: true, flags: []see.Flag{{Flag: f, Shown: act.ShownOf(f), May: onPairs}}}
			o.flags = append(o.flags, o.flags[0])
			for _, who := range []act.Actor{asMia, asRaj} {
				o.who = who
				for _, path := range []string{"/pairs/mia/raj", "/"} {
					w := get(open(t, o, "https://example.com"), path)
					if body := w.Body.String(); w.Code != http.StatusOK || strings.Contains(body, "<script>") {
						t.Errorf("%s on %s: %d %s", k, path, w.Code, body)
					}
				}
			}
		}
	}
	if len(kinds) != len(regexp.MustCompile(`(?m)^\t\w+ +Kind = "`).FindAllString(read(t, "../drift/drift.go"), -1)) {
		t.Error("not all kinds of flag are here")
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestStatesOfThePage: what is old, what fails, and what was never read is said.
func TestStatesOfThePage(t *testing.T) {
	o := &org{who: asMia, signedIn: true, broken: errors.New("secret")}
	for path, who := range map[string]act.Actor{"/": asMia, "/pairs/mia/raj": asMia, "/me": asMia, "/admin": asAdmin} {
		o.who = who
		if w := get(open(t, o, "https://example.com"), path); w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	r := say.Reader{Zone: berlin, Now: now}
	for round, want := range map[time.Time]string{
		{}:                      "has not looked at any calendar yet",
		now.Add(-time.Minute):   "",
		now.Add(-2 * time.Hour): "2 hours ago",
	} {
		h, f := &handler{}, frame{}
		h.Unwritable = func() bool { return want != "" }
		h.live(&f, r, round, false, "")
		if text := strings.Join(f.Banner, " "); want != "" && (!strings.Contains(text, want) ||
			!strings.Contains(text, "cannot write down")) || want == "" && text != "" {
			t.Errorf("%v: %q", round, text)
		}
	}
	for _, s := range []reconcile.State{reconcile.Stale, reconcile.Held, reconcile.Flagged, reconcile.Unbooked,
		reconcile.OnSlot} {
		if stateMarks[s] == "" || stateOf(r, s, 1).Text == "" {
			t.Errorf("%s has no shape or no word", s)
		}
	}
	if got := stateOf(r, "", 0).Text; got != "not in the roster any more" { // of a pair of before
		t.Error(got)
	}
}

// TestWords: the catalogue has what pages say, and nothing that none says.
func TestWords(t *testing.T) {
	var sources strings.Builder
	for _, pattern := range []string{"*.go", "pages/*.html", "pages/layout/*.html"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if !strings.HasSuffix(name, "_test.go") {
				sources.WriteString(read(t, name))
			}
		}
	}
	said := map[string]bool{}
	var begins []string // of names that go on with a value
	for _, m := range regexp.MustCompile(`(?:Word\(|Fill\(|word )"([^"]+)"`).FindAllStringSubmatch(sources.String(), -1) {
		if said[m[1]] = true; strings.HasSuffix(m[1], ".") {
			begins = append(begins, m[1])
		}
	}
	has := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^ui\.([^:]+):`).FindAllStringSubmatch(read(t, "../say/text/en.txt"), -1) {
		has[m[1]] = true
		if !said[m[1]] && !slices.ContainsFunc(begins, func(b string) bool { return strings.HasPrefix(m[1], b) }) {
			t.Errorf("no page says ui.%s", m[1])
		}
	}
	for name := range said {
		if !has[name] && !strings.HasSuffix(name, ".") {
			t.Errorf("there is no ui.%s", name)
		}
	}
	for d := range saids {
		if !has["done."+d] {
			t.Errorf("nothing says that %s is done", d)
		}
	}
	for _, why := range []string{"start", "poll", "signal", "roster", "late", "push", "act"} {
		if !has["round.why."+why] {
			t.Errorf("nothing says that a round was made for %s", why)
		}
	}
	for _, k := range []deed.Kind{deed.Accept, deed.Restore, deed.RestoreOne, deed.Rebook, deed.Undo, deed.Invite,
		deed.AskAccept, deed.AskRestore, deed.Acknowledge, deed.Unacknowledge} {
		if !has["did."+string(k)] || !saids[string(k)] {
			t.Errorf("nothing says who did %s", k)
		}
	}
}

// TestPanic: a page that panics is answered for, and the log has where, and nothing of what it was about.
func TestPanic(t *testing.T) {
	var log strings.Builder
	h := &handler{Options: Options{Log: zerolog.New(&log)}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /pairs/{pair}", func(http.ResponseWriter, *http.Request) { panic("canary") })
	w := get(h.whole(mux), "/pairs/raj")
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "Nothing is lost") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	if text := log.String(); !strings.Contains(text, "GET /pairs/{pair}") || !strings.Contains(text, "TestPanic") ||
		strings.Contains(text, "canary") || strings.Contains(text, "raj") {
		t.Errorf("logged: %s", text)
	}
}

// BenchmarkPair is a page of a pair, without what reads the journal.
func BenchmarkPair(b *testing.B) {
	o := &org{who: asMia, signedIn: true}
	h := open(b, o, "https://example.com")
	for b.Loop() {
		if w := get(h, "/pairs/mia/raj"); w.Code != 200 {
			b.Fatal(w.Code)
		}
		o.did = o.did[:0]
	}
	b.ReportMetric(float64(len(fmt.Sprint(get(h, "/pairs/mia/raj").Body))), "bytes")
}

// TestLeadsBelowAPath: what leads on carries the path of the URL, too.
func TestLeadsBelowAPath(t *testing.T) {
	admin := open(t, &org{who: asAdmin, signedIn: true}, "https://example.com/one")
	if to := get(admin, "/").Header().Get("Location"); to != "/one/admin" {
		t.Errorf("an admin who is nobody else is led to %q", to)
	}
	w := post(open(t, &org{who: asMia, signedIn: true}, "https://example.com/one"), "/one/pairs/mia/raj/invite", nil)
	if to := w.Header().Get("Location"); to != "/one/pairs/mia/raj" || w.Result().Cookies()[0].Path != "/one" {
		t.Errorf("led to %q with %v", to, w.Result().Cookies())
	}
}

// TestUndoable: a make-up of a cancelled meeting can be taken back for a day, by who did not take it back already.
func TestUndoable(t *testing.T) {
	made := see.Deed{About: drift.Cancelled, Deed: deed.Deed{ID: 1, At: now.Add(-time.Hour), Kind: act.Rebook,
		Occurrence: date(time.December, 1), To: now.Add(time.Hour), Result: deed.Done}}
	with := func(change func(*see.Deed)) see.Deed {
		d := made
		change(&d)
		return d
	}
	back := with(func(d *see.Deed) { d.ID, d.Kind = 2, act.Undo })
	failed := with(func(d *see.Deed) { d.ID, d.Kind, d.Result = 2, act.Undo, deed.Failed })
	for name, x := range map[string]struct {
		d     see.Deed
		later []see.Deed
		want  bool
	}{
		"just made":  {d: made, want: true},
		"taken back": {d: made, later: []see.Deed{back}},
		"in vain":    {d: made, later: []see.Deed{failed}, want: true},
		"long ago":   {d: with(func(d *see.Deed) { d.At = now.Add(-25 * time.Hour) })},
		"begun":      {d: with(func(d *see.Deed) { d.To = now })},
		"failed":     {d: with(func(d *see.Deed) { d.Result = deed.Failed })},
		"of one that was moved": {
			d:    with(func(d *see.Deed) { d.About, d.Was = drift.Moved, now.Add(2*time.Hour) }),
			want: true,
		},
		"another deed": {d: with(func(d *see.Deed) { d.Kind = act.Restore })},
	} {
		if got := undoable(now, append(x.later, x.d), x.d); got != x.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestCode: what stands between backticks is code, and nothing else is markup.
func TestCode(t *testing.T) {
	if got := code("a <b> `holdfast x` `c"); got != "a &lt;b&gt; <code>holdfast x</code> <code>c</code>" {
		t.Errorf("%s", got)
	}
}

// TestHeldIsOffered: what waits for one of the two has its buttons on their list.
func TestHeldIsOffered(t *testing.T) {
	h := &handler{base: "/one"}
	item := h.needOf(say.Reader{Now: now}, say.OneOnOne{}, see.Need{
		Pair: miaRaj,
		Flag: see.Flag{May: []act.Deed{act.Accept, act.AskAccept, act.Restore}},
		Held: &plan.Held{Change: plan.Change{Pair: miaRaj, Action: plan.Update}, Because: "people moved it"},
	})
	if len(item.Acts) != 2 || item.Acts[0].Href != "/one/pairs/mia/raj/accept" || item.Why[0] != "People moved it." {
		t.Errorf("%+v", item)
	}
}
