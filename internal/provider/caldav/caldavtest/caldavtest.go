// Package caldavtest is a CalDAV server in memory: a correct citizen of RFC 4791, 4918, 5397, 5689, 6578 and 6638 by
// default, with the bad habits of real servers as Quirks. It serves the demo, where any calendar app can join, and the
// tests. It shares no code with Holdfast's own client, so that a fault in one does not hide in the other.
package caldavtest

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones are resolved by name, also where the machine has no database

	"holdfast/internal/clock"
)

// User is an account with a principal, a calendar home and a calendar named "default".
type User struct {
	Name        string // login and URL segment
	Password    string
	Email       string   // calendar user address, without mailto:
	Aliases     []string // other addresses that are the user's
	DisplayName string
	Zone        string // IANA; what floating times and whole days mean to the user; "" is UTC
	Service     bool   // may read and write everybody's calendars
}

// Options of a Server.
type Options struct {
	Users      []User
	Scheduling bool             // deliver invitations and answers between the users (RFC 6638)
	Now        func() time.Time // nil: the machine's clock
	MaxSize    int              // bytes of an object; 0: 10 MiB
	Quirks     Quirks
}

// Quirks are bad habits of real servers. The zero value has none.
type Quirks struct {
	ClaimScheduling           bool // the DAV header says calendar-auto-schedule, nothing is ever delivered
	IgnoreIfNoneMatch         bool // PUT with If-None-Match: * overwrites
	IgnoreIfMatch             bool // PUT and DELETE with a stale If-Match go through
	NoETagOnPut               bool
	WeakETags                 bool // every ETag is served as W/"…", as behind a compressing proxy; a weak If-Match fails
	RewriteOnPut              bool // lines reordered, parameters sorted, CLASS:PUBLIC added; PUT still answers an ETag
	TokenUnknownIsFullListing bool // 207 with all members and no removals instead of 403 valid-sync-token
	TokenUnknownIs500         bool
	WrapErrorsIn207           bool // a refusal arrives as a 207 around the status; failed conditions do not
	MultigetOmitsMissing      bool // no 404 row for a missing href
	Redirect301ForOthers      bool // others' calendars live at /calendars/ME/OWNER.CALENDAR/; their own URL answers 301; a PUT delivers only with Schedule-Address, a DELETE never
	KeepTombstones            bool // a first sync also lists what was deleted before
	AtUnencodedInHref         bool // "@" instead of "%40"
	EmptyListing              bool // sync, query and PROPFIND answer 207 without any member
	CancelKeepsCopy           bool // a cancelled copy stays with STATUS:CANCELLED instead of going away
	MaxResults                int  // rows of a sync answer before it is cut short (507); 0: as many as are asked for

	// Fail is asked before each request. A status above 0 is answered and nothing is done; with drop the request is
	// carried out and the connection closed without an answer. It may be called by several goroutines at once.
	Fail func(r *http.Request) (status int, retryAfter time.Duration, drop bool)
}

// Server is a CalDAV server as an http.Handler, safe for concurrent use. Every request is atomic, delivery included.
//
// Paths: /principals/USER/, /calendars/USER/, /calendars/USER/default/ and, with scheduling, /calendars/USER/inbox/
// and /calendars/USER/outbox/.
type Server struct {
	now        func() time.Time
	scheduling bool
	maxSize    int

	mu       sync.Mutex
	quirks   Quirks
	accounts map[string]*account
	order    []*account
	nonce    string // part of every sync token
	serial   int64  // the last number given to a calendar, a Schedule-Tag or an inbox item
	requests map[string]int
}

// account is a user with what is theirs.
type account struct {
	User
	zone      *time.Location
	calendars map[string]*calendar
}

// New makes a server. It panics on two users of one name and on an unknown zone.
func New(o Options) *Server {
	s := &Server{now: o.Now, scheduling: o.Scheduling, maxSize: o.MaxSize, quirks: o.Quirks,
		accounts: map[string]*account{}, requests: map[string]int{}}
	if s.now == nil {
		s.now = clock.System
	}
	if s.maxSize == 0 {
		s.maxSize = 10 << 20
	}
	for _, u := range o.Users {
		s.Join(u)
	}
	s.ForgetTokens()
	return s
}

// Join gives one more user a calendar. It panics on two users of one name and on an unknown zone.
func (s *Server) Join(u User) {
	zone, err := time.LoadLocation(u.Zone)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || s.accounts[u.Name] != nil {
		panic("caldavtest: user " + u.Name + ": named twice, or unknown zone " + u.Zone)
	}
	a := &account{User: u, zone: zone, calendars: map[string]*calendar{}}
	s.accounts[u.Name] = a
	s.order = append(s.order, a)
	s.newCalendar(a, "default", ordinary).props[nameDisplayName] = escape("Calendar")
	if s.scheduling {
		s.newCalendar(a, "inbox", inbox)
		s.newCalendar(a, "outbox", outbox)
	}
}

// ForgetTokens makes every sync token given so far unknown.
func (s *Server) ForgetTokens() {
	b := make([]byte, 6)
	rand.Read(b)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nonce = hex.EncodeToString(b)
}

// SetQuirks changes the habits of a running server.
func (s *Server) SetQuirks(change func(*Quirks)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.quirks)
}

// Requests counts the requests that arrived, by method, those refused among them.
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// Writes counts the requests that arrived with a method that changes something.
func (s *Server) Writes() int {
	n := 0
	for method, count := range s.Requests() {
		switch method {
		case http.MethodPut, http.MethodDelete, http.MethodPost, "PROPPATCH", "MKCALENDAR", "MKCOL", "MOVE", "COPY":
			n += count
		}
	}
	return n
}

// request is one request, read whole.
type request struct {
	*http.Request
	body []byte
	me   *account
	path []string // unescaped segments
}

// reply is an answer before it is sent.
type reply struct {
	status    int
	header    http.Header
	body      []byte
	condition string // the failed precondition, as an element name
}

func answer(status int) *reply { return &reply{status: status, header: http.Header{}} }

func (p *reply) with(key, value string) *reply {
	if value != "" {
		p.header[key] = []string{value} // not Set: "ETag" and "DAV" keep their spelling
	}
	return p
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests[r.Method]++
	fail := s.quirks.Fail
	s.mu.Unlock()

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.maxSize)+1<<20))
	var p *reply
	var drop bool
	if fail != nil {
		var status int
		var after time.Duration
		if status, after, drop = fail(r); status > 0 {
			p = answer(status)
			if after > 0 {
				p.with("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
			}
		}
	}
	switch {
	case p != nil:
	case err != nil:
		p = answer(http.StatusRequestEntityTooLarge)
	default:
		p = s.handle(&request{Request: r, body: body})
	}
	if drop {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), p.header)
	w.WriteHeader(p.status)
	w.Write(p.body) // net/http leaves it out for HEAD
}

// handle carries out one request while nobody else does.
func (s *Server) handle(r *request) *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ok bool
	if r.path, ok = segments(r.URL.EscapedPath()); !ok {
		return answer(http.StatusBadRequest)
	}
	if strings.HasPrefix(r.URL.Path, "/.well-known/caldav") { // RFC 6764 section 5
		return answer(http.StatusMovedPermanently).with("Location", "/")
	}
	if r.Method == http.MethodOptions {
		return answer(http.StatusOK).with("DAV", s.features()).with("Allow", allow)
	}
	if r.me = s.login(r.Request); r.me == nil {
		return answer(http.StatusUnauthorized).with("WWW-Authenticate", `Basic realm="calendars", charset="UTF-8"`)
	}
	p := s.dispatch(r)
	if p.status >= 400 && p.status != http.StatusPreconditionFailed && s.quirks.WrapErrorsIn207 {
		p = wrapped(r, p)
	}
	return p.with("DAV", s.features())
}

// login is the account that Basic credentials (RFC 7617) name, nil for none.
func (s *Server) login(r *http.Request) *account {
	name, password, _ := r.BasicAuth()
	a := s.accounts[name]
	if a == nil || subtle.ConstantTimeCompare([]byte(password), []byte(a.Password)) == 0 {
		return nil
	}
	return a
}

const allow = "OPTIONS, GET, HEAD, PUT, DELETE, POST, PROPFIND, PROPPATCH, REPORT, MKCALENDAR, MKCOL"

// features is the DAV header (RFC 4918 section 10.1).
func (s *Server) features() string {
	f := "1, 3, access-control, calendar-access, extended-mkcol, sync-collection"
	if s.scheduling || s.quirks.ClaimScheduling {
		f += ", calendar-auto-schedule"
	}
	return f
}

func (s *Server) dispatch(r *request) *reply {
	res, refusal := s.resolve(r)
	if refusal != nil {
		return refusal
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return s.get(r, res)
	case http.MethodPut:
		return s.put(r, res)
	case http.MethodDelete:
		return s.remove(r, res)
	case "PROPFIND":
		return s.propfind(r, res)
	case "PROPPATCH":
		return s.proppatch(r, res)
	case "MKCALENDAR", "MKCOL":
		return s.makeCalendar(r, res)
	case "REPORT":
		return s.report(r, res)
	case http.MethodPost:
		return s.post(r, res)
	}
	return answer(http.StatusMethodNotAllowed).with("Allow", allow)
}
