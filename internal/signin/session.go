package signin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"holdfast/internal/act"
	"holdfast/internal/say"
	"holdfast/internal/series"
)

// How long a session lasts.
const (
	Idle     = 12 * time.Hour
	Lifetime = 7 * 24 * time.Hour
	// extendEvery is how much later a session must end before that is written.
	extendEvery = 5 * time.Minute
)

// PartHeader marks the request of a page's script for a part of it: that is no activity of a person.
const PartHeader = "Holdfast-Part"

// What a session holds.
const (
	keyWho     = "who"     // the person's id, or the address of an admin who is not in the roster
	keyAddress = "address" // the person's first address then: who has another one now signs in anew
	keySince   = "since"   // when they signed in, as Unix time
	keyIssuer  = "issuer"  // they signed in by the provider
)

func (s *SignIn) manager() *scs.SessionManager {
	// scs.New would start a store in memory, which wakes up every minute for good.
	m := &scs.SessionManager{Store: s.Sessions, Codec: scs.GobCodec{}, Lifetime: Lifetime}
	m.Cookie.Name, m.Cookie.Path, m.Cookie.Secure = s.cookie.name, s.cookie.path, s.cookie.secure
	m.Cookie.HttpOnly, m.Cookie.SameSite = true, http.SameSiteLaxMode
	m.Cookie.Persist = false // a browser that is closed forgets it; how long it is good is the journal's to tell
	m.ErrorFunc = s.trouble
	return m
}

// Whose is the person of the roster whose session the data is of; "" of nobody's. It is what package store needs.
func Whose(data []byte) string {
	_, values, err := scs.GobCodec{}.Decode(data)
	who, _ := values[keyWho].(string)
	if err != nil || isAddress(who) {
		return ""
	}
	return who
}

// isAddress tells the address of an admin from the id of a person, in which no @ can be.
func isAddress(who string) bool { return strings.Contains(who, "@") }

type actorKey struct{}

// Wrap loads the session of each request, and saves it. Whoever is not in the roster any more is nobody.
func (s *SignIn) Wrap(next http.Handler) http.Handler {
	return s.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if s.sessions.Exists(ctx, keyWho) {
			actor, ok := s.actor(ctx)
			if !ok {
				if err := s.end(ctx); err != nil {
					s.trouble(w, r, err)
					return
				}
			} else {
				if isActivity(r) {
					s.extend(ctx)
				}
				r = r.WithContext(context.WithValue(ctx, actorKey{}, actor))
			}
		}
		next.ServeHTTP(w, r)
	}))
}

// isActivity reports whether a person asks, not the script of a page that is open.
func isActivity(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return (mode == "" || mode == "navigate") && r.Header.Get(PartHeader) == "" &&
		!strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream")
}

// Who is whose session the request is in.
func (s *SignIn) Who(r *http.Request) (act.Actor, bool) {
	a, ok := r.Context().Value(actorKey{}).(act.Actor)
	return a, ok
}

// actor is who the session of the context is of; false of nobody's, as one is that was not found because it is over.
func (s *SignIn) actor(ctx context.Context) (act.Actor, bool) {
	return s.member(s.sessions.GetString(ctx, keyWho), s.sessions.GetString(ctx, keyAddress))
}

// member is the person of that id whose first address is still that one, or the admin of that address.
func (s *SignIn) member(who, address string) (act.Actor, bool) {
	if isAddress(who) {
		// An admin who has become somebody of the roster signs in as that person.
		_, ok := s.byAddress(who)
		return act.Actor{Admin: true, From: act.Page}, !ok && s.isAdmin(who)
	}
	p, ok := s.People()[who]
	if !ok || p.Email != address {
		return act.Actor{}, false
	}
	return act.Actor{Person: who, Admin: s.isAdmin(who) || s.isAdmin(p.Email), From: act.Page}, true
}

func (s *SignIn) isAdmin(who string) bool {
	return slices.ContainsFunc(s.Admins, func(a string) bool { return lower(a) == lower(who) })
}

// byAddress is whose first address it is.
func (s *SignIn) byAddress(address string) (series.Person, bool) {
	address = lower(address)
	for _, p := range s.People() {
		if lower(p.Email) == address && address != "" {
			return p, true
		}
	}
	return series.Person{}, false
}

// lower is how addresses are compared: letters of ASCII alone have two cases that are one. Unicode has letters whose
// lower case is one of ASCII, by which one address could be taken for another.
func lower(address string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, address)
}

// extend makes the session end later, since somebody is there.
func (s *SignIn) extend(ctx context.Context) {
	until := s.Clock().Add(Idle)
	if last := time.Unix(s.sessions.GetInt64(ctx, keySince), 0).Add(Lifetime); until.After(last) {
		until = last
	}
	if until.Sub(s.sessions.Deadline(ctx)) >= extendEvery {
		s.sessions.SetDeadline(ctx, until)
	}
}

// enter begins a session, under a new token: whoever knew the old one has nothing of it. who is the id of a person, or
// the address of an admin who is not in the roster.
func (s *SignIn) enter(w http.ResponseWriter, r *http.Request, who, by, back string) {
	ctx := r.Context()
	address := who
	if p, ok := s.People()[who]; ok {
		address = p.Email
	}
	if _, ok := s.member(who, address); !ok {
		s.Show(w, r, http.StatusForbidden, s.again(say.Reader{}.SignInGone()))
		return
	}
	s.streams.end(s.sessions.Token(ctx))
	if err := s.sessions.RenewToken(ctx); err != nil {
		s.trouble(w, r, err)
		return
	}
	now := s.Clock() // what follows replaces all that the old one held
	s.sessions.Put(ctx, keyWho, who)
	s.sessions.Put(ctx, keyAddress, address)
	s.sessions.Put(ctx, keySince, now.Unix())
	s.sessions.Put(ctx, keyIssuer, by == byOIDC)
	s.sessions.SetDeadline(ctx, now.Add(Idle))
	for _, which := range []string{flowCookie, askCookie, outCookie} {
		if s.cookie.get(r, which) != "" {
			s.cookie.set(w, which, "", 0)
		}
	}
	entered := s.Log.Info().Str("by", by)
	if !isAddress(who) {
		entered = entered.Str("person", who)
	}
	entered.Msg("signed in")
	s.redirect(w, r, home(back))
}

// The ways to sign in, for the log.
const (
	byOIDC = "oidc"
	byLink = "link"
	byCode = "code"
)

// end ends the session of the context, with its streams.
func (s *SignIn) end(ctx context.Context) error {
	token := s.sessions.Token(ctx)
	err := s.sessions.Destroy(ctx)
	s.streams.end(token)
	return err
}

// Over is closed when the request's session ends: at once where somebody signs out or in anew in this process, else by
// the next Sweep. release must be called when nobody waits for that any more.
func (s *SignIn) Over(r *http.Request) (over <-chan struct{}, release func()) {
	who, _ := s.Who(r)
	return s.streams.of(s.sessions.Token(r.Context()), who)
}

// Sweep ends the streams whose session is not good any more: it has ended in any process, its person has left the
// roster or is an admin no more. Run does so every minute; who knows that the roster has changed may call it as well.
func (s *SignIn) Sweep(ctx context.Context) {
	for token, was := range s.streams.all() {
		session, err := s.sessions.Load(ctx, token)
		if err != nil {
			return // that the journal cannot be read now ends nothing
		}
		if now, ok := s.actor(session); !ok || now != was {
			s.streams.end(token)
		}
	}
}

// streams are who waits for the end of which session.
type streams struct {
	mu sync.Mutex
	at map[string]*stream // by token
}

type stream struct {
	who     act.Actor
	over    chan struct{}
	waiting int
}

// all are whose streams there are, by token.
func (s *streams) all() map[string]act.Actor {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]act.Actor{}
	for token, x := range s.at {
		out[token] = x.who
	}
	return out
}

func (s *streams) of(token string, who act.Actor) (<-chan struct{}, func()) {
	if token == "" { // nobody is signed in
		return nil, func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.at[token]
	if x == nil {
		x = &stream{who: who, over: make(chan struct{})}
		if s.at == nil {
			s.at = map[string]*stream{}
		}
		s.at[token] = x
	}
	x.waiting++
	return x.over, sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if x.waiting--; x.waiting == 0 && s.at[token] == x {
			delete(s.at, token)
		}
	})
}

func (s *streams) end(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.at[token]; x != nil {
		close(x.over)
		delete(s.at, token)
	}
}
