package setup

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/internal/channel"
	"holdfast/internal/channel/channeltest"
	"holdfast/internal/settings"
)

// open makes the channels of that part of a settings file.
func open(t *testing.T, dir, notify string) *Channels {
	t.Helper()
	text := "org: acme\nroster: [roster.yaml]\ncalendars: {}\nnotify:\n" + notify
	s, err := settings.Parse(filepath.Join(dir, "holdfast.yaml"), []byte(text), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	c := Open(s.Notify, time.Now)
	t.Cleanup(c.Close)
	return c
}

// From the lines of a file to the queue of a real mail server.
func TestMail(t *testing.T) {
	env := channeltest.MailServer(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pw"), []byte(env["PASSWORD"]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, smtp := range map[string]string{
		"starttls": "smtp://" + env["ADDRESS"],
		"tls":      "smtps://" + env["TLS_ADDRESS"],
	} {
		bounces := fmt.Sprintf("%s-%d@example.test", name, os.Getpid())
		c := open(t, dir, fmt.Sprintf("  mail: {smtp: %q, username: holdfast, password_file: pw, ca_file: %s, bounces: %s, "+
			"from: holdfast@example.test}\n  admins: [it@example.test]\n", smtp, env["CA_FILE"], bounces))
		m := channel.Message{ID: "n1", To: "mia@example.test", Subject: "moved", Text: "text\n"}
		if _, err := c.People["mail"].Send(t.Context(), m); err != nil {
			t.Fatalf("%s: %v (%s)", name, err, channel.HintOf(err))
		}
		m.To = c.Admins[0].To
		if _, err := c.Admins[0].Sender.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		queue, err := exec.Command("exim4", "-C", env["CONFIG"], "-bpr").Output()
		if n := strings.Count(string(queue), "<"+bounces+">"); err != nil || n != 2 {
			t.Errorf("%s: %d mails, %v", name, n, err)
		}
	}
}

// What cannot be made says so at each message, and the rest goes on.
func TestBroken(t *testing.T) {
	c := open(t, t.TempDir(), `  mail: {smtp: "smtps://127.0.0.1:1", from: x@example.com}
  slack: {token_file: slack}
  google_chat: {service_account_file: google}
  admins: [{url_file: ops}]
  webhooks: [{url: "https://127.0.0.1:1", secret_file: hook, kinds: [held]}]
`)
	m := channel.Message{ID: "n1", To: "mia@example.com", Subject: "moved", Text: "text\n"}
	for name, want := range map[string]channel.Kind{
		"mail":        channel.Transient,
		"slack":       channel.Broken,
		"google-chat": channel.Broken,
	} {
		if _, err := c.People[name].Send(t.Context(), m); err == nil || channel.KindOf(err) != want {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := c.Admins[0].Sender.Send(t.Context(), m); channel.KindOf(err) != channel.Broken {
		t.Errorf("got %v", err)
	}
	if w := c.Webhooks[0]; w.Wants("round") || channel.KindOf(w.Post(t.Context(), "n1", nil)) != channel.Broken {
		t.Error("the webhook")
	}
}
