package daemon

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/channel/channeltest"
	"holdfast/internal/notify"
	"holdfast/internal/store"
)

// mailEnv has the test binary send the notices that are due by the settings of that name.
const mailEnv = "HOLDFAST_TEST_NOTICES"

// mailTime is a working day in Berlin.
func mailTime() time.Time { return time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC) }

// sendMails is what a process does that is killed.
func sendMails(config string) error {
	ctx := context.Background()
	a, err := Open(ctx, Options{Config: config, Clock: mailTime, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	due, _ := a.Notices(ctx)
	for _, j := range due {
		if again := a.Send(ctx, j); again != 0 {
			return fmt.Errorf("not sent: %v", j)
		}
	}
	return nil
}

// wiretap is a proxy before a mail server that kills the sending process when the n-th piece of what the server says
// comes by, before the process sees it.
type wiretap struct {
	to      string
	mu      sync.Mutex
	n       int // pieces until the kill; below 0: none
	process *os.Process
}

func (w *wiretap) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go w.carry(c)
	}
}

func (w *wiretap) carry(c net.Conn) {
	defer c.Close()
	s, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer s.Close()
	go func() {
		_, _ = io.Copy(s, c)
		_ = s.(*net.TCPConn).CloseWrite()
	}()
	b := make([]byte, 64<<10)
	for {
		n, err := s.Read(b)
		if err != nil {
			return
		}
		w.mu.Lock()
		if w.n--; w.n == 0 {
			_ = w.process.Kill()
		}
		w.mu.Unlock()
		if _, err := c.Write(b[:n]); err != nil {
			return
		}
	}
}

// run sends in a process of its own, which is killed at the n-th piece; it reports whether it was.
func (w *wiretap) run(t *testing.T, config string, n int) (was bool) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), mailEnv+"="+config, "GORACE=atexit_sleep_ms=0")
	w.mu.Lock()
	w.n = n
	err := cmd.Start()
	w.process = cmd.Process
	w.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if was = n > 0 && w.n <= 0; !was && err != nil {
		t.Fatalf("sending: %v", err)
	}
	w.n = -1
	return was
}

// mailIDs are the Message-IDs of what the real mail server took from that envelope sender.
func mailIDs(t *testing.T, config, from string) (ids []string) {
	exim := func(args ...string) string {
		out, err := exec.Command("exim4", append([]string{"-C", config}, args...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for l := range strings.Lines(exim("-bpr")) {
		if f := strings.Fields(l); len(f) == 4 && f[3] == "<"+from+">" {
			m := regexp.MustCompile(`(?im)^Message-ID: *(\S+)`).FindStringSubmatch(exim("-Mvc", f[2]))
			if m == nil {
				t.Fatal("a mail without Message-ID")
			}
			ids = append(ids, m[1])
		}
	}
	return ids
}

// A process that is killed while it hands a mail to a real server, wherever, and begins again loses none; what comes
// twice has the Message-ID of the first.
func TestKilledWhileMailing(t *testing.T) {
	env := channeltest.MailServer(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := &wiretap{to: env["ADDRESS"]}
	go w.serve(l)
	twice := 0
	for n, killed := 1, true; killed; n++ {
		dir := t.TempDir()
		from := fmt.Sprintf("bounces-%d-%d@example.test", os.Getpid(), n)
		for name, text := range map[string]string{
			"password": "pw",
			"roster.yaml": "people:\n" +
				"  mia: {name: Mia, email: mia@example.test, calendar: office, zone: Europe/Berlin}\n" +
				"  raj: {name: Raj, email: raj@example.test, calendar: office, zone: Europe/Berlin}\n" +
				"one_on_ones:\n  - {manager: mia, reports: [{report: raj, slot: Tue 10:00}]}\n",
			"holdfast.yaml": fmt.Sprintf(`{org: acme, roster: [roster.yaml], database: "sqlite:holdfast.db",
				calendars: {office: {caldav: {url: "http://dav.test/", username: "{person.id}", password_file: password}}},
				notify: {mail: {smtp: "smtp://%s", ca_file: %q, from: holdfast@example.test, bounces: %s},
				admins: [it@example.test]}}`,
				l.Addr(), env["CA_FILE"], from),
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "holdfast.db"), mailTime, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		err = s.SetMatters(t.Context(), []notify.Matter{{Kind: notify.Test, Key: "test|1", Owners: []string{"raj"},
			Changed: mailTime().Add(-time.Hour)}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		config := filepath.Join(dir, "holdfast.yaml")
		killed = w.run(t, config, n)
		for range 2 {
			w.run(t, config, -1)
		}
		ids := mailIDs(t, env["CONFIG"], from)
		if len(ids) == 0 || len(ids) > 2 || ids[0] != ids[len(ids)-1] {
			t.Errorf("killed at piece %d: %q", n, ids)
		}
		if len(ids) == 2 {
			twice++
		}
		if n > 100 {
			t.Fatal("it never ends")
		}
	}
	if twice == 0 {
		t.Error("no process was killed between the server's taking a mail and its answer")
	}
}
