package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/internal/clock"
	"holdfast/internal/provider/google/googletest"
)

// desk is a terminal at a machine whose people have their calendars at a double of Google.
type desk struct {
	*testing.T
	*googletest.Server
	dir string
	now time.Time
}

// newDesk has mia and raj, who have a 1:1, with an OAuth client, or with a service account of those scopes.
func newDesk(t *testing.T, scopes ...string) *desk {
	d := &desk{T: t, dir: t.TempDir(), now: clock.System()}
	d.Server = googletest.New(googletest.Options{Clock: func() time.Time { return d.now },
		Users:      []googletest.User{{Email: "mia@example.com", Name: "Mia", Zone: "Europe/Berlin"}, {Email: "raj@example.com", Name: "Raj", Zone: "Europe/Berlin"}},
		Clients:    []googletest.OAuthClient{{ID: "desktop", Secret: "s", Testing: true}},
		Delegation: []googletest.ServiceAccount{{Email: "holdfast@project.iam.gserviceaccount.com", Scopes: scopes}}})
	server := httptest.NewServer(d.Server)
	t.Cleanup(server.Close)
	d.SetBase(server.URL)
	credentials := "oauth_client_file: client.json, token_key_file: key"
	if scopes != nil {
		credentials = "service_account_file: account.json"
	}
	for name, text := range map[string]string{
		"client.json":   string(d.ClientJSON("desktop")),
		"account.json":  string(d.ServiceAccountJSON("holdfast@project.iam.gserviceaccount.com")),
		"key":           strings.Repeat("k", 44),
		"holdfast.yaml": fmt.Sprintf("org: acme\nroster: [roster.yaml]\ncalendars: {g: {google: {%s, endpoint: %s}}}\n", credentials, server.URL),
		"roster.yaml": "people:\n  mia: {name: Mia, email: mia@example.com, calendar: g, zone: Europe/Berlin}\n" +
			"  raj: {name: Raj, email: raj@example.com, calendar: g, zone: Europe/Berlin}\none_on_ones:\n  - {manager: mia, reports: [{report: raj, slot: Tue 10:00}]}\n",
	} {
		if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// run types a command; screen is told of what goes to stderr.
func (d *desk) run(ctx context.Context, in io.Reader, screen io.Writer, args ...string) (code int, said string) {
	var out bytes.Buffer
	code = Run(ctx, append(args, "--config", filepath.Join(d.dir, "holdfast.yaml")), IO{In: in, Out: &out, Err: io.MultiWriter(&out, screen), Clock: func() time.Time { return d.now }})
	return code, out.String()
}

// wants sees that the command ends with that code and says all of that.
func (d *desk) wants(code int, said string, wantCode int, want ...string) {
	d.Helper()
	for _, w := range want {
		if !strings.Contains(strings.Join(strings.Fields(said), " "), w) {
			d.Errorf("it does not say %q", w)
		}
	}
	if code != wantCode || d.Failed() {
		d.Errorf("exit code %d, want %d:\n%s", code, wantCode, said)
	}
}

// auth connects somebody from a machine without a browser. What their browser, elsewhere, ends up with is pasted: the address that
// it is sent to, or the page that it shows.
func (d *desk) auth(person string) (code int, said string) {
	typed, keyboard := io.Pipe()
	screen, shown := io.Pipe()
	defer shown.Close()
	go func() {
		browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		for lines := bufio.NewScanner(screen); lines.Scan(); {
			address := strings.TrimSpace(lines.Text())
			if !strings.HasPrefix(address, d.Base()) {
				continue
			}
			if res, err := browser.Get(address); err == nil {
				page, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				ends := res.Header.Get("Location")
				if ends == "" {
					ends = string(page)
				}
				go fmt.Fprintln(keyboard, ends) // while the screen goes on
			}
		}
	}()
	return d.run(d.Context(), typed, shown, "auth", "google", person, "--no-browser")
}

// doctor looks at mia's calendar.
func (d *desk) doctor() (code int, said string) {
	return d.run(d.Context(), nil, io.Discard, "doctor", "mia")
}

// What is kept of a consent can be deleted, also of somebody who is in the roster no more, and twice.
func TestAuthForget(t *testing.T) {
	d := newDesk(t)
	code, said := d.auth("mia")
	d.wants(code, said, 0, "mia is connected")
	for _, person := range []string{"mia", "mia", "gone"} {
		code, said = d.run(d.Context(), nil, io.Discard, "auth", "google", person, "--forget")
		d.wants(code, said, 0, "What was kept of "+person+"'s consent is deleted")
	}
	code, said = d.doctor()
	d.wants(code, said, 1, "sign in: person mia has not connected")
}

// A person connects from a machine without a browser, and the calendar can be read then. What ends that later is told with
// what to do.
func TestAuthGoogle(t *testing.T) {
	d := newDesk(t)
	code, said := d.doctor()
	d.wants(code, said, 1, "sign in: person mia has not connected", "holdfast auth google mia")
	if strings.Contains(said, "sign in: sign in") {
		t.Errorf("told twice:\n%s", said)
	}
	code, said = d.auth("mia")
	d.wants(code, said, 0, "Should Google say \"Access blocked\"", "App access control", "mia is connected")
	code, said = d.doctor()
	d.wants(code, said, 0, "write: an event was stored and deleted")

	d.now = d.now.Add(8 * 24 * time.Hour)
	code, said = d.doctor()
	d.wants(code, said, 1, "invalid_grant", "holdfast auth google mia", "still in testing, where it lasts 7 days: publish it")
	code, said = d.auth("mia")
	d.wants(code, said, 0, "mia is connected")
	d.Revoke("mia@example.com")
	code, said = d.doctor()
	d.wants(code, said, 1, "invalid_grant", "the consent was withdrawn", "holdfast auth google mia")
	if err := os.WriteFile(filepath.Join(d.dir, "key"), []byte(strings.Repeat("x", 44)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, said = d.doctor()
	d.wants(code, said, 1, "does not open", "put back the key")
}

// A consent that is taken back makes that calendar stale, which is told once a round and says nothing about the meetings, until
// there is another.
func TestConsentTakenBack(t *testing.T) {
	d := newDesk(t)
	sync := func() (int, string) { return d.run(t.Context(), nil, io.Discard, "sync") }
	for _, person := range []string{"mia", "raj"} {
		code, said := d.auth(person)
		d.wants(code, said, 0, person+" is connected")
	}
	code, said := sync()
	d.wants(code, said, 0, "1 change made, 1 mail")
	d.Reset()
	d.Revoke("mia@example.com")
	for range 2 {
		code, said = sync()
		d.wants(code, said, 1, "hint: ", "holdfast auth google mia")
		if strings.Count(said, "the calendar of mia cannot be read") != 1 {
			t.Errorf("told not once:\n%s", said)
		}
	}
	code, said = d.run(t.Context(), nil, io.Discard, "status")
	d.wants(code, said, 0, " stale ")
	code, said = d.run(t.Context(), nil, io.Discard, "flags")
	if d.wants(code, said, 0); strings.Contains(said, "mia/raj") {
		t.Errorf("a flag:\n%s", said)
	}
	code, said = d.auth("mia")
	d.wants(code, said, 0, "mia is connected")
	code, said = sync()
	d.wants(code, said, 0, "Nothing to write")
	if len(d.Writes()) > 0 {
		t.Errorf("%d writes", len(d.Writes()))
	}
}

// What keeps a consent from being given is told with what to do.
func TestAuthGoogleRefused(t *testing.T) {
	for name, x := range map[string]struct {
		consent googletest.Consent
		want    []string
	}{
		"cancelled":  {googletest.Consent{User: "mia@example.com", Deny: true}, []string{"access_denied", "hint: run: holdfast auth google mia, and agree"}},
		"unticked":   {googletest.Consent{User: "mia@example.com", But: []string{"https://www.googleapis.com/auth/calendar.events.owned"}}, []string{"mia did not grant https://www.googleapis.com/auth/calendar.events.owned", "leave all boxes ticked"}},
		"admin says": {googletest.Consent{AdminPolicy: true}, []string{"admin_policy_enforced", "have it trusted in the Google admin console"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.OnConsent(func(googletest.ConsentAsked) googletest.Consent { return x.consent })
			code, said := d.auth("mia")
			d.wants(code, said, 1, x.want...)
		})
	}
	t.Run("nobody came back", func(t *testing.T) {
		d := newDesk(t)
		ctx, cancel := context.WithCancel(t.Context())
		screen, shown := io.Pipe()
		go func() {
			for lines := bufio.NewScanner(screen); lines.Scan(); {
				if strings.HasPrefix(lines.Text(), "Waiting") {
					cancel() // Ctrl-C
				}
			}
		}()
		code, said := d.run(ctx, nil, shown, "auth", "google", "mia")
		d.wants(code, said, 1, "Ctrl-C gives up", "nobody came back from Google, and nothing was kept", "hint: if it said \"Access blocked\": the organization's admin has to trust the app")
	})
	t.Run("wrong paste", func(t *testing.T) {
		d := newDesk(t)
		code, said := d.run(t.Context(), strings.NewReader("https://example.com/\n"), io.Discard, "auth", "google", "mia", "--no-browser")
		d.wants(code, said, 1, "hint: paste the whole address that the browser shows at the end, from http://127.0.0.1/ on")
	})
	t.Run("unknown person", func(t *testing.T) {
		d := newDesk(t)
		code, said := d.run(t.Context(), nil, io.Discard, "auth", "google", "mai")
		d.wants(code, said, 1, "mai", "mia")
	})
	t.Run("service account", func(t *testing.T) {
		d := newDesk(t, "calendar.events.owned")
		code, said := d.run(t.Context(), nil, io.Discard, "auth", "google", "mia")
		d.wants(code, said, 1, "uses a service account: nobody need connect", "`holdfast doctor` tells whether the delegation is as it must be")
	})
}

// Files that the settings name and that cannot be read are told by check already.
func TestCheckMissesCredentials(t *testing.T) {
	d := newDesk(t)
	for _, name := range []string{"client.json", "key"} {
		code, said := d.run(t.Context(), nil, io.Discard, "check")
		d.wants(code, said, 0)
		if strings.Contains(said, "warning") {
			t.Errorf("nothing is missing yet:\n%s", said)
		}
		path := filepath.Join(d.dir, name)
		if err := os.Rename(path, path+".bak"); err != nil {
			t.Fatal(err)
		}
		code, said = d.run(t.Context(), nil, io.Discard, "check")
		d.wants(code, said, 0, "warning: calendar g: ", name)
		if err := os.Rename(path+".bak", path); err != nil {
			t.Fatal(err)
		}
	}
}

// What keeps a service account from acting for people is told with what to do.
func TestDoctorOnServiceAccounts(t *testing.T) {
	const scope = "https://www.googleapis.com/auth/calendar.events.owned"
	for name, x := range map[string]struct {
		scope string
		spoil func(*desk)
		want  []string
	}{
		"no delegation": {"calendar.readonly", func(*desk) {}, []string{"unauthorized_client", "Domain-wide delegation) give client 100000000000000000001 exactly these scopes, and wait some minutes: " + scope}},
		"clock":         {"calendar.events.owned", func(d *desk) { d.CheckAssertionsBy(func() time.Time { return clock.System().Add(-time.Hour) }) }, []string{"set this machine's clock", "NTP"}},
		"key deleted": {"calendar.events.owned", func(d *desk) {
			d.FailNth("oauth.token", 1, googletest.Fault{
				Status:      400,
				Reason:      "invalid_grant",
				Description: "Invalid JWT Signature.",
			})
		}, []string{"Invalid JWT Signature.", "make a new key for the service account"}},
		"API is off": {"calendar.events.owned", func(d *desk) {
			d.FailNth("calendar.events.list", 1, googletest.Fault{Status: 403, Reason: "accessNotConfigured"})
		}, []string{"turn on the Google Calendar API"}},
		"no calendar": {"calendar.events.owned", func(d *desk) {
			d.FailNth("calendar.events.list", 1, googletest.Fault{Status: 403, Reason: "notACalendarUser"})
		}, []string{"the person has no Google Calendar"}},
		"token too narrow": {"calendar.events.owned", func(d *desk) {
			d.FailNth("calendar.events.insert", 1, googletest.Fault{Status: 403, Reason: "insufficientPermissions"})
		}, []string{"a permission is missing: grant " + scope}},
		"Google is down": {"calendar.events.owned", func(d *desk) { d.FailNth("oauth.token", 1, googletest.Fault{Status: 503}) }, []string{"503"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, x.scope)
			x.spoil(d)
			code, said := d.doctor()
			d.wants(code, said, 1, x.want...)
			if strings.Contains(said, "mia@") {
				t.Errorf("an address is shown:\n%s", said)
			}
		})
	}
}
