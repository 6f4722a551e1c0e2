package live

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	// Beat is how often a stream says that it is still there, by a message "beat": proxies end what is silent for a
	// minute, and scripts of pages see no comments.
	Beat = 20 * time.Second
	// stuck is how long a reader may take no byte.
	stuck = 30 * time.Second
)

// Message is one of a stream of server-sent events (WHATWG HTML section 9.2).
type Message struct {
	Event string // its name: a word
	Data  string // may have several lines
}

// Stream answers with what messages makes of the events, until the request or the session is over, the hub is closed or
// messages says that the reader may hear no more, whichever is first; over may be nil. Nothing is said of what changed
// before: who opens a stream reads everything once after its first message, "open".
func Stream(w http.ResponseWriter, r *http.Request, events <-chan Event, over <-chan struct{},
	messages func(Event) (all []Message, more bool)) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would keep it back
	if r.Method == http.MethodHead { // a server answers one as it does a GET
		return
	}
	s := stream{w: w, c: http.NewResponseController(w)}
	if !s.write([]byte("retry: 3000\n"), Message{Event: "open"}) {
		return
	}
	beats := time.NewTicker(Beat)
	defer beats.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-over:
			return
		case e, ok := <-events:
			if !ok {
				return
			}
			if all, more := messages(e); !more || !s.write(nil, all...) {
				return
			}
		case <-beats.C:
			if !s.write(nil, Message{Event: "beat"}) {
				return
			}
		}
	}
}

type stream struct {
	w http.ResponseWriter
	c *http.ResponseController
}

// write writes the text and the messages at once, and reports whether it could.
func (s *stream) write(text []byte, messages ...Message) bool {
	b := bytes.NewBuffer(text)
	for _, m := range messages {
		fmt.Fprintf(b, "event: %s\n", m.Event)
		for line := range strings.Lines(m.Data + "\n") {
			fmt.Fprintf(b, "data: %s\n", strings.TrimRight(line, "\r\n"))
		}
		b.WriteByte('\n')
	}
	if b.Len() == 0 {
		return true
	}
	// The server's deadline for answers is not for streams; yet who does not read must not hold one for good. A deadline
	// that has passed ends the write.
	_ = s.c.SetWriteDeadline(time.Time{})
	end := time.AfterFunc(stuck, func() { _ = s.c.SetWriteDeadline(time.Unix(1, 0)) })
	defer end.Stop()
	if _, err := s.w.Write(b.Bytes()); err != nil {
		return false
	}
	return s.c.Flush() == nil
}
