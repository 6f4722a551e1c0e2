package googletest

import (
	"slices"
	"strings"
	"time"
)

// Request is one request that was answered.
type Request struct {
	At     time.Time
	Method string // "calendar.events.patch"; "" for what is no method
	User   string // whose calendar client it was
	Status int    // 0: the connection was dropped
	Units  int    // of quota
}

// Write reports whether the method changes something.
func (r Request) Write() bool {
	_, verb, _ := strings.Cut(strings.TrimPrefix(r.Method, "calendar."), ".")
	return r.Method != "" && !slices.Contains([]string{"get", "list", "instances", "query", "watch", "stop"}, verb)
}

// Mail is a change of an event, and who would be mailed of it.
type Mail struct {
	At          time.Time
	By          string // address of who changed it
	Hand        bool   // by a person's own client, not through the API
	Method      string
	Kind        string // invite, update, cancel, answer
	SendUpdates string // as it was asked
	To          []string
	Event       string // id
	ICalUID     string
	Occurrence  string // suffix of its id; "" for all
}

// Requests are all requests so far, or since Reset.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Writes are the requests that changed something and succeeded.
func (s *Server) Writes() []Request {
	return slices.DeleteFunc(s.Requests(), func(r Request) bool { return !r.Write() || r.Status >= 300 })
}

// Changes are all changes of events, by people too, with the mails that each would cause.
func (s *Server) Changes() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Mails are the changes made through the API that would mail somebody.
func (s *Server) Mails() []Mail {
	return slices.DeleteFunc(s.Changes(), func(m Mail) bool { return m.Hand || len(m.To) == 0 })
}

// Reset forgets requests and mails, so that what follows can be counted.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.mails = nil, nil
}

// log records a change with those who would be mailed: guests before and after, but not who made it, and no rooms.
func (s *Server) log(e *event, key string, w write, kind string, was, now object) {
	m := Mail{At: s.now(), By: w.by, Hand: w.hand, Method: w.method, Kind: kind, SendUpdates: w.sendUpdates, Event: e.id, ICalUID: e.uid, Occurrence: key}
	var to []string
	for _, body := range []object{was, now} {
		for _, a := range list(body, "attendees") {
			if a := a.(object); !yes(a, "resource") {
				to = append(to, strings.ToLower(text(a, "email")))
			}
		}
	}
	if kind == "answer" {
		to = []string{e.organizer.email}
	}
	actor := s.users[strings.ToLower(w.by)]
	for _, address := range to {
		known := s.users[address]
		switch {
		case w.sendUpdates == "" || w.sendUpdates == "none", slices.Contains(m.To, address):
		case address == w.by || known != nil && (known == actor || known.Room):
		case w.sendUpdates == "externalOnly" && domainOf(address) == s.opt.Domain:
		default:
			m.To = append(m.To, address)
		}
	}
	slices.Sort(m.To)
	s.mails = append(s.mails, m)
}
