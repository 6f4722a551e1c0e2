package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/internal/act"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/wire"
)

func (a *api) acting() {
	of := func(name, summary string) huma.Operation {
		return huma.Operation{
			OperationID: name,
			Method:      http.MethodPost,
			Path:        "/pairs/{manager}/{report}/" + name,
			Summary:     summary,
			Errors:      []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
		}
	}
	register(a, of("accept", "Take the slot that the calendar now has, or that is proposed"), persons, a.accept)
	register(a, of("restore", "Put a series, or one of its meetings, back on its slot"), persons, a.restore)
	register(a, of("rebook", "Make up for a meeting at another time of its week"), persons, a.rebook)
	register(a, of("invite", "Send the invitation again"), persons, a.invite)
	register(a, huma.Operation{
		OperationID: "acknowledge",
		Method:      http.MethodPost,
		Path:        "/flags/{id}/ack",
		Summary:     "Say that the token's owner has seen a flag",
		Errors:      []int{http.StatusNotFound, http.StatusConflict},
	}, persons, a.acknowledge)
	register(a, huma.Operation{
		OperationID: "allow",
		Method:      http.MethodPost,
		Path:        "/plan/allow",
		Summary:     "Let changes through that are held, for 24 hours",
		Description: "All of them or none: where one is no more as it was shown, the answer says how it is now.",
		Errors:      []int{http.StatusConflict},
	}, operations, a.allow)
}

func (a *api) accept(ctx context.Context, who act.Actor, in *struct {
	PairIn
	Body *wire.AskAccept
}) (wire.Done, error) {
	q := act.Request{Deed: act.Accept, Pair: in.pair()}
	if in.Body == nil {
		return a.do(ctx, who, q, nil)
	}
	if in.Body.Manager {
		q.Deed = act.AskAccept
	}
	return a.do(ctx, who, q, in.Body.Shown)
}

func (a *api) invite(ctx context.Context, who act.Actor, in *struct {
	PairIn
	Body *wire.Ask
}) (wire.Done, error) {
	q := act.Request{Deed: act.Invite, Pair: in.pair()}
	if in.Body == nil {
		return a.do(ctx, who, q, nil)
	}
	return a.do(ctx, who, q, in.Body.Shown)
}

func (a *api) restore(ctx context.Context, who act.Actor, in *struct {
	PairIn
	Body *wire.AskRestore
}) (wire.Done, error) {
	q := act.Request{Deed: act.Restore, Pair: in.pair()}
	if in.Body == nil {
		return a.do(ctx, who, q, nil)
	}
	var err error
	q.Occurrence, err = day("body.occurrence", in.Body.Occurrence)
	switch {
	case err != nil:
		return wire.Done{}, err
	case in.Body.Manager:
		q.Deed = act.AskRestore
	case !q.Occurrence.IsZero():
		q.Deed = act.RestoreOne
	}
	return a.do(ctx, who, q, in.Body.Shown)
}

func (a *api) rebook(ctx context.Context, who act.Actor, in *struct {
	PairIn
	Body wire.AskRebook
}) (wire.Done, error) {
	q := act.Request{Deed: act.Rebook, Pair: in.pair()}
	var err error
	if q.Occurrence, err = day("body.occurrence", in.Body.Occurrence); err != nil {
		return wire.Done{}, err
	}
	to, err := time.Parse(time.RFC3339, in.Body.To)
	if err != nil {
		return wire.Done{}, invalid("body.to", in.Body.To)
	}
	q.To = plan.Time{Instant: to}
	return a.do(ctx, who, q, in.Body.Shown)
}

// do does what is asked for, if what was shown is still so. What of the round is not about the pair is nobody's
// business here. What is refused, or did not work, is no success.
func (a *api) do(ctx context.Context, who act.Actor, q act.Request, shown *wire.Shown) (wire.Done, error) {
	// Else somebody could have it recorded that they did something about a 1:1 with anybody.
	if _, err := a.See.Pair(ctx, who, q.Pair); err != nil {
		return wire.Done{}, err
	}
	if shown != nil {
		q.Shown = act.Shown{Flag: shown.Flag, Digest: shown.Digest}
	}
	r, err := a.Acts.Do(ctx, who, q)
	switch words := (say.Reader{Now: a.Clock()}); {
	case err != nil:
		return wire.Done{}, err
	case r.Refused != nil:
		return wire.Done{}, r.Refused
	case r.Came == deed.Refused: // it cannot be done as things are
		return wire.Done{}, huma.NewError(http.StatusConflict, words.NotDone(r.Why))
	case r.Came == deed.Failed: // a calendar cannot be read or written
		return wire.Done{}, huma.NewError(http.StatusServiceUnavailable, words.NotDone(r.Why))
	case r.Came == deed.Done:
		return wire.Done{Round: wire.RoundOf(about(r, q.Pair)), Came: string(r.Came)}, nil
	default:
		return wire.Done{
			Round: wire.RoundOf(about(r, q.Pair)),
			Came:  string(r.Came),
			Why:   wire.Null(words.NotDone(r.Why)),
		}, nil
	}
}

// about is what of the round is about the pair.
func about(result act.Result, p series.Pair) reconcile.Round {
	r := result.Round
	flags := func(all []drift.Flag) []drift.Flag {
		return slices.DeleteFunc(slices.Clone(all), func(f drift.Flag) bool { return f.Pair != p })
	}
	r.Applied, r.Plan.Held, r.Mails = result.Applied, result.Held, 0
	for _, c := range r.Applied {
		r.Mails += c.Mails
	}
	r.Edges.Opened, r.Edges.Closed = flags(r.Edges.Opened), flags(r.Edges.Closed)
	r.Sections = slices.DeleteFunc(slices.Clone(r.Sections), func(s reconcile.Section) bool { return s.Pair != p })
	r.Failures = slices.DeleteFunc(slices.Clone(r.Failures), func(f reconcile.Failure) bool {
		return f.Pair != p && !(f.Person != "" && p.Has(f.Person))
	})
	return r
}

func (a *api) acknowledge(ctx context.Context, who act.Actor, in *struct {
	ID   string `path:"id" maxLength:"100" doc:"Of an open flag."`
	Body *wire.Seen
}) (wire.Acknowledged, error) {
	shown := act.Shown{Flag: in.ID}
	if in.Body != nil {
		shown.Digest = in.Body.Digest
	}
	return wire.Acknowledged{ID: in.ID, State: "acknowledged"}, a.Acts.Acknowledge(ctx, who, shown)
}

func (a *api) allow(ctx context.Context, who act.Actor, in *struct{ Body wire.AskAllow }) (
	out wire.Allowed, err error) {
	p, err := a.See.AdminPlan(ctx, who)
	if err != nil {
		return out, err
	}
	var others []error
	for id, digest := range in.Body.Changes {
		i := slices.IndexFunc(p.Held, func(c see.Change) bool { return c.ID == id })
		if i >= 0 && p.Held[i].Digest == digest {
			out.Allowed = append(out.Allowed, id)
			continue
		}
		d := &huma.ErrorDetail{Message: say.Reader{}.NotAnswered(say.NotHeld), Location: "body.changes." + id}
		if i >= 0 {
			d.Message, d.Value = say.Reader{}.NotAnswered(say.NowSo), changeOf(p.Held[i])
		}
		others = append(others, d)
	}
	if len(others) > 0 {
		why := say.NotDone{Reason: string(act.Otherwise)}
		return out, huma.NewError(http.StatusConflict, say.Reader{}.NotDone(why), others...)
	}
	slices.Sort(out.Allowed)
	until, err := a.Acts.Allow(ctx, who, in.Body.Changes)
	out.Until = until.UTC().Format(time.RFC3339)
	return out, err
}
