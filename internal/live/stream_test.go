package live

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func changed(e Event) ([]Message, bool) {
	return []Message{{"changed", fmt.Sprint(e.Pairs) + "\nround: " + fmt.Sprint(e.Round)}}, len(e.Pairs) < 2
}

func TestStream(t *testing.T) {
	const open = "retry: 3000\nevent: open\ndata: \n\n"
	const said = "event: changed\ndata: [mia/raj]\ndata: round: false\n\n"
	for name, x := range map[string]struct {
		end  func(h *Hub, session chan struct{}, gone context.CancelFunc)
		want string
	}{
		"the hub":     {func(h *Hub, _ chan struct{}, _ context.CancelFunc) { h.Close() }, ""},
		"the session": {func(_ *Hub, session chan struct{}, _ context.CancelFunc) { close(session) }, ""},
		"the reader":  {func(_ *Hub, _ chan struct{}, gone context.CancelFunc) { gone() }, ""},
		"the right":   {func(h *Hub, _ chan struct{}, _ context.CancelFunc) { h.Publish(raj, ana) }, ""},
		"only then":   {func(h *Hub, _ chan struct{}, _ context.CancelFunc) { h.Publish(raj); h.Close() }, said},
	} {
		t.Run(name+" ends it", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var h Hub
				defer h.Close()
				events, cancel := h.Subscribe("mia", false)
				defer cancel()
				ctx, gone := context.WithCancel(context.Background())
				defer gone()
				session, w := make(chan struct{}), httptest.NewRecorder()
				done := make(chan struct{})
				go func() {
					defer close(done)
					Stream(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil), events, session, changed)
				}()
				synctest.Wait()
				if !w.Flushed || w.Body.String() != open {
					t.Errorf("opened with %q", w.Body)
				}
				h.Publish(raj)
				time.Sleep(50 * time.Second) // on the clock of synctest: two beats and a half, in no time
				x.end(&h, session, gone)
				<-done
				if want := open + said + "event: beat\ndata: \n\nevent: beat\ndata: \n\n" + x.want; w.Body.String() != want {
					t.Errorf("got %q, want %q", w.Body, want)
				}
			})
		})
	}
}

// A stream is not buffered, not kept and not changed on its way.
func TestStreamHeaders(t *testing.T) {
	var h Hub
	h.Close()
	events, _ := h.Subscribe("mia", false)
	w := httptest.NewRecorder()
	Stream(w, httptest.NewRequest("GET", "/", nil), events, nil, changed)
	for name, want := range map[string]string{
		"Content-Type":      "text/event-stream",
		"Cache-Control":     "no-store, no-transform",
		"X-Accel-Buffering": "no",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// full is the answer to a reader who takes nothing.
type full struct {
	http.ResponseWriter
	mu        sync.Mutex
	deadlines []time.Time
	end       chan struct{}
}

func (f *full) Write([]byte) (int, error) {
	<-f.end
	return 0, errors.New("timeout")
}

func (f *full) SetWriteDeadline(t time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.deadlines = append(f.deadlines, t); !t.IsZero() && t.Before(time.Now()) {
		close(f.end)
	}
	return nil
}

// The server's deadline for answers is lifted; who reads nothing is given up all the same.
func TestStuckReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h Hub
		defer h.Close()
		events, _ := h.Subscribe("mia", false)
		w, began := &full{ResponseWriter: httptest.NewRecorder(), end: make(chan struct{})}, time.Now()
		Stream(w, httptest.NewRequest("GET", "/", nil), events, nil, changed)
		if time.Since(began) != stuck || len(w.deadlines) != 2 || !w.deadlines[0].IsZero() {
			t.Errorf("after %v: %v", time.Since(began), w.deadlines)
		}
	})
}

// BenchmarkStreams: 5,000 streams are open over sockets, and the 50 whose pair changed hear of it.
func BenchmarkStreams(b *testing.B) {
	var h Hub
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		events, cancel := h.Subscribe(r.URL.Query().Get("who"), false)
		defer cancel()
		Stream(w, r, events, nil, changed)
	}))
	defer server.Close()
	defer h.Close()
	var counted Hub // for its pairs alone
	pairs, mine := org(&counted)
	heard := make(chan struct{}, len(pairs))
	for p := range pairs {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			b.Skip(err) // too few files may be open
		}
		defer c.Close()
		fmt.Fprintf(c, "GET /?who=%s HTTP/1.1\r\nHost: x\r\n\r\n", p.Report)
		go func() {
			for lines := bufio.NewScanner(c); lines.Scan(); {
				if line := lines.Text(); strings.HasPrefix(line, "event: ") {
					heard <- struct{}{}
				}
			}
		}()
	}
	for range pairs { // "open"
		<-heard
	}
	for b.Loop() {
		h.Publish(mine...)
		for range mine {
			<-heard
		}
	}
}
