package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/live"
	"holdfast/internal/say"
	"holdfast/internal/wire"
)

// The messages of the stream.
const (
	pairChanged = "pair"
	roundMade   = "round"
)

func (a *api) streaming() {
	schemas := a.huma.OpenAPI().Components.Schemas
	message := func(name string, data reflect.Type) *huma.Schema {
		return &huma.Schema{
			Type: huma.TypeObject,
			Properties: map[string]*huma.Schema{
				"event": {Type: huma.TypeString, Enum: []any{name}},
				"data":  schemas.Schema(data, true, ""),
			},
			Required: []string{"event", "data"},
		}
	}
	huma.Register(a.huma, huma.Operation{
		OperationID: "events",
		Method:      http.MethodGet,
		Path:        Path + "/events",
		Summary:     "What rounds change, as server-sent events",
		Description: `The first message is "open": what changed before it is to be read once. Then "pair" says that ` +
			`something about a 1:1 of the token's owner changed, and to a token of operation "round" that there was one.`,
		Errors: []int{http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusInternalServerError},
		Responses: map[string]*huma.Response{"200": {
			Description: "The stream",
			Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{
				Type: huma.TypeArray,
				Items: &huma.Schema{OneOf: []*huma.Schema{
					message(pairChanged, reflect.TypeFor[wire.Changed]()),
					message(roundMade, reflect.TypeFor[wire.Rounded]()),
				}},
			}}},
		}},
	}, func(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
		who, _ := ctx.Value(asker{}).(act.Actor)
		return &huma.StreamResponse{Body: func(ctx huma.Context) { a.stream(ctx, who) }}, nil
	})
}

// stream is open as long as the token is good.
func (a *api) stream(ctx huma.Context, who act.Actor) {
	token := ctx.Header("Authorization")
	leave, ok := a.seats.Take(access.Digest(token))
	defer leave()
	if !ok {
		_ = huma.WriteErr(a.huma, ctx, http.StatusTooManyRequests, say.Reader{}.NotAnswered(say.ManyOpen))
		return
	}
	events, cancel := a.Hub.Subscribe(who.Person, who.Admin)
	defer cancel()
	r, w := humago.Unwrap(ctx)
	live.Stream(w, r, events, nil, func(e live.Event) (all []live.Message, more bool) {
		if again, err := a.who(r.Context(), token, ctx.Header("User-Agent")); err != nil || again != who {
			return nil, false
		}
		for _, p := range e.Pairs {
			all = append(all, message(pairChanged, wire.Changed{Pair: p.String()}))
		}
		if e.Round {
			all = append(all, message(roundMade, wire.Rounded{}))
		}
		return all, true
	})
}

func message(name string, data any) live.Message {
	text, _ := json.Marshal(data) // of strings
	return live.Message{Event: name, Data: string(text)}
}
