package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/clock"
	"holdfast/internal/provider/google/googletest"
)

// People connect from a machine without a browser, and their calendars can be used then. What one takes back makes that
// calendar stale, until they connect again.
func TestAuthGoogle(t *testing.T) {
	s := googletest.New(googletest.Options{Clock: clock.System, Users: []googletest.User{{Email: "mia@example.com", Name: "Mia", Zone: "Europe/Berlin"},
		{Email: "raj@example.com", Name: "Raj", Zone: "Europe/Berlin"}},
		Clients: []googletest.OAuthClient{{ID: "desktop", Secret: "s"}}})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.SetBase(server.URL)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"client.json": string(s.ClientJSON("desktop")),
		"key":         strings.Repeat("k", 44),
		"holdfast.yaml": fmt.Sprintf("org: acme\nroster: [roster.yaml]\ncalendars: {g: {google: {oauth_client_file: client.json, token_key_file: key, endpoint: %s}}}\n",
			server.URL),
		"roster.yaml": "people:\n  mia: {name: Mia, email: mia@example.com, calendar: g, zone: Europe/Berlin}\n" +
			"  raj: {name: Raj, email: raj@example.com, calendar: g, zone: Europe/Berlin}\none_on_ones:\n  - {manager: mia, reports: [{report: raj, slot: Tue 10:00}]}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(in io.Reader, errs io.Writer, args ...string) (int, string) {
		var out bytes.Buffer
		code := Run(t.Context(), append(args, "--config", filepath.Join(dir, "holdfast.yaml")), IO{In: in, Out: &out, Err: errs, Clock: clock.System})
		return code, out.String()
	}
	if code, out := run(nil, io.Discard, "doctor"); code != 1 {
		t.Fatalf("doctor before: %d\n%s", code, out)
	}
	connect := func(id string) {
		t.Helper()
		typed, keyboard := io.Pipe()
		screen, shown := io.Pipe()
		go func() {
			browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			for lines := bufio.NewScanner(screen); lines.Scan(); {
				if address := strings.TrimSpace(lines.Text()); strings.HasPrefix(address, server.URL) {
					if res, err := browser.Get(address); err == nil {
						_ = res.Body.Close()
						go fmt.Fprintln(keyboard, res.Header.Get("Location")) // while the screen goes on
					}
				}
			}
		}()
		code, out := run(typed, shown, "auth", "google", id, "--no-browser")
		_ = shown.Close()
		if code != 0 || !strings.Contains(out, id+" is connected") {
			t.Fatalf("auth: %d\n%s", code, out)
		}
	}
	connect("mia")
	connect("raj")
	if code, out := run(nil, os.Stderr, "doctor"); code != 0 {
		t.Errorf("doctor after: %d\n%s", code, out)
	}
	if code, out := run(nil, os.Stderr, "sync"); code != 0 || len(s.Mails()) != 1 {
		t.Fatalf("sync: %d, %d mails\n%s", code, len(s.Mails()), out)
	}
	s.Reset()
	s.Revoke("mia@example.com")
	for range 2 {
		var errs bytes.Buffer
		code, out := run(nil, &errs, "sync")
		if text := errs.String(); code != 1 || strings.Count(text, "the calendar of mia cannot be read") != 1 || !strings.Contains(text, "hint: ") || !strings.Contains(text, "holdfast auth google mia") {
			t.Fatalf("sync without a consent: %d\n%s%s", code, out, text)
		}
	}
	if code, out := run(nil, os.Stderr, "status"); code != 0 || !strings.Contains(out, " stale ") {
		t.Errorf("status: %d\n%s", code, out)
	}
	if code, out := run(nil, os.Stderr, "flags"); code != 0 || strings.Contains(out, "mia/raj") {
		t.Errorf("flags: %d\n%s", code, out)
	}
	connect("mia")
	if code, out := run(nil, os.Stderr, "sync"); code != 0 || len(s.Writes()) > 0 {
		t.Errorf("sync with a new consent: %d, %d writes\n%s", code, len(s.Writes()), out)
	}
}
