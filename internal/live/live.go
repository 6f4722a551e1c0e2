// Package live says at once, to those who have a page or a stream open, what a round changed: which 1:1s, and nothing
// of what became of them. Who hears it reads them again, with the rights that they have then.
package live

import (
	"slices"
	"sync"

	"holdfast/internal/series"
)

// Event is what has changed since the last Event that was received.
type Event struct {
	Pairs []series.Pair // of the subscriber's, in the order of names; empty where none did
	Round bool          // there was a round: to admins, who learn no pair
}

// Hub brings what rounds change to those who subscribed. Its zero value is ready for use. It has no goroutine of its
// own and waits for nobody: what a slow reader has not received yet becomes one Event.
type Hub struct {
	mu     sync.Mutex
	closed bool
	of     map[string]map[chan Event]bool // by person
	admins map[chan Event]bool
}

// Subscribe reports the changes of the person's pairs, and to an admin that there was a round; person is "" for who is
// nobody of the roster. The channel is closed by cancel, which may be called again, and when the hub is.
func (h *Hub) Subscribe(person string, admin bool) (events <-chan Event, cancel func()) {
	ch := make(chan Event, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(ch)
		return ch, func() {}
	}
	if h.of == nil {
		h.of, h.admins = map[string]map[chan Event]bool{}, map[chan Event]bool{}
	}
	if person != "" {
		if h.of[person] == nil {
			h.of[person] = map[chan Event]bool{}
		}
		h.of[person][ch] = true
	}
	if admin {
		h.admins[ch] = true
	}
	return ch, sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.closed {
			return
		}
		delete(h.admins, ch)
		if delete(h.of[person], ch); len(h.of[person]) == 0 {
			delete(h.of, person)
		}
		close(ch)
	})
}

// Publish says that there was a round, and that it changed these pairs. It does not wait.
func (h *Hub) Publish(pairs ...series.Pair) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	news := make(map[chan Event]Event, len(h.admins)+2*len(pairs))
	for ch := range h.admins {
		news[ch] = Event{Round: true}
	}
	for _, p := range pairs {
		for _, id := range []string{p.Manager, p.Report} {
			for ch := range h.of[id] {
				news[ch] = news[ch].with(p)
			}
		}
	}
	for ch, e := range news {
		select { // what is not received yet goes with it: who sends holds the lock, so that there is room then
		case old := <-ch:
			for _, p := range old.Pairs {
				e = e.with(p)
			}
		default:
		}
		ch <- e
	}
}

// with is the event with the pair.
func (e Event) with(p series.Pair) Event {
	if i, has := slices.BinarySearchFunc(e.Pairs, p, series.Pair.Compare); !has {
		e.Pairs = slices.Insert(e.Pairs, i, p)
	}
	return e
}

// Close ends all subscriptions, now and later. What was not received yet still can be.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	for ch := range h.admins {
		close(ch)
		for _, of := range h.of {
			delete(of, ch) // an admin who is somebody of the roster
		}
	}
	for _, of := range h.of {
		for ch := range of {
			close(ch)
		}
	}
	h.of, h.admins = nil, nil
}

// Seats count how many streams somebody has open: over HTTP/1.1 a browser has six connections to a host, and streams
// that take them all leave it silent. Its zero value has none to give.
type Seats struct {
	Each int // how many one may have

	mu    sync.Mutex
	taken map[string]int
}

// Take takes a seat of the one that the key names, until leave is called; ok is false where there is none left.
func (s *Seats) Take(key string) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[key] >= s.Each {
		return func() {}, false
	}
	if s.taken == nil {
		s.taken = map[string]int{}
	}
	s.taken[key]++
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.taken[key]--; s.taken[key] == 0 {
			delete(s.taken, key)
		}
	}), true
}
