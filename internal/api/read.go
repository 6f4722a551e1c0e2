package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/internal/access"
	"holdfast/internal/act"
	"holdfast/internal/drift"
	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/wire"
)

// PairIn is a pair in an address. The library fills only what is exported.
type PairIn struct {
	Manager string `path:"manager" maxLength:"100" doc:"The id in the roster."`
	Report  string `path:"report" maxLength:"100" doc:"The id in the roster."`
}

func (in *PairIn) pair() series.Pair { return series.Pair{Manager: in.Manager, Report: in.Report} }

// OfIn is what may narrow an answer to one pair.
type OfIn struct {
	Pair string `query:"pair" pattern:"^[^/]+/[^/]+$" maxLength:"200" example:"mia/raj" doc:"This pair alone."`
}

func (in *OfIn) pair() (p series.Pair, err error) {
	if in.Pair != "" {
		err = p.UnmarshalText([]byte(in.Pair))
	}
	if err != nil {
		err = invalid("query.pair", in.Pair)
	}
	return p, err
}

// invalid is that a value cannot be read, though it looks well.
func invalid(location, value string) error {
	text := say.Reader{}.NotAnswered(say.NoValue)
	return huma.NewError(http.StatusUnprocessableEntity, text, &huma.ErrorDetail{
		Message:  text,
		Location: location,
		Value:    value,
	})
}

// day is the day of the text, zero for "".
func day(location, text string) (d series.Date, err error) {
	if text != "" {
		if d, err = series.ParseDate(text); err != nil {
			err = invalid(location, text)
		}
	}
	return d, err
}

func (a *api) reading() {
	register(a, huma.Operation{
		OperationID: "pairs",
		Method:      http.MethodGet,
		Path:        "/pairs",
		Summary:     "1:1s of the token's owner; to a token of operation the states of all",
	}, anybodys, a.pairs)
	register(a, huma.Operation{
		OperationID: "pair",
		Method:      http.MethodGet,
		Path:        "/pairs/{manager}/{report}",
		Summary:     "A 1:1 of the token's owner; to a token of operation its state",
		Errors:      []int{http.StatusNotFound},
	}, anybodys, a.pair)
	register(a, huma.Operation{
		OperationID: "flags",
		Method:      http.MethodGet,
		Path:        "/flags",
		Summary:     "What is different about the 1:1s of the token's owner",
		Errors:      []int{http.StatusNotFound},
	}, persons, a.flags)
	register(a, huma.Operation{
		OperationID: "history",
		Method:      http.MethodGet,
		Path:        "/history",
		Summary:     "What became of each week's 1:1s of the token's owner",
		Errors:      []int{http.StatusNotFound},
	}, persons, a.history)
	register(a, huma.Operation{
		OperationID: "plan",
		Method:      http.MethodGet,
		Path:        "/plan",
		Summary:     "What waits to be allowed",
	}, operations, a.plan)
	register(a, huma.Operation{
		OperationID: "person",
		Method:      http.MethodGet,
		Path:        "/people/{id}",
		Summary:     "The token's owner, with their week",
		Errors:      []int{http.StatusNotFound},
	}, persons, a.person)
}

func (a *api) pairs(ctx context.Context, who act.Actor, _ *struct{}) (
	out either[[]wire.Status, []wire.PairState], err error) {
	if who.Admin {
		all, err := a.See.AdminPairs(ctx, who)
		out.is = wire.List(all, stateOf)
		return out, err
	}
	mine, err := a.See.Mine(ctx, who)
	out.is = wire.List(slices.Concat(mine.Reports, mine.Managers), statusOf)
	return out, err
}

func (a *api) pair(ctx context.Context, who act.Actor, in *PairIn) (
	out either[wire.OneOnOne, wire.PairState], err error) {
	if who.Admin {
		all, err := a.See.AdminPairs(ctx, who)
		if err != nil {
			return out, err
		}
		i := slices.IndexFunc(all, func(p see.PairState) bool { return p.Pair == in.pair() })
		if i < 0 {
			return out, see.ErrNotYours
		}
		out.is = stateOf(all[i])
		return out, nil
	}
	p, err := a.See.Pair(ctx, who, in.pair())
	if err != nil {
		return out, err
	}
	out.is = oneOnOneOf(p)
	return out, a.See.Looked(ctx, who, access.ThePair, p.Pair)
}

// open are the open flags of the one who asks, of one pair unless it is zero.
func (a *api) open(ctx context.Context, who act.Actor, p series.Pair) ([]see.Need, error) {
	all, err := a.See.Open(ctx, who)
	if p != (series.Pair{}) {
		if !p.Has(who.Person) {
			return nil, see.ErrNotYours
		}
		all = slices.DeleteFunc(all, func(n see.Need) bool { return n.Pair != p })
	}
	return all, err
}

// flag is the open flag of that id as the one who asks sees it; nil for none.
func (a *api) flag(ctx context.Context, who act.Actor, id string) (*wire.OpenFlag, error) {
	all, err := a.See.Open(ctx, who)
	for _, n := range all {
		if n.ID() == id {
			f := openFlagOf(n.Flag)
			return &f, err
		}
	}
	return nil, err
}

func (a *api) flags(ctx context.Context, who act.Actor, in *OfIn) ([]wire.OpenFlag, error) {
	p, err := in.pair()
	if err != nil {
		return nil, err
	}
	all, err := a.open(ctx, who, p)
	if err != nil {
		return nil, err
	}
	of := func(n see.Need) wire.OpenFlag { return openFlagOf(n.Flag) }
	return wire.List(all, of), a.looked(ctx, who, access.TheFlags, p)
}

// looked enters in the access log that somebody looked at their pair, or at all of theirs.
func (a *api) looked(ctx context.Context, who act.Actor, what access.What, p series.Pair) error {
	if p == (series.Pair{}) {
		return nil // one's own list, as on the page of all of them
	}
	return a.See.Looked(ctx, who, what, p)
}

type historyIn struct {
	OfIn
	Since string `query:"since" format:"date" doc:"From the week of this day on."`
}

func (a *api) history(ctx context.Context, who act.Actor, in *historyIn) ([]wire.Outcome, error) {
	p, err := in.pair()
	if err != nil {
		return nil, err
	}
	since, err := day("query.since", in.Since)
	if err != nil {
		return nil, err
	}
	all, err := a.See.History(ctx, who, p, since)
	if err != nil {
		return nil, err
	}
	return wire.List(all, func(o drift.Outcome) wire.Outcome { return wire.OutcomeOf(o) }),
		a.looked(ctx, who, access.TheRecord, p)
}

func (a *api) plan(ctx context.Context, who act.Actor, _ *struct{}) (wire.Planned, error) {
	p, err := a.See.AdminPlan(ctx, who)
	return plannedOf(p), err
}

type personIn struct {
	ID   string `path:"id" maxLength:"100" doc:"The id in the roster."`
	Week string `query:"week" example:"2026-W50" maxLength:"10" doc:"An ISO week; this one if there is none."`
}

func (a *api) person(ctx context.Context, who act.Actor, in *personIn) (out wire.Me, err error) {
	if in.ID != who.Person {
		return out, see.ErrNotYours
	}
	me, err := a.See.Me(ctx, who)
	if err != nil {
		return out, err
	}
	if in.Week != "" {
		week, err := series.ParseWeek(in.Week)
		if err != nil {
			return out, invalid("query.week", in.Week)
		}
		if me.Week, err = a.See.Week(ctx, who, week.Monday()); err != nil {
			return out, err
		}
	}
	return meOf(me), nil
}
