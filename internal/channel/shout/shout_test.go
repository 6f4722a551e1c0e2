package shout

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/channel"
	"holdfast/internal/channel/channeltest"
)

// service takes messages as text, or as the card that a Teams workflow takes.
type service struct {
	t      *testing.T
	mu     sync.Mutex
	status int // of the next answer
	locked bool
	got    []channeltest.Got
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.locked:
		w.WriteHeader(http.StatusForbidden)
		return
	case s.status != 0:
		w.WriteHeader(s.status)
		s.status = 0
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	text := string(body)
	if r.Header.Get("Content-Type") == "application/json" {
		text = s.card(body)
		w.WriteHeader(http.StatusAccepted)
	}
	s.got = append(s.got, channeltest.Got{Text: text})
}

// card is what Teams shows of the card.
func (s *service) card(body []byte) string {
	var m struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type, Version string
				Body          []struct {
					Type, Text string
					Wrap       bool
				}
			}
		}
	}
	if err := json.Unmarshal(body, &m); err != nil {
		s.t.Error(err)
	}
	if m.Type != "message" || len(m.Attachments) != 1 || m.Attachments[0].Content.Type != "AdaptiveCard" ||
		m.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" {
		s.t.Errorf("the workflow fails at %s", body)
		return ""
	}
	var lines []string
	for _, b := range m.Attachments[0].Content.Body {
		if b.Type != "TextBlock" || !b.Wrap || strings.Contains(b.Text, "\n") {
			s.t.Errorf("block %+v", b)
		}
		lines = append(lines, b.Text)
	}
	return strings.Join(lines, "\n")
}

// to is a client for which every host is the server.
func to(server *httptest.Server) *http.Client {
	client := channel.HTTP()
	client.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		at, err := url.Parse(server.URL)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host = at.Scheme, at.Host
		return http.DefaultTransport.RoundTrip(r)
	})
	return client
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The addresses that Power Automate gave until 2025, and gives since.
var workflows = []string{
	"https://prod-12.westeurope.logic.azure.com:443/workflows/0f/triggers/manual/paths/invoke?api-version=2016-06-01" +
		"&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=private",
	"https://default0f.ab.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/0f/triggers/" +
		"manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=private",
}

func TestConformance(t *testing.T) {
	addresses := map[string]func(host string) string{
		"generic":       func(host string) string { return "generic://" + host + "/private?disabletls=yes" },
		"teams":         func(string) string { return workflows[0] },
		"teams of 2025": func(string) string { return workflows[1] },
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			channeltest.Run(t, func(t *testing.T) channeltest.World {
				s := &service{t: t}
				server := httptest.NewServer(s)
				t.Cleanup(server.Close)
				return channeltest.World{
					Sender: New(Options{
						Address: func() (string, error) { return address(strings.TrimPrefix(server.URL, "http://")), nil },
						HTTP:    to(server),
						Clock:   time.Now,
					}),
					Secrets: []string{"private", "127.0.0.1", "workflows"},
					Arrived: func() []channeltest.Got {
						s.mu.Lock()
						defer s.mu.Unlock()
						return append([]channeltest.Got(nil), s.got...)
					},
					Busy: func(*channel.Message) time.Duration {
						s.mu.Lock()
						defer s.mu.Unlock()
						s.status = http.StatusServiceUnavailable
						return 0
					},
					Lock: func() {
						s.mu.Lock()
						defer s.mu.Unlock()
						s.locked = true
					},
				}
			})
		})
	}
}

func TestAddresses(t *testing.T) {
	for address, kind := range map[string]channel.Kind{
		"":                                     channel.Broken,
		"it@example.com":                       channel.Broken,
		"logger://":                            channel.Broken,
		"nothing://private@example.com":        channel.Broken,
		"discord://private":                    channel.Broken,
		"ntfy://127.0.0.1:1/topic?scheme=http": channel.Transient,
		// It signs in when it is set up.
		"matrix://user:private@127.0.0.1:1/?disableTLS=yes": channel.Transient,
	} {
		s := New(Options{Address: func() (string, error) { return address, nil }, Clock: time.Now})
		_, err := s.Send(t.Context(), channel.Message{ID: "n", Text: "text"})
		if channel.KindOf(err) != kind || err == nil || strings.Contains(err.Error()+channel.HintOf(err), "private") {
			t.Errorf("%q: got %v (%s)", address, err, channel.HintOf(err))
		}
	}
	s := New(Options{Address: func() (string, error) { return "", errors.New("no such file") }, Clock: time.Now})
	// A number in the address is no status.
	err := s.failed("admins: x", errors.New(`post "https://example.com/404/private": status 503`))
	if channel.KindOf(err) != channel.Transient || !strings.HasSuffix(err.Error(), "503 Service Unavailable") {
		t.Errorf("got %v", err)
	}
	if _, err := s.Send(t.Context(), channel.Message{}); channel.KindOf(err) != channel.Broken {
		t.Errorf("got %v", err)
	}
}
