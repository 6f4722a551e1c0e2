package daemon

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/link"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/web"
)

// linked does what links in messages are for.
type linked struct {
	a *App
	q *Queue
}

// undoable is how long what a link did can be taken back.
const undoable = 24 * time.Hour

// who is the reader of the link, and the 1:1 as pages name it.
func (l linked) who(x link.Act) (r say.Reader, o say.OneOnOne, as say.Role) {
	me, _ := l.a.person(x.Reader)
	party := func(id string) say.Party {
		if p, ok := l.a.person(id); ok {
			return say.Party{Name: p.Name, Zone: p.Zone}
		}
		return say.Party{Name: id, Zone: "UTC"}
	}
	as = say.Report
	if x.Pair.Manager == x.Reader {
		as = say.Manager
	}
	return say.Reader{Zone: me.Zone, Now: l.a.o.Clock()},
		say.OneOnOne{Pair: x.Pair, Manager: party(x.Pair.Manager), Report: party(x.Pair.Report)}, as
}

// Page is web.Acts'.
func (l linked) Page(ctx context.Context, token string, x link.Act) (web.Page, error) {
	r, o, as := l.who(x)
	switch x.Do {
	case link.Stop:
		return web.Page{Page: r.AskStop(x.Flag), Press: "stop/" + token}, nil
	case link.Resume:
		return web.Page{Page: r.Stopped(x.Flag), Press: "stop/" + token}, nil
	}
	if used, err := l.a.Store.LinkUsed(ctx, link.Digest(token)); used || err != nil {
		return web.Page{Page: r.LinkUsed()}, err
	}
	if x.Do == link.Undo {
		m, ok, err := l.acted(ctx, x)
		if err != nil || !ok {
			return web.Page{Page: r.LinkOver()}, err
		}
		return web.Page{Page: r.AskUndo(deeds[m.Says], o, as, m.Flag, m.Old), Press: "act/" + token}, nil
	}
	f, ok, err := l.flag(ctx, x)
	if err != nil || !ok {
		return web.Page{Page: r.LinkRefused("")}, err
	}
	return web.Page{Page: r.AskLink(deeds[x.Do], o, as, f, x.To), Press: "act/" + token}, nil
}

var deeds = map[string]say.Deed{link.Rebook: say.Rebook, link.Ack: say.Ack}

// flag is the open flag of the link; false where it is not open.
func (l linked) flag(ctx context.Context, x link.Act) (f drift.Flag, ok bool, err error) {
	look, err := l.a.Reconciler.LookAtFlags(ctx, x.Pair.String())
	i := slices.IndexFunc(look.Flags, func(f reconcile.FlagRow) bool { return f.ID() == x.Flag && f.State != "closed" })
	if err != nil || i < 0 {
		return drift.Flag{}, false, err
	}
	return look.Flags[i].Flag, true, nil
}

// acted is what the link of an undo takes back; false where that is over.
func (l linked) acted(ctx context.Context, x link.Act) (m notify.Matter, ok bool, err error) {
	all, err := l.a.Store.Matters(ctx)
	m, ok = all[x.Flag]
	return m, ok && !m.Closed && l.a.o.Clock().Before(m.Until), err
}

// Do is web.Acts'.
func (l linked) Do(ctx context.Context, token string, x link.Act) (web.Page, error) {
	r, _, _ := l.who(x)
	switch x.Do {
	case link.Stop, link.Resume:
		err := l.a.Store.Stop(ctx, x.Reader, notify.NoticeKind(x.Flag), x.Do == link.Stop, l.a.o.Clock())
		if err != nil || x.Do == link.Resume {
			return web.Page{Page: r.Resumed(x.Flag)}, err
		}
		keys, err := l.a.linkKeys()
		if err != nil {
			return web.Page{}, err
		}
		x.Do = link.Resume
		return web.Page{Page: r.Stopped(x.Flag), Press: "stop/" + keys.Token(x)}, nil
	}
	if used, err := l.a.Store.LinkUsed(ctx, link.Digest(token)); used || err != nil {
		return web.Page{Page: r.LinkUsed()}, err
	}
	var page web.Page
	err := l.q.Alone(ctx, func(ctx context.Context) (err error) {
		if x.Do == link.Undo {
			page, err = l.undo(ctx, x)
		} else {
			page, err = l.act(ctx, token, x)
		}
		return err
	})
	if err != nil || !page.Done {
		return page, err
	}
	if _, err := l.a.Store.UseLink(ctx, link.Digest(token), l.a.o.Clock()); err != nil {
		return web.Page{}, err
	}
	asked(l).changed(x.Pair)
	return page, nil
}

// act makes up for a meeting, or acknowledges its flag, and notes that it can be taken back.
func (l linked) act(ctx context.Context, token string, x link.Act) (web.Page, error) {
	r, o, as := l.who(x)
	f, ok, err := l.flag(ctx, x)
	if err != nil || !ok {
		return web.Page{Page: r.LinkRefused("")}, err
	}
	now := l.a.o.Clock()
	until, before := now.Add(undoable), time.Time{}
	who := act.Actor{Person: x.Reader, From: act.Link}
	if x.Do == link.Ack {
		err := l.a.acts().Acknowledge(ctx, who, act.ShownOf(f))
		if refused := (*act.Refused)(nil); errors.As(err, &refused) {
			return web.Page{Page: r.LinkRefused("")}, nil
		} else if err != nil {
			return web.Page{}, err
		}
	} else {
		until = earliestOf(until, x.To)
		did, err := l.a.acts().Do(ctx, who, act.Request{
			Deed:       act.Rebook,
			Pair:       x.Pair,
			Occurrence: x.Occurrence,
			To:         plan.Time{Instant: x.To},
			Shown:      act.ShownOf(f),
		})
		if err != nil {
			return web.Page{}, err
		}
		if did.Came != deed.Done {
			return web.Page{Page: r.LinkRefused(r.NotDone(did.Why))}, nil
		}
		before, _ = did.Applied[0].From.Time()
	}
	m := outbox.Acted("acted|"+link.Digest(token), x.Reader, x.Do, f, before, x.To, now, until)
	if err := l.a.messages.Note(ctx, m); err != nil {
		return web.Page{}, err
	}
	keys, err := l.a.linkKeys()
	if err != nil {
		return web.Page{}, err
	}
	back := keys.Token(link.Act{
		Do:         link.Undo,
		Reader:     x.Reader,
		Pair:       x.Pair,
		Flag:       m.Key,
		Occurrence: x.Occurrence,
		Until:      until.UTC().Truncate(time.Second),
	})
	return web.Page{Page: r.LinkDone(deeds[x.Do], o, as, f, x.To, until), Press: "act/" + back}, nil
}

func earliestOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// undo takes back what a link did.
func (l linked) undo(ctx context.Context, x link.Act) (web.Page, error) {
	r, _, _ := l.who(x)
	m, ok, err := l.acted(ctx, x)
	if err != nil || !ok {
		return web.Page{Page: r.LinkOver()}, err
	}
	who := act.Actor{Person: x.Reader, From: act.Link}
	if m.Says == link.Ack {
		err := l.a.acts().Unacknowledge(ctx, who, act.Shown{Flag: m.Flag.ID()})
		if refused := (*act.Refused)(nil); errors.As(err, &refused) {
			return web.Page{Page: r.LinkRefused("")}, nil
		} else if err != nil {
			return web.Page{}, err
		}
	} else {
		did, err := l.a.acts().Do(ctx, who, act.Request{
			Deed:       act.Undo,
			Pair:       m.Pair,
			Occurrence: m.Flag.Occurrence,
			To:         plan.Time{Instant: m.New},
			Before:     plan.Before{Start: m.Old},
		})
		if err != nil {
			return web.Page{}, err
		}
		if did.Came != deed.Done {
			return web.Page{Page: r.LinkRefused(r.NotDone(did.Why))}, nil
		}
	}
	m.Closed, m.Changed = true, l.a.o.Clock()
	return web.Page{Page: r.Undone()}, l.a.messages.Note(ctx, m)
}
