package mail

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/channel/channeltest"
)

// relay is the real mail server that .ci/servers/smtp started.
type relay struct {
	env   map[string]string
	roots *x509.CertPool
}

// realRelay is the one that the environment names: HOLDFAST_TEST_SMTP is a file of KEY=VALUE lines.
func realRelay(t *testing.T) relay {
	t.Helper()
	r := relay{env: channeltest.MailServer(t), roots: x509.NewCertPool()}
	ca, err := os.ReadFile(r.env["CA_FILE"])
	if err != nil || !r.roots.AppendCertsFromPEM(ca) {
		t.Fatalf("CA_FILE: %v", err)
	}
	return r
}

var senders atomic.Int64

// options reach the relay as a sender whom no other test has.
func (r relay) options() Options {
	bounces := fmt.Sprintf("bounces-%d-%d@example.test", os.Getpid(), senders.Add(1))
	return Options{
		Address: r.env["ADDRESS"],
		Roots:   r.roots,
		From:    mail.Address{Name: "Holdfast Ünit", Address: "holdfast@example.test"},
		Bounces: bounces,
		Clock:   func() time.Time { return time.Date(2026, 12, 14, 9, 30, 0, 0, time.FixedZone("", 3600)) },
		Timeout: 20 * time.Second,
	}
}

// arrived is a mail as the server has it.
type arrived struct {
	from, to string // envelope
	header   mail.Header
	raw      string // without the lines that the server put on top
	text     string
	html     string
}

// arrivedFrom are the mails with that envelope sender, in the order of their arrival.
func (r relay) arrivedFrom(t *testing.T, bounces string) (out []arrived) {
	t.Helper()
	var ids []string
	to := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(r.exim(t, "-bpr")))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		switch {
		case len(f) == 4 && f[3] == "<"+bounces+">":
			ids = append(ids, f[2])
		case len(f) == 1 && len(ids) > 0 && to[ids[len(ids)-1]] == "":
			to[ids[len(ids)-1]] = f[0]
		}
	}
	slices.Sort(ids) // an id begins with the time
	for _, id := range ids {
		out = append(out, read(t, bounces, to[id], r.exim(t, "-Mvc", id)))
	}
	return out
}

func (r relay) exim(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("exim4", append([]string{"-C", r.env["CONFIG"]}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("exim4 %v: %v %s", args, err, stderr.String())
	}
	return out
}

// read parses a mail as any client does.
func read(t *testing.T, from, to string, data []byte) arrived {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	a := arrived{from: from, to: to, header: m.Header, raw: ours(string(data))}
	part := func(header func(string) string, body io.Reader) {
		kind, params, err := mime.ParseMediaType(header("Content-Type"))
		if err != nil || !strings.EqualFold(params["charset"], "utf-8") {
			t.Errorf("part of %q: %v", header("Content-Type"), err)
		}
		if header("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(body)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		switch kind {
		case "text/plain":
			a.text = string(text)
		case "text/html":
			a.html = string(text)
		default:
			t.Errorf("a part of type %s", kind)
		}
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "multipart/alternative" {
		part(m.Header.Get, m.Body)
		return a
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return a
		}
		if err != nil {
			t.Fatal(err)
		}
		part(p.Header.Get, p)
	}
}

var added = regexp.MustCompile(`(?s)^Received: .*?\n([^ \t])`)

// ours is the mail without what the server put on top.
func ours(data string) string { return added.ReplaceAllString(data, "$1") }
