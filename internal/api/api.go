// Package api is what programs ask Holdfast with: its addresses below /api/v1, with bearer tokens. A person's token
// sees and does what the person may; one of operation sees states, and what waits to be allowed. It shows nothing that
// does not come from package see, does nothing but by package act, and reads no cookie: no page can ask in somebody's
// name.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/rs/zerolog"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/clock"
	"holdfast/internal/drift"
	"holdfast/internal/live"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
)

// Path is below which everything is.
const Path = "/api/v1"

// See is what may be seen.
type See interface {
	Mine(ctx context.Context, who act.Actor) (see.Mine, error)
	Pair(ctx context.Context, who act.Actor, p series.Pair) (see.Pair, error)
	Me(ctx context.Context, who act.Actor) (see.Me, error)
	Week(ctx context.Context, who act.Actor, monday series.Date) (see.OwnWeek, error)
	// Open are the open flags of the one who asks.
	Open(ctx context.Context, who act.Actor) ([]see.Need, error)
	// History are the outcomes of the pair, or with a zero one of all pairs of the one who asks, since the day.
	History(ctx context.Context, who act.Actor, p series.Pair, since series.Date) ([]drift.Outcome, error)
	AdminPlan(ctx context.Context, who act.Actor) (see.Planned, error)
	AdminPairs(ctx context.Context, who act.Actor) ([]see.PairState, error)
	// Looked enters in the access log of the pairs that somebody looked at something about them.
	Looked(ctx context.Context, who act.Actor, what access.What, pairs ...series.Pair) error
}

// Acts does what people ask for.
type Acts interface {
	Do(ctx context.Context, who act.Actor, q act.Request) (act.Result, error)
	Acknowledge(ctx context.Context, who act.Actor, s act.Shown) error
	Allow(ctx context.Context, who act.Actor, changes map[string]string) (until time.Time, err error)
}

// Tokens are those that were made and not taken back.
type Tokens interface {
	// Token is the one of that digest; ok is false where there is none that is good now.
	Token(ctx context.Context, digest string) (t access.Token, ok bool, err error)
	// UseToken notes that the program used it just now, at most once an hour.
	UseToken(ctx context.Context, t access.Token, program string) error
}

// Options are what an API needs.
type Options struct {
	URL     string // how programs reach it, without a slash at the end (settings' web.url)
	Version string // of this program
	See     See
	Acts    Acts
	Tokens  Tokens
	Person  func(id string) (series.Person, bool) // somebody of the last good roster
	Hub     *live.Hub
	Clock   clock.Clock
	Log     zerolog.Logger
}

const (
	// maxBody is how long what is sent to it may be.
	maxBody = 64 << 10
	// streams is how many one token may have open.
	streams = 8
)

// api answers.
type api struct {
	Options
	huma  huma.API
	seats live.Seats
}

// lists are never null here; the library has but one switch for that.
var lists = sync.OnceFunc(func() { huma.DefaultArrayNullable = false })

// Mount has mux answer at the addresses below Path. Its description, OpenAPI 3.1, is there for everybody, at
// /openapi.json.
func Mount(mux *http.ServeMux, o Options) {
	lists()
	config := huma.DefaultConfig("Holdfast", o.Version)
	// No pages that load from elsewhere, and no links to schemas in answers.
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.OpenAPIPath = Path + "/openapi"
	config.Info.Description = say.Reader{}.API()
	config.Servers = []*huma.Server{{URL: o.URL}}
	config.Security = []map[string][]string{{"token": {}}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	a := &api{Options: o, huma: humago.New(mux, config), seats: live.Seats{Each: streams}}
	a.huma.UseMiddleware(a.admit)
	a.reading()
	a.acting()
	a.streaming()
	mux.HandleFunc(Path+"/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(huma.NewError(http.StatusNotFound, say.Reader{}.NotAnswered(say.NoAddress)))
	})
}

// asker is the key of who asks, whom admit has found, in the context that the library hands on.
type asker struct{}

// admit lets those in who have a token, and says who they are.
func (a *api) admit(ctx huma.Context, next func(huma.Context)) {
	ctx.SetHeader("Cache-Control", "no-store")
	who, err := a.who(ctx.Context(), ctx.Header("Authorization"), ctx.Header("User-Agent"))
	switch {
	case errors.Is(err, errStranger):
		ctx.SetHeader("WWW-Authenticate", "Bearer")
		_ = huma.WriteErr(a.huma, ctx, http.StatusUnauthorized, say.Reader{}.NotAnswered(say.NoToken))
	case err != nil:
		_ = huma.WriteErr(a.huma, ctx, http.StatusInternalServerError, a.broken(err))
	default:
		next(huma.WithValue(ctx, asker{}, who))
	}
}

var errStranger = errors.New("no token that is good")

// who is who asks with these headers.
func (a *api) who(ctx context.Context, authorization, agent string) (act.Actor, error) {
	scheme, secret, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return act.Actor{}, errStranger
	}
	t, ok, err := a.Tokens.Token(ctx, access.Digest(strings.TrimSpace(secret)))
	if err != nil {
		return act.Actor{}, err
	}
	who := act.Actor{From: act.API}
	switch _, in := a.Person(t.Person); {
	case ok && t.Role == access.Operate:
		who.Admin = true
	case ok && t.Role == access.Self && in:
		who.Person = t.Person
	default:
		return who, errStranger
	}
	if err := a.Tokens.UseToken(ctx, t, access.Program(agent)); err != nil {
		a.Log.Warn().Err(err).Str("token", t.ID).Msg("the use of a token is not noted")
	}
	return who, nil
}

// broken notes what failed here, and says that something did.
func (a *api) broken(err error) string {
	a.Log.Error().Err(err).Msg("the API cannot answer")
	return say.Reader{}.NotAnswered(say.BrokenHere)
}

// Whose tokens an operation is for.
type whose int

const (
	anybodys whose = iota
	persons
	operations
)

// answer is what an operation answers with.
type answer[T any] struct{ Body T }

// register adds an operation that answers those whom it is for.
func register[I, O any](a *api, op huma.Operation, of whose,
	f func(ctx context.Context, who act.Actor, in *I) (O, error)) {
	op.Path = Path + op.Path
	op.MaxBodyBytes, op.BodyReadTimeout = maxBody, 10*time.Second
	op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusInternalServerError)
	if op.Method == http.MethodPost {
		op.Errors = append(op.Errors, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge)
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*answer[O], error) {
		who, _ := ctx.Value(asker{}).(act.Actor)
		if of == persons && who.Person == "" || of == operations && !who.Admin {
			return nil, huma.NewError(http.StatusForbidden, say.Reader{}.NotAnswered(say.OtherRole))
		}
		out, err := f(ctx, who, in)
		if err != nil {
			return nil, a.problem(ctx, who, err)
		}
		return &answer[O]{out}, nil
	})
}

// problem is the error as RFC 9457 has it.
func (a *api) problem(ctx context.Context, who act.Actor, err error) error {
	var refused *act.Refused
	var known huma.StatusError
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, see.ErrNotYours):
		return huma.NewError(http.StatusNotFound, say.Reader{}.NotAnswered(say.NotShown))
	case errors.Is(err, see.ErrNotIn):
		return huma.NewError(http.StatusForbidden, say.Reader{}.NotAnswered(say.OtherRole))
	case !errors.As(err, &refused):
		return huma.NewError(http.StatusInternalServerError, a.broken(err))
	}
	status := http.StatusForbidden
	switch refused.Reason {
	case act.NotYours, act.NotOpen:
		status = http.StatusNotFound
	case act.Otherwise:
		status = http.StatusConflict
	}
	details := []error{}
	if refused.Now != nil {
		if now, err := a.flag(ctx, who, refused.Now.ID()); err == nil && now != nil {
			details = append(details, &huma.ErrorDetail{
				Message:  say.Reader{}.NotAnswered(say.NowSo),
				Location: "body.shown",
				Value:    now,
			})
		}
	}
	return huma.NewError(status, say.Reader{}.NotDone(say.NotDone{Reason: string(refused.Reason)}), details...)
}

// either is an answer of one of two shapes, by who asks.
type either[A, B any] struct{ is any }

// MarshalJSON is that of what it is.
func (e either[A, B]) MarshalJSON() ([]byte, error) { return json.Marshal(e.is) }

// Schema allows both.
func (either[A, B]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{
		r.Schema(reflect.TypeFor[A](), true, ""),
		r.Schema(reflect.TypeFor[B](), true, ""),
	}}
}
