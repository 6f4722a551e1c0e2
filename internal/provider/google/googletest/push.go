package googletest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Message is one push message, as it would be posted to a receiver. Tests may change it before Deliver.
type Message struct {
	Address               string
	Channel, Token        string
	Number                int64
	State                 string // sync, exists, not_exists
	ResourceID, Resource  string // of the watched collection, never of an event
	Expiration            time.Time
	User, CalendarWatched string // for the test's own use; not sent
}

type channel struct {
	Message
	stopped time.Time
}

type push struct {
	channels map[string]*channel
	used     map[string]bool
	rung     map[string]bool // calendars with a change that no channel was told yet
	pending  []Message
	auto     *http.Client
	lag      time.Duration
}

// ring notes that the calendar changed: by whomever, its watcher too.
func (s *Server) ring(c *calendar) {
	if s.push.rung == nil {
		s.push.rung = map[string]bool{}
	}
	s.push.rung[c.id] = true
}

// takeBell makes messages of what rang. Many changes of one request are one message; numbers grow with gaps.
func (s *Server) takeBell() (deliver func()) {
	for _, id := range sorted(s.push.channels) {
		ch := s.push.channels[id]
		if !s.push.rung[ch.CalendarWatched] || s.now().After(ch.Expiration) {
			continue
		}
		if !ch.stopped.IsZero() && s.now().Sub(ch.stopped) >= s.push.lag {
			continue
		}
		ch.Number += 1 + ch.Number%3
		m := ch.Message
		m.State = "exists"
		s.push.pending = append(s.push.pending, m)
	}
	s.push.rung = nil
	if s.push.auto == nil || len(s.push.pending) == 0 {
		return func() {}
	}
	client := s.push.auto
	return func() { go func() { _, _ = s.Deliver(context.Background(), client) }() } // a lost message is lost
}

// AutoPush makes messages go out by themselves, each soon after its cause; nil ends that.
func (s *Server) AutoPush(client *http.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push.auto = client
}

// StopLag is how long a stopped channel still fires.
func (s *Server) StopLag(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push.lag = d
}

// Pending are the messages that wait for Deliver, in order.
func (s *Server) Pending() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.push.pending)
}

// SetPending replaces them: dropped, doubled, reordered, with another token, as the test likes.
func (s *Server) SetPending(m []Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push.pending = slices.Clone(m)
}

// Coalesce leaves of each channel's pending messages the last.
func (s *Server) Coalesce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for i, m := range s.push.pending {
		if !slices.ContainsFunc(s.push.pending[i+1:], func(n Message) bool { return n.Channel == m.Channel }) {
			out = append(out, m)
		}
	}
	s.push.pending = out
}

// Channels are the ids of the channels that are open.
func (s *Server) Channels() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, id := range sorted(s.push.channels) {
		if ch := s.push.channels[id]; ch.stopped.IsZero() && !s.now().After(ch.Expiration) {
			out = append(out, id)
		}
	}
	return out
}

// Deliver posts the pending messages and tells the status of each. What the receiver answers with 500, 502, 503 or 504,
// and what does not reach it, stays pending for the next Deliver.
func (s *Server) Deliver(ctx context.Context, client *http.Client) ([]int, error) {
	s.mu.Lock()
	todo := s.push.pending
	s.push.pending = nil
	s.mu.Unlock()
	var codes []int
	var again []Message
	var failed error
	for _, m := range todo {
		code, err := m.post(ctx, client)
		if err != nil {
			failed = err
		}
		if codes = append(codes, code); err != nil || slices.Contains([]int{500, 502, 503, 504}, code) {
			again = append(again, m)
		}
	}
	s.mu.Lock()
	s.push.pending = append(again, s.push.pending...)
	s.mu.Unlock()
	return codes, failed
}

func (m Message) post(ctx context.Context, client *http.Client) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Address, nil)
	if err != nil {
		return 0, err
	}
	for k, v := range map[string]string{"X-Goog-Channel-ID": m.Channel, "X-Goog-Message-Number": strconv.FormatInt(m.Number, 10),
		"X-Goog-Resource-ID": m.ResourceID, "X-Goog-Resource-State": m.State, "X-Goog-Resource-URI": m.Resource,
		"X-Goog-Channel-Token": m.Token, "X-Goog-Channel-Expiration": m.Expiration.UTC().Format(http.TimeFormat)} {
		if v != "" {
			r.Header.Set(k, v)
		}
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func (s *Server) eventsWatch(c *caller, r *request) (any, *problem) {
	q, p := s.listQuery(c, r)
	if p != nil {
		return nil, p
	}
	b := r.body
	id, address := text(b, "id"), text(b, "address")
	life := 7 * 24 * time.Hour
	if ms, err := strconv.ParseInt(text(b, "expiration"), 10, 64); err == nil {
		life = time.UnixMilli(ms).Sub(s.now())
	} else if ttl, err := strconv.Atoi(text(sub(b, "params"), "ttl")); err == nil {
		life = time.Duration(ttl) * time.Second
	}
	switch {
	case id == "" || len(id) > 64:
		return nil, required("Missing or invalid channel id.")
	case text(b, "type") != "web_hook" && text(b, "type") != "webhook":
		return nil, bad("invalid", "Unknown channel type.")
	case len(text(b, "token")) > 256 || life <= 0:
		return nil, invalid("")
	case !strings.HasPrefix(address, "https://") && !(s.opt.Behavior.PlainHTTP && strings.HasPrefix(address, "http://")):
		return nil, bad("push.webhookUrlNotHttps", "WebHook callback must be HTTPS: "+address)
	case s.push.used[id]:
		return nil, bad("channelIdNotUnique", "Channel id "+id+" not unique")
	}
	if s.push.channels == nil {
		s.push.channels, s.push.used = map[string]*channel{}, map[string]bool{}
	}
	ch := &channel{Message: Message{Address: address, Channel: id, Token: text(b, "token"), Number: 1, State: "sync",
		ResourceID: "res-" + base32hex.EncodeToString([]byte(q.cal.id))[:16], Resource: s.base + roots["calendar"] + "calendars/" + q.cal.id + "/events?alt=json",
		Expiration: s.now().Add(min(life, s.opt.Behavior.MaxChannelLife)).Truncate(time.Millisecond), User: c.email, CalendarWatched: q.cal.id}}
	s.push.channels[id], s.push.used[id] = ch, true
	s.push.pending = append(s.push.pending, ch.Message)
	out := object{"kind": "api#channel", "id": id, "resourceId": ch.ResourceID, "resourceUri": ch.Resource, "expiration": fmt.Sprint(ch.Expiration.UnixMilli())}
	if ch.Token != "" {
		out["token"] = ch.Token
	}
	return out, nil
}

func (s *Server) channelsStop(_ *caller, r *request) (any, *problem) {
	ch := s.push.channels[text(r.body, "id")]
	if ch == nil || ch.ResourceID != text(r.body, "resourceId") || !ch.stopped.IsZero() || s.now().After(ch.Expiration) {
		p := notFound()
		p.text = "Channel '" + text(r.body, "id") + "' not found for project"
		return nil, p
	}
	ch.stopped = s.now()
	return nil, nil
}
