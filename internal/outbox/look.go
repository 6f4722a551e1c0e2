package outbox

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/internal/channel"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/series"
)

// State is what became of something that somebody may be told.
type State string

// The states.
const (
	Told    State = "told"
	Waiting State = "waiting" // it is told, if nothing changes; see Until
	Unsent  State = "unsent"  // it was to be told, and no channel took it
	Untold  State = "untold"  // a rule is against it; a digest may have it
)

// Reason is why something is not told that package notify lets through, or never saw. Others are notify.Reason, and the
// kinds of a channel's error.
type Reason string

// The reasons.
const (
	Due          Reason = "due"           // it goes out now
	FirstRound   Reason = "first-round"   // it was there when the journal was empty
	ChannelHours Reason = "channel-hours" // the channels of the reader's roster are closed
	GivenUp      Reason = "given-up"      // no channel took it for a day
)

// Entry is one thing that a reader was told, or was not.
type Entry struct {
	Reader  string
	At      time.Time         // when it was told; else since when it stands as it does
	Channel string            // by which it was told; else ""
	Kind    notify.NoticeKind // "" where it is not known
	Pair    series.Pair       // zero: of no pair
	Key     string            // of the matter; "" of a notice as a whole
	Matter  notify.Matter     // what it is about, as it stands; zero where that is not known any more
	Meeting series.Date       // the booked day of the meeting of a reminder
	Over    bool              // it was told that the matter is closed
	State   State
	Because string    // a Reason, a notify.Reason or the kind of a channel's error; "" of what was told
	Until   time.Time // of Waiting; zero: it goes out now
}

// History is what the journal has of notices.
type History interface {
	Facts(ctx context.Context, reader string, now time.Time) (ledger.Facts, error)
	Matters(ctx context.Context) (map[string]notify.Matter, error)
	// Noticed is what those readers, nil for all, were told since then, or is open still, and what was not handed over
	// since then.
	Noticed(ctx context.Context, readers []string, since time.Time) (ledger.Noticed, error)
}

// Look is what was told since then and of what is open, and then what is not told to the readers, as far as it is
// wanted. What was told is asked for of the readers and of those that of names, who may be none any more; with nil of
// all. It writes nothing, and may be called beside a running daemon.
func Look(ctx context.Context, h History, readers map[string]Reader, of []string, now, since time.Time,
	wanted func(reader string, p series.Pair) bool) ([]Entry, error) {
	if of != nil {
		of = slices.AppendSeq(of, maps.Keys(readers))
	}
	past, err := h.Noticed(ctx, of, since)
	if err != nil {
		return nil, err
	}
	matters, err := h.Matters(ctx)
	if err != nil {
		return nil, err
	}
	var out, open []Entry
	for _, e := range Entries(past, matters) {
		if wanted(e.Reader, e.Pair) {
			out = append(out, e)
		}
	}
	failed := map[string]ledger.Unsent{}
	for _, u := range past.Unsent {
		switch {
		case !u.Over:
			failed[u.Reader+" "+u.Notice] = u
		case u.Why == string(notify.Gone) && wanted(u.Reader, series.Pair{}):
			out = append(out, Entry{Reader: u.Reader, At: u.At, State: Untold, Because: u.Why})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(readers)) {
		r := readers[id]
		f, err := h.Facts(ctx, id, now)
		if err != nil {
			return nil, err
		}
		for _, e := range waiting(now, r, f, failed) {
			if wanted(e.Reader, e.Pair) {
				open = append(open, e)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Reader, b.Reader)) })
	return append(out, open...), nil
}

// Entries are what was told, in its order. matters are what may be told and is no flag, by key.
func Entries(past ledger.Noticed, matters map[string]notify.Matter) []Entry {
	var out []Entry
	for _, t := range past.Told {
		out = append(out, told(t, past, matters))
	}
	return out
}

// told is the row as an entry.
func told(t ledger.To, past ledger.Noticed, matters map[string]notify.Matter) Entry {
	e := Entry{Reader: t.Reader, At: t.At, Channel: t.Channel, Kind: t.Kind, Pair: t.Pair, Key: t.Key, State: Told}
	switch {
	case t.Notice == "":
		e.State, e.Because = Untold, string(FirstRound)
	case t.Channel == NoChannel:
		e.State, e.Because, e.Channel = Unsent, string(GivenUp), ""
	}
	e.Over = t.State == "closed"
	if f, ok := past.Flags[t.Key]; ok {
		e.Matter = notify.Matter{Kind: notify.Difference, Key: t.Key, Pair: f.Pair, Flag: f.Flag}
	} else if m, ok := matters[t.Key]; ok {
		e.Matter = m
	} else if t.Kind == TestNotice {
		e.Matter = notify.Matter{Kind: notify.Test, Key: t.Key}
	}
	if t.Kind == notify.Prepare {
		day := t.Key[strings.LastIndex(t.Key, "|")+1:]
		e.Meeting, _ = series.ParseDate(day)
	}
	return e
}

// waiting are what is due to the reader, and what they are not told.
func waiting(now time.Time, r Reader, f ledger.Facts, failed map[string]ledger.Unsent) (out []Entry) {
	if r = r.wished(f.Wishes); r.silent() {
		return nil
	}
	in := input(now, reached(r, f), f)
	matters := map[string]notify.Matter{}
	for _, m := range in.Matters {
		matters[m.Key] = m
	}
	d := notify.Decide(in)
	for _, n := range d.Due {
		e := Entry{Reader: n.Reader, At: n.Due, Kind: n.Kind, State: Waiting, Because: string(Due)}
		if u, ok := failed[n.Reader+" "+n.ID]; ok {
			e.Because = u.Why
		} else if open, wait := r.open(n.Channels, now); len(open) == 0 {
			e.Because, e.Until = string(ChannelHours), now.Add(wait)
		}
		all := len(out)
		for _, i := range n.Items {
			e := e
			e.Pair, e.Key, e.Matter, e.Over = i.Matter.Pair, i.Matter.Key, i.Matter, i.Event == notify.Closed
			out = append(out, e)
		}
		if n.Kind == notify.Prepare {
			for _, m := range n.Meetings {
				e := e
				e.Pair, e.Meeting = m.Pair, m.Occurrence
				out = append(out, e)
			}
		}
		if len(out) == all {
			out = append(out, e)
		}
	}
	for _, w := range d.Waiting {
		m := matters[w.Key]
		e := Entry{
			Reader:  r.Person.ID,
			At:      m.Changed,
			Kind:    notify.News,
			Pair:    w.Pair,
			Key:     w.Key,
			Matter:  m,
			Over:    m.Closed,
			State:   Waiting,
			Because: string(w.Because),
			Until:   w.Until,
		}
		switch {
		case w.Because == notify.NoChannel:
			e.State = Unsent
		case w.Until.IsZero():
			e.State = Untold
		}
		out = append(out, e)
	}
	return out
}

// Draft is a message that would go out now.
type Draft struct {
	Notice  notify.Notice
	Channel string
	Message channel.Message
}

// Preview are the messages that would go out now to the readers, by id, each by the first channel that is open. Nothing
// is sent, and nothing recorded. W says them in the place of Options.Write: what is only looked at has no links that
// act.
func (o *Outbox) Preview(ctx context.Context, w Writer) ([]Draft, error) {
	now := o.Clock()
	readers, err := o.Readers(now)
	if err != nil {
		return nil, err
	}
	var out []Draft
	for _, id := range slices.Sorted(maps.Keys(readers)) {
		r := readers[id]
		d, f, err := o.decide(ctx, now, r)
		if err != nil {
			return nil, err
		}
		for _, n := range d.Due {
			open, _ := r.open(n.Channels, now)
			if len(open) == 0 {
				continue
			}
			letter, err := w.Write(ctx, now, n, r, f)
			if err != nil {
				return nil, err
			}
			m, _ := message(open[0], n, r, f, letter)
			out = append(out, Draft{n, open[0], m})
		}
	}
	return out, nil
}

// Unreached are the people, by id, who want messages by a channel that there is, and whom none reaches.
func (o *Outbox) Unreached(ctx context.Context) (ids []string, err error) {
	now := o.Clock()
	readers, err := o.Readers(now)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(readers)) {
		f, err := o.Journal.Facts(ctx, id, now)
		if err != nil {
			return nil, err
		}
		if r := readers[id].wished(f.Wishes); len(r.Hears) == 0 && len(r.Channels) > 0 && len(reached(r, f).Channels) == 0 {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
