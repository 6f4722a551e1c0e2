package caldav

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider"

	"github.com/google/go-cmp/cmp"
)

func TestDiscoverRealServers(t *testing.T) {
	for _, s := range realServers(t) {
		t.Run(s.name, func(t *testing.T) {
			for _, user := range []string{"mia", "raj"} {
				cal, err := Open(s.options(user)).calendar(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(strings.ReplaceAll(s.calendar, "{user}", user), cal.url.String()); diff != "" {
					t.Errorf("%s: want -, got +\n%s", user, diff)
				}
				own := []string{user + "@example.test"}
				if s.name == "radicale" {
					own = nil // it knows no addresses
				}
				o := s.options(user)
				s.asService(&o, user)
				others, err := Open(o).calendar(t.Context())
				if err != nil || !slices.Equal(cal.owners, own) || !slices.Equal(others.owners, own) {
					t.Errorf("owners %v, by the service account %v (%v), want %v", cal.owners, others.owners, err, own)
				}
			}
		})
	}
}

// canned is a server that answers PROPFINDs on a path with these properties, one resource a line: href and properties.
func canned(t *testing.T, answers map[string]string) Options {
	_, o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, ok := answers[r.URL.Path]
		if !ok || r.Method != "PROPFIND" {
			w.WriteHeader(map[bool]int{true: http.StatusOK, false: http.StatusNotFound}[ok])
			return
		}
		var b strings.Builder
		b.WriteString(`<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">`)
		for line := range strings.Lines(body) {
			href, props, _ := strings.Cut(strings.TrimSpace(line), " ")
			if r.Header.Get("Depth") == "1" || href == r.URL.Path {
				b.WriteString("<response><href>" + href + "</href><propstat><prop>" + props + "</prop><status>HTTP/1.1 200 OK</status></propstat></response>")
			}
		}
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = io.WriteString(w, b.String()+"</multistatus>")
	})
	return o
}

func TestChoiceOfCalendar(t *testing.T) {
	const (
		calendar = `<resourcetype><collection/><C:calendar/></resourcetype>`
		events   = `<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>`
		tasks    = `<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set>`
		me       = `<current-user-principal><href>/p/</href></current-user-principal><resourcetype><collection/></resourcetype>`
		home     = `<C:calendar-home-set><href>/h/</href></C:calendar-home-set>`
		address  = `<C:calendar-user-address-set><href>mailto%3AMia%40example.test</href><href>/p/</href></C:calendar-user-address-set>`
		boxes    = `<C:schedule-inbox-URL><href>/h/.in/</href></C:schedule-inbox-URL><C:schedule-outbox-URL><href>/h/.out/</href></C:schedule-outbox-URL>`
	)
	for name, tc := range map[string]struct {
		want    string
		answers map[string]string
	}{
		"the usual name": {"/h/personal/", map[string]string{"/": "/ " + me, "/p/": "/p/ " + home + address,
			"/h/":          "/h/ <resourcetype><collection/></resourcetype>\n/h/a/ " + calendar + "\n/h/personal/ " + calendar + events + "\n/h/default/ " + calendar + tasks,
			"/h/personal/": "/h/personal/ " + calendar + events}},
		"the first by path": {"/h/a/", map[string]string{"/": "/ " + me, "/p/": "/p/ " + home + address,
			"/h/": "/h/b/ " + calendar + "\n/h/a/ " + calendar, "/h/a/": "/h/a/ " + calendar}},
		"where invitations land": {"/h/z/", map[string]string{"/": "/ " + me, "/p/": "/p/ " + home + boxes + address,
			"/h/.in/": "/h/.in/ <C:schedule-default-calendar-URL><href>/h/z/</href></C:schedule-default-calendar-URL>", "/h/z/": "/h/z/ " + calendar}},
		"boxes that pretend to be calendars (DAViCal)": {"/h/x/", map[string]string{"/": "/ " + me, "/p/": "/p/ " + home + boxes + address,
			"/h/": "/h/.in/ " + calendar + "\n/h/.out/ " + calendar + "\n/h/x/ " + calendar, "/h/.in/": "/h/.in/ " + calendar, "/h/x/": "/h/x/ " + calendar}},
		"an outbox that is the calendar (SOGo)": {"/h/.out/", map[string]string{"/": "/ " + me, "/p/": "/p/ " + home + boxes + address,
			"/h/":     "/h/.out/ <resourcetype><C:calendar/><C:schedule-outbox/></resourcetype>\n/h/.in/ <resourcetype><C:schedule-inbox/></resourcetype>",
			"/h/.in/": "/h/.in/ ", "/h/.out/": "/h/.out/ <resourcetype><C:calendar/><C:schedule-outbox/></resourcetype>"}},
		"two homes": {"/h2/default/", map[string]string{"/": "/ " + me, "/p/": "/p/ <C:calendar-home-set><href>/h/</href><href>/h2/</href></C:calendar-home-set>" + address,
			"/h/": "/h/a/ " + calendar, "/h2/": "/h2/default/ " + calendar, "/h2/default/": "/h2/default/ " + calendar}},
	} {
		t.Run(name, func(t *testing.T) {
			o := canned(t, tc.answers)
			got, err := Open(o).calendar(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.path() != tc.want || !slices.Equal(got.addresses, []string{"mia@example.test"}) || got.sync || got.schedules {
				t.Errorf("chose %+v at %s", got, got.path())
			}
		})
	}
}

// Whose calendar it is comes from its owner's principal, never from the account that happens to log in.
func TestOwnersAddresses(t *testing.T) {
	const (
		calendar = `<resourcetype><collection/><C:calendar/></resourcetype>`
		account  = `<current-user-principal><href>/svc/</href></current-user-principal>`
		owner    = `<owner><href>/mia/</href></owner>`
		mia      = "/mia/ <C:calendar-user-address-set><href>mailto:Mia@example.test</href>" +
			"<href>mailto:mia.chen@example.com</href><href>/mia/</href></C:calendar-user-address-set>"
		svc = "/svc/ <C:calendar-user-address-set><href>mailto:svc@example.test</href></C:calendar-user-address-set>"
	)
	both := []string{"mia@example.test", "mia.chen@example.com"}
	for name, tc := range map[string]struct {
		configured string
		answers    map[string]string
		want       []string
	}{
		"a service account": {"/c/", map[string]string{
			"/c/": "/c/ " + calendar + account + owner, "/mia/": mia, "/svc/": svc}, both},
		"a service account that may not ask": {"/c/", map[string]string{
			"/c/": "/c/ " + calendar + account + owner, "/svc/": svc}, nil},
		"a service account, and no owner": {"/c/", map[string]string{"/c/": "/c/ " + calendar + account, "/svc/": svc}, nil},
		"their own": {"/c/", map[string]string{
			"/c/":  "/c/ " + calendar + "<current-user-principal><href>/mia</href></current-user-principal>" + owner,
			"/mia": "/mia" + mia[5:]}, both},
		"their own, found": {"", map[string]string{
			"/":     "/ <current-user-principal><href>/mia/</href></current-user-principal>",
			"/mia/": mia + "<C:calendar-home-set><href>/h/</href></C:calendar-home-set>",
			"/h/":   "/h/c/ " + calendar, "/h/c/": "/h/c/ " + calendar}, both},
	} {
		t.Run(name, func(t *testing.T) {
			o := canned(t, tc.answers)
			o.Calendar = tc.configured
			got, err := Open(o).calendar(t.Context())
			if err != nil || !slices.Equal(got.owners, tc.want) {
				t.Errorf("owners %v (%v), want %v", got.owners, err, tc.want)
			}
		})
	}
}

func TestNoCalendarIsExplained(t *testing.T) {
	for name, answers := range map[string]map[string]string{
		"no service": {},
		"no calendar": {"/": "/ <current-user-principal><href>/p/</href></current-user-principal>",
			"/p/": "/p/ <C:calendar-home-set><href>/h/</href></C:calendar-home-set>", "/h/": "/h/ <resourcetype><collection/></resourcetype>"},
	} {
		_, err := Open(canned(t, answers)).calendar(t.Context())
		if err = fail("observe", err); provider.KindOf(err) != provider.Permanent || !strings.Contains(provider.HintOf(err), "calendar") {
			t.Errorf("%s: %v, hint %q", name, err, provider.HintOf(err))
		}
	}
}

// A server without sync-collection is listed whole every time.
func TestServerWithoutSync(t *testing.T) {
	s, changed := rewriting(t, "sync-", "no-")
	w := watch(t, s, "mia")
	ref := w.book()
	w.put("dentist.ics", foreign("DTSTART:20261203T100000Z\nDTEND:20261203T110000Z"))
	w.look()
	w.look()
	w.must(w.Relocate(ref.ID, time.Time{}, "Garden"))
	if got := w.look(); *changed == 0 || len(got.Series) != 1 || got.Series[0].Place != "Garden" {
		t.Errorf("%d answers changed, %d series", *changed, len(got.Series))
	}
	w.must(w.Delete(ref.ID))
	if got := w.look(); len(got.Series) != 0 || len(got.Gone) != 1 || got.Gone[0].Proven {
		t.Errorf("%d series, gone %+v", len(got.Series), got.Gone)
	}
	if got := w.look(); len(got.Gone) != 1 || !got.Gone[0].Proven {
		t.Errorf("gone %+v", got.Gone)
	}
}
