package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/internal/act"
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
		Errors:      []int{http.StatusNotFound},
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

type askIn struct {
	PairIn
	Body *wire.Ask
}

func (a *api) accept(ctx context.Context, who act.Actor, in *askIn) (wire.Done, error) {
	return a.do(ctx, who, act.Request{Deed: act.Accept, Pair: in.pair()}, in.Body)
}

func (a *api) invite(ctx context.Context, who act.Actor, in *askIn) (wire.Done, error) {
	return a.do(ctx, who, act.Request{Deed: act.Invite, Pair: in.pair()}, in.Body)
}

func (a *api) restore(ctx context.Context, who act.Actor, in *struct {
	PairIn
	Body *wire.AskRestore
}) (wire.Done, error) {
	q, body := act.Request{Deed: act.Restore, Pair: in.pair()}, in.Body
	if body == nil {
		return a.do(ctx, who, q, nil)
	}
	var err error
	if q.Occurrence, err = day("body.occurrence", body.Occurrence); err != nil {
		return wire.Done{}, err
	}
	if !q.Occurrence.IsZero() {
		q.Deed = act.RestoreOne
	}
	return a.do(ctx, who, q, &body.Ask)
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
	return a.do(ctx, who, q, &in.Body.Ask)
}

// do makes the round that is asked for. What of it is not about the pair is nobody's business here. A round in which
// nothing was written because something failed is no success.
func (a *api) do(ctx context.Context, who act.Actor, q act.Request, ask *wire.Ask) (out wire.Done, err error) {
	if ask != nil && ask.Shown != nil {
		q.Shown = act.Shown{Flag: ask.Shown.Flag, Digest: ask.Shown.Digest}
	}
	r, err := a.Acts.Do(ctx, who, q)
	if err != nil {
		return out, err
	}
	r = about(r, q.Pair)
	out.Round = wire.RoundOf(r)
	if len(r.Applied) > 0 || len(r.Plan.Held) > 0 {
		return out, nil
	}
	if n := len(r.Failures); n > 0 {
		status := http.StatusServiceUnavailable // a calendar cannot be read or written
		if r.Failures[0].Subject == reconcile.BookingOf(q.Pair) {
			status = http.StatusConflict // it cannot be done as things are
		}
		var details []error
		for _, f := range out.Errors {
			details = append(details, &huma.ErrorDetail{Message: f.Error})
		}
		return out, huma.NewError(status, say.Reader{}.NotAnswered("not-done"), details...)
	}
	if n, ok := act.Nothing(&r, q); ok {
		out.Nothing = wire.Null(say.Reader{Now: r.At}.Nothing(n))
	}
	return out, nil
}

// about is what of the round is about the pair.
func about(r reconcile.Round, p series.Pair) reconcile.Round {
	flags := func(all []drift.Flag) []drift.Flag {
		return slices.DeleteFunc(slices.Clone(all), func(f drift.Flag) bool { return f.Pair != p })
	}
	r.Applied = slices.DeleteFunc(slices.Clone(r.Applied), func(c plan.Change) bool { return c.Pair != p })
	r.Mails = 0
	for _, c := range r.Applied {
		r.Mails += c.Mails
	}
	r.Plan.Held = slices.DeleteFunc(slices.Clone(r.Plan.Held), func(h plan.Held) bool { return h.Pair != p })
	r.Edges.Opened, r.Edges.Closed = flags(r.Edges.Opened), flags(r.Edges.Closed)
	r.Sections = slices.DeleteFunc(slices.Clone(r.Sections), func(s reconcile.Section) bool { return s.Pair != p })
	r.Failures = slices.DeleteFunc(slices.Clone(r.Failures), func(f reconcile.Failure) bool {
		return f.Pair != p && !(f.Person != "" && p.Has(f.Person))
	})
	return r
}

func (a *api) acknowledge(ctx context.Context, who act.Actor, in *struct {
	ID string `path:"id" maxLength:"100" doc:"Of an open flag."`
}) (wire.Acknowledged, error) {
	return wire.Acknowledged{ID: in.ID, State: "acknowledged"}, a.Acts.Acknowledge(ctx, who, in.ID)
}

func (a *api) allow(ctx context.Context, who act.Actor, in *struct{ Body wire.AskAllow }) (out wire.Allowed, err error) {
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
		d := &huma.ErrorDetail{Message: say.Reader{}.NotAnswered("not-held"), Location: "body.changes." + id}
		if i >= 0 {
			d.Message, d.Value = say.Reader{}.NotAnswered("now"), changeOf(p.Held[i])
		}
		others = append(others, d)
	}
	if len(others) > 0 {
		return out, huma.NewError(http.StatusConflict, say.Reader{}.NotAnswered(string(act.Otherwise)), others...)
	}
	slices.Sort(out.Allowed)
	until, err := a.Acts.Allow(ctx, who, in.Body.Changes)
	out.Until = until.UTC().Format(time.RFC3339)
	return out, err
}
