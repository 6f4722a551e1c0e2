package settings

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/series"
	"holdfast/internal/yamlpos"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what Parse answers into testdata")

func environment(name string) (string, bool) {
	v, ok := map[string]string{"DAV_PASSWORD": "hunter2", "STATE_DIRECTORY": "/var/lib/holdfast", "CREDENTIALS_DIRECTORY": "/run/credentials",
		"HOST": "dav.example.com", "EMPTY": ""}[name]
	return v, ok
}

// Each file in testdata holds a holdfast.yaml and what Parse answers: all problems, or the settings and warnings.
func TestParse(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("no testdata")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Parse("/etc/holdfast.yaml", a.Files[0].Data, environment)
			got := show(s)
			if err != nil {
				checkProblems(t, err)
				got = err.Error() + "\n"
			}
			if strings.Contains(got, "hunter2") || strings.Contains(fmt.Sprintf("%v %+v %#v", s, s, s), "hunter2") {
				t.Error("a secret shows")
			}
			if *update {
				a.Files = []txtar.File{a.Files[0], {Name: "want", Data: []byte(got)}}
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(string(a.Files[1].Data), got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

var placed = regexp.MustCompile(`^[^:]+:[1-9]\d*:[1-9]\d*: .`)

// checkProblems makes sure that every problem has its place.
func checkProblems(t *testing.T, err error) {
	t.Helper()
	var ps yamlpos.Problems
	if !errors.As(err, &ps) || len(ps) == 0 {
		t.Fatalf("%v (%T) is no list of problems", err, err)
	}
	for _, p := range ps {
		if !placed.MatchString(p.Error()) || strings.Contains(p.Error(), "\n") {
			t.Errorf("%q has no place", p.Error())
		}
	}
}

func show(s Settings) string {
	var b strings.Builder
	fmt.Fprintf(&b, "org %s\n", s.Org)
	for _, r := range s.Roster {
		fmt.Fprintf(&b, "roster %s at %s\n", r.V, r.Pos)
	}
	fmt.Fprintf(&b, "database %s\nlisten %q url %q\n", s.Database, s.Listen, s.URL)
	if s.KeepDays != keepDays {
		fmt.Fprintf(&b, "retention %d days\n", s.KeepDays)
	}
	for _, name := range slices.Sorted(maps.Keys(s.CalendarNames())) {
		c := s.Calendars[name]
		if g, ok := c.Config.(Google); ok {
			fmt.Fprintf(&b, "calendar %s service=%q client=%q tokens=%q endpoint=%q meet=%v rooms=%v poll=%s pushed=%s\n",
				name, g.ServiceAccount, g.OAuthClient, g.Tokens, g.Endpoint, g.Meet, g.Rooms, c.Poll, c.Pushed)
			continue
		}
		dav := c.Config.(CalDAV)
		fmt.Fprintf(&b, "calendar %s poll=%s file=%q\n", name, c.Poll, dav.passwordFile)
		dav.passwordFile = ""
		a, err := dav.For(series.Person{ID: "mia", Email: "mia+x@example.com"})
		fmt.Fprintf(&b, "  url=%s username=%s password=%s calendar=%q headers=%v scheduling=%s %v\n",
			a.URL, a.Username, a.Password, a.Calendar, a.Headers, a.Scheduling, err)
	}
	fmt.Fprintf(&b, "policy %+v holidays %t\n", s.Policy, s.Holidays)
	showNotify(&b, s.Notify)
	showWeb(&b, s.Web)
	for _, w := range s.Warnings {
		fmt.Fprintf(&b, "warning %s\n", w)
	}
	return b.String()
}

func showNotify(b *strings.Builder, n Notify) {
	if m := n.Mail; m != nil {
		fmt.Fprintf(b, "mail %s %s from=%q bounces=%s reply_to=%t rate=%d\n  username=%q password=%q app=%+v\n",
			m.Address, m.Security, m.From.String(), m.Bounces, m.ReplyTo, m.Rate, m.Username, m.Password, m.App)
	}
	if n.Slack != nil {
		fmt.Fprintf(b, "slack %+v\n", *n.Slack)
	}
	if n.GoogleChat != nil {
		fmt.Fprintf(b, "google_chat %+v\n", *n.GoogleChat)
	}
	for _, a := range n.Admins {
		fmt.Fprintf(b, "admin %+v\n", a)
	}
	for _, w := range n.Webhooks {
		fmt.Fprintf(b, "webhook %+v\n", w)
	}
}

func showWeb(b *strings.Builder, w Web) {
	if w.MetricsListen != "" {
		fmt.Fprintf(b, "metrics %s\n", w.MetricsListen)
	}
	for _, p := range w.Proxies {
		fmt.Fprintf(b, "proxy %s\n", p)
	}
	for _, a := range w.Admins {
		fmt.Fprintf(b, "web admin %s at %s\n", a.V, a.Pos)
	}
	if w.SignIn.Mail {
		fmt.Fprintf(b, "sign in by mail\n")
	}
	if w.SignIn.OIDC != nil {
		fmt.Fprintf(b, "sign in %+v\n", *w.SignIn.OIDC)
	}
}

func TestUnknownAdmins(t *testing.T) {
	w := Web{Admins: []yamlpos.Text{{V: "mia"}, {V: "mai"}, {V: "it@example.com"}}}
	got := w.UnknownAdmins(func(id string) bool { return id == "mia" })
	if len(got) != 1 || !strings.Contains(got.Error(), `"mai" is not in the roster`) {
		t.Error(got)
	}
}

var mia = series.Person{ID: "mia", Email: "mia@example.com"}

// dav is a calendar with its password in a file below dir.
func dav(t *testing.T, dir, passwordFile string) CalDAV {
	t.Helper()
	text := "org: acme\nroster: [roster.yaml]\ncalendars:\n  office:\n    caldav: {url: 'https://dav.example.com/{person.email}/', username: '{person.id}', password_file: '" + passwordFile + "'}\n"
	path := filepath.Join(dir, "holdfast.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return s.Calendars["office"].Config.(CalDAV)
}

func TestPasswordFilesAreReadAtEachUse(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "mia.secret")
	c := dav(t, dir, "{person.id}.secret")

	_, err := c.For(mia)
	want := "calendar office: password_file: open " + file + ": no such file or directory"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	for text, want := range map[string]string{"hunter2\n": "hunter2", "hunter3": "hunter3", " two words \r\n": " two words "} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := c.For(mia)
		if err != nil || a.Password.Reveal() != want || a.Warning != "" {
			t.Errorf("%q: got %q, warning %q, error %v", text, a.Password.Reveal(), a.Warning, err)
		}
		if a.Username != "mia" || a.URL != "https://dav.example.com/mia@example.com/" {
			t.Errorf("%+v", a)
		}
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if a, err := c.For(mia); err != nil || !strings.Contains(a.Warning, "chmod 600 "+file) {
		t.Errorf("a file for all to read: warning %q, error %v", a.Warning, err)
	}
	if err := os.WriteFile(file, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.For(mia); err == nil || !strings.HasSuffix(err.Error(), "the file is empty") {
		t.Errorf("empty file: %v", err)
	}
}

func TestAddressesDoNotLeadElsewhere(t *testing.T) {
	dir := t.TempDir()
	sly := series.Person{ID: "sly", Email: "../x@example.com"}
	_, err := dav(t, dir, "secrets/{person.email}").For(sly)
	if err == nil || err.Error() != "calendar office: the address of sly cannot be a file name" {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pw"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := dav(t, dir, "pw").For(sly)
	if err != nil || a.URL != "https://dav.example.com/..%2Fx@example.com/" {
		t.Errorf("%s, %v", a.URL, err)
	}
	if _, err := dav(t, dir, ".").For(mia); err == nil {
		t.Error("a folder gave a password")
	}
}

func TestLoadNamesTheMissingFile(t *testing.T) {
	_, err := Load("testdata/nothing.yaml")
	if want := "settings: open testdata/nothing.yaml: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A private CA counts as soon as the file holds it; anything else is told when the settings are read, not at the first
// connection.
func TestPrivateCA(t *testing.T) {
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Acme CA"},
		NotBefore: from, NotAfter: from.AddDate(9, 0, 0), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, data := range map[string][]byte{"ca.pem": text, "ca.der": der} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings := func(file string) (Settings, error) {
		return Parse(filepath.Join(dir, "holdfast.yaml"), []byte(
			"org: acme\nroster: [roster.yaml]\ncalendars:\n  office:\n    caldav:\n"+
				"      {url: https://dav.example.com/, username: holdfast, password_file: dav, ca_file: "+file+"}\n"), environment)
	}
	s, err := settings("ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	trust := x509.VerifyOptions{Roots: s.Calendars["office"].Config.(CalDAV).Roots, CurrentTime: from.AddDate(1, 0, 0)}
	if _, err := cert.Verify(trust); err != nil {
		t.Error(err)
	}
	for file, want := range map[string]string{
		"ca.der":    "there is no certificate in " + dir,
		"none.pem":  "cannot read " + dir,
		"/dev/zero": "cannot read /dev/zero: is not a regular file",
	} {
		_, err := settings(file)
		if want = "calendar office: ca_file: " + want; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Each secret of the channels is read when it is wanted, and what is wrong with a file is known beforehand.
func TestSecretsOfChannels(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "holdfast.yaml")
	s, err := Parse(path, []byte("org: acme\nroster: [roster.yaml]\ncalendars: {}\nnotify:\n"+
		"  mail: {smtp: 'smtps://smtp.example.com', username: x, password_file: smtp, from: x@example.com}\n"+
		"  slack: {token_file: slack}\n  google_chat: {service_account_file: google}\n  admins: [{url_file: ops}]\n"+
		"  webhooks: [{url: 'https://ops.example.com', secret_file: hook}]\n"), environment)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{
		"smtp":   "mail: password_file: ",
		"slack":  "slack: token_file: ",
		"google": "google_chat: ",
		"ops":    "admins: url_file: ",
		"hook":   "webhooks: secret_file: ",
	}
	_, errs := s.Notify.Check()
	text := fmt.Sprint(errs)
	for name, key := range names {
		want := "notify." + key + "open " + filepath.Join(dir, name) + ": no such file or directory"
		if !strings.Contains(text, want) || len(errs) != len(names) {
			t.Errorf("%s has no %q", text, want)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("hunter2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if warnings, errs := s.Notify.Check(); warnings != nil || errs != nil {
		t.Errorf("%v, %v", warnings, errs)
	}
	if text, err := s.Notify.Slack.Token.Text(); text != "hunter2" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.Chmod(filepath.Join(dir, "hook"), 0o644); err != nil {
		t.Fatal(err)
	}
	if warnings, _ := s.Notify.Check(); len(warnings) != 1 || !strings.HasSuffix(warnings[0], "hook") {
		t.Errorf("%q", warnings)
	}
}

// What stands in the place of a file must not hang Holdfast, nor fill its memory.
func TestOnlyFilesAreRead(t *testing.T) {
	if _, err := Load("/dev/zero"); err == nil || err.Error() != "settings: open /dev/zero: is not a regular file" {
		t.Errorf("settings: %v", err)
	}
	_, password := dav(t, t.TempDir(), "/dev/zero").For(mia)
	_, key := Google{ServiceAccount: "/dev/zero"}.Check(mia)
	for _, err := range []error{password, key} {
		if err == nil || !strings.HasSuffix(err.Error(), "is not a regular file") {
			t.Errorf("got %v", err)
		}
	}
}

func TestSecretsNeverShow(t *testing.T) {
	s := NewSecret("hunter2")
	in := struct {
		Password Secret
		Other    map[string]any
	}{s, map[string]any{"x": &s}}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(text) + s.String() + s.GoString()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		shown += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, in) + fmt.Sprintf(verb, &s)
	}
	if strings.Contains(shown, "hunter2") || strings.Contains(shown, fmt.Sprintf("%x", "hunter2")) || strings.Count(shown, "***") < 10 {
		t.Error(shown)
	}
	if s.Reveal() != "hunter2" {
		t.Error("it cannot be revealed")
	}
}

// Whatever the text: problems with places, or settings that work.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(a.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("/etc/holdfast.yaml", data, environment)
		if err != nil {
			checkProblems(t, err)
			return
		}
		if s.Org == "" || len(s.Roster) == 0 || s.Policy.HorizonWeeks < 1 || !filepath.IsAbs(s.Database) {
			t.Errorf("%+v", s)
		}
		if m := s.Notify.Mail; m != nil && (m.Address == "" || !isAddress(m.From.Address) || !isAddress(m.Bounces) ||
			m.Rate < 1 || m.Username != "" && !m.Password.Given() && m.App == nil) {
			t.Errorf("%+v", m)
		}
		for _, c := range s.Calendars {
			if c.Poll <= 0 || c.Pushed <= 0 {
				t.Errorf("%+v", c)
			}
			dav, ok := c.Config.(CalDAV)
			if !ok {
				continue
			}
			dav.passwordFile = ""
			if a, err := dav.For(mia); err != nil || a.URL == "" || a.Username == "" {
				t.Errorf("%+v, %v", a, err)
			}
		}
	})
}
