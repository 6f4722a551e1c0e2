// Package googletest is a stateful double of Google for tests: Calendar v3, Drive v3, Docs v1 and the OAuth endpoints,
// over net/http, on a clock and with faults of the test's choice. It shares no types with Google's client. What it
// answers and takes is held against the discovery documents by its own tests, and Strict holds clients against them. Where
// Google's documents are silent, Behavior has a switch for each answer.
//
// It is stricter than Google where clients may not rely on Google: constraints on extended properties cannot be repeated,
// and sync tokens are bound to all parameters of the first listing. It knows less: an incremental sync with singleEvents does
// not tell instances that a new rule no longer has; files have no content but documents', and those are paragraphs only,
// without suggestions; groups are nobody; there are no batches, no quickAdd, and none of the methods that write calendars,
// their lists and their access rules (TestRoutesAreDeclared names them).
package googletest

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"holdfast/internal/clock"
)

// Options is the world as it is when a Server begins.
type Options struct {
	Users  []User
	Domain string // of the organization; guests elsewhere are external. Default: the domain of the first user
	Clock  clock.Clock

	// Base is where the server can be reached, without a slash at the end. SetBase may give it later.
	Base string
	// Delegation says which scopes each service account may use as any user of the domain. An account with no scopes has
	// no delegation.
	Delegation []ServiceAccount
	Clients    []OAuthClient

	Quota    Quota
	Behavior Behavior
}

// User is a person or a room with a primary calendar, whose id is Email.
type User struct {
	Email   string // lower case
	Aliases []string
	Name    string
	Zone    string // IANA; default UTC
	// AddInvitations is the setting "Add invitations to my calendar".
	AddInvitations AddInvitations
	// Room answers by itself: it accepts what is free and declines the rest.
	Room bool
}

// AddInvitations says when an invitation shows on a calendar.
type AddInvitations int

// Always is the default; WhenAnswered hides an invitation until its guest answers it (Hands.Accept, Hands.Decline).
const (
	Always AddInvitations = iota
	WhenAnswered
)

// Behavior is what differs between Googles, or what nobody outside knows for sure. Its zero value is the likely one.
type Behavior struct {
	// SplitDropsPrivate and DuplicateDropsPrivate: private extended properties are not carried over to the new event.
	SplitDropsPrivate, DuplicateDropsPrivate bool
	// ExceptionsFollow: a field of the master that an exception has unchanged follows when the master's changes. Else an
	// exception keeps all it had when it was made.
	ExceptionsFollow bool
	// GuestsModifyReach: with guestsCanModify, what an attendee changes reaches the organizer's event.
	GuestsModifyReach bool
	// CopiesRefuseMarks: a patch of nothing but private properties on an attendee's copy is forbiddenForNonOrganizer.
	CopiesRefuseMarks bool
	// NoopMovesETag: a patch that changes nothing gives a new etag.
	NoopMovesETag bool
	// AnswerRaisesSequence: an answer to one occurrence raises that exception's sequence.
	AnswerRaisesSequence bool
	// RoomDelay is how long a room takes to answer. ConferenceReads is how many reads a conference stays pending;
	// ConferenceFails makes it fail then. NoMeet: the account may not have any, and is refused.
	RoomDelay       time.Duration
	ConferenceReads int
	ConferenceFails bool
	NoMeet          bool
	// TombstoneLife is how long a deleted event is listed, and a sync token lives. Default 30 days.
	TombstoneLife time.Duration
	// MaxChannelLife caps what a watch asks for. Default 7 days. PlainHTTP allows receivers without TLS.
	MaxChannelLife time.Duration
	PlainHTTP      bool
	// NewFilesSeenByDomain: the domain's setting for new files, unless ignoreDefaultVisibility.
	NewFilesSeenByDomain bool
	// PageRows caps how many rows a page looks at, so that pages come short, or empty. Default: maxResults of the request.
	PageRows int
}

// Server is the double. It is an http.Handler; Base()+"/" is the endpoint of all three APIs.
type Server struct {
	mu  sync.Mutex
	opt Options

	base      string
	made      int64
	stamped   int64 // microseconds of the last etag
	cals      map[string]*calendar
	users     map[string]*User // by each address
	later     []task
	declining bool // an automatic answer is under way
	tokens    tokens
	faults    faults
	push      push
	drive     drive
	quota     meter
	mails     []Mail
	requests  []Request
}

// task is what the world does by itself once a time has come.
type task struct {
	due time.Time
	do  func()
}

// New makes a Server.
func New(o Options) *Server {
	if o.Clock == nil {
		o.Clock = clock.System
	}
	if o.Domain == "" && len(o.Users) > 0 {
		o.Domain = domainOf(o.Users[0].Email)
	}
	if o.Behavior.TombstoneLife == 0 {
		o.Behavior.TombstoneLife = 30 * 24 * time.Hour
	}
	if o.Behavior.MaxChannelLife == 0 {
		o.Behavior.MaxChannelLife = 7 * 24 * time.Hour
	}
	s := &Server{opt: o, base: o.Base, cals: map[string]*calendar{}, users: map[string]*User{}}
	s.tokens.init()
	s.drive.init()
	for i := range o.Users {
		s.addUser(o.Users[i])
	}
	return s
}

// AddUser adds a person or room.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addUser(u)
}

func (s *Server) addUser(u User) {
	u.Email = strings.ToLower(u.Email)
	if u.Zone == "" {
		u.Zone = "UTC"
	}
	s.users[u.Email] = &u
	for _, a := range u.Aliases {
		s.users[strings.ToLower(a)] = &u
	}
	s.cals[u.Email] = s.newCalendar(u.Email, u.Email, u.Zone, &u)
}

// Configure changes the behavior from now on.
func (s *Server) Configure(change func(*Behavior)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.opt.Behavior)
}

// SetBase tells where the server can be reached: httptest knows only after it has begun.
func (s *Server) SetBase(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base = strings.TrimSuffix(url, "/")
}

// Base is where the server can be reached; Base()+"/" stands in for https://www.googleapis.com/ and
// https://docs.googleapis.com/.
func (s *Server) Base() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}

// AuthURI and TokenURI are those of the client files.
func (s *Server) AuthURI() string { return s.Base() + authPath }

// TokenURI is where codes, refresh tokens and assertions are exchanged.
func (s *Server) TokenURI() string { return s.Base() + tokenPath }

func (s *Server) now() time.Time { return s.opt.Clock() }

// settle lets happen what is due: answers of rooms.
func (s *Server) settle() {
	now := s.now()
	for {
		i := -1
		for j, t := range s.later {
			if !t.due.After(now) && (i < 0 || t.due.Before(s.later[i].due)) {
				i = j
			}
		}
		if i < 0 {
			return
		}
		t := s.later[i]
		s.later = append(s.later[:i:i], s.later[i+1:]...)
		t.do()
	}
}

// unique is a number never given before.
func (s *Server) unique() int64 { s.made++; return s.made }

var base32hex = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// newID is an id as the server makes them: 26 characters of base32hex.
func (s *Server) newID() string {
	sum := sha256.Sum256([]byte(fmt.Sprint("id", s.unique())))
	return base32hex.EncodeToString(sum[:16])
}

func domainOf(address string) string {
	_, domain, _ := strings.Cut(strings.ToLower(address), "@")
	return domain
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case authPath, tokenPath, revokePath:
		s.serveOAuth(w, r)
		return
	}
	s.serveAPI(w, r)
}
