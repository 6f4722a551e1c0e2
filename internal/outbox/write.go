package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/link"
	"holdfast/internal/notify"
	"holdfast/internal/outbox/ledger"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/series"
)

// Writer says notices.
type Writer struct {
	// Person is somebody of the roster.
	Person func(id string) (series.Person, bool)
	// Link is the address of the link that does it; nil: there are no links.
	Link func(a link.Act) string
	// URL is that of the pages, without a slash at the end; "": there are none.
	URL string
	// ReplyTo: answers to a message about one 1:1 go to the other of the two.
	ReplyTo bool
	// Left is what the last round left of everybody, for admins.
	Left func(ctx context.Context) (reconcile.Left, error)
	// Causes are the outages of each cause, by the key of its matter.
	Causes func(map[reconcile.Subject]reconcile.Outage) map[string][]reconcile.Subject
}

// Write is Options.Write.
func (w Writer) Write(ctx context.Context, now time.Time, n notify.Notice, r Reader, f ledger.Facts) (Letter, error) {
	l := writing{Writer: w, now: now, n: n, me: r.Person.ID, f: f, say: say.Reader{Zone: r.Person.Zone, Now: now}}
	l.rows = map[series.Pair]reconcile.StatusRow{}
	for _, row := range f.Rows {
		l.rows[row.Pair] = row
	}
	switch {
	case n.Kind == TestNotice:
		m := l.say.Test()
		return Letter{Subject: m.Subject, Text: m.Text, HTML: m.HTML}, nil
	case len(r.Hears) > 0:
		return l.alarm(ctx)
	}
	m, pairs := l.message()
	out := Letter{Subject: m.Subject, Text: m.Text, HTML: m.HTML}
	if stop := l.stop(); stop.Like {
		out.Stop = stop.Link
	}
	if len(pairs) == 1 && w.ReplyTo {
		if other, ok := w.Person(otherOf(pairs[0], l.me)); ok {
			out.ReplyTo = other.Email
		}
	}
	return out, nil
}

// writing is one notice that is being said.
type writing struct {
	Writer
	now  time.Time
	n    notify.Notice
	me   string
	f    ledger.Facts
	rows map[series.Pair]reconcile.StatusRow
	say  say.Reader
}

func otherOf(p series.Pair, me string) string {
	if p.Manager == me {
		return p.Report
	}
	return p.Manager
}

func (l *writing) as(p series.Pair) say.Role {
	if p.Manager == l.me {
		return say.Manager
	}
	return say.Report
}

// message is what a person gets, and the pairs that it is about.
func (l *writing) message() (m say.Message, pairs []series.Pair) {
	switch l.n.Kind {
	case notify.Digest:
		return l.digest(), nil
	case notify.Prepare:
		var coming []say.Coming
		for _, m := range l.n.Meetings {
			coming, pairs = append(coming, l.coming(m)), append(pairs, m.Pair)
		}
		return l.say.DayBefore(coming, l.stop()), slices.Compact(pairs)
	}
	var own []say.Out
	for _, i := range l.n.Items {
		if i.Matter.Kind == notify.Outage {
			own = append(own, say.Out{
				Outage: say.Outage{Matter: say.Calendar, Of: []string{l.me}, Cause: i.Matter.Says,
					Hint: "give your consent again: whoever looks after Holdfast has the command, " +
						"`holdfast auth google " + l.me + "`"},
				Since: i.Matter.Changed,
				Over:  i.Event == notify.Closed,
			})
		}
	}
	news := l.news()
	for _, of := range news {
		pairs = append(pairs, of.Pair)
	}
	return l.say.News(news, own, l.stop()), pairs
}

// news are the items about 1:1s, by pair.
func (l *writing) news() []say.PairNews {
	var out []say.PairNews
	for _, i := range l.n.Items {
		m := i.Matter
		if !slices.Contains([]notify.Kind{notify.Difference, notify.LostWeeks, notify.Ask, notify.Acted}, m.Kind) {
			continue
		}
		if n := len(out); n == 0 || out[n-1].Pair != m.Pair {
			out = append(out, say.PairNews{OneOnOne: l.oneOnOne(m.Pair), As: l.as(m.Pair)})
		}
		of := &out[len(out)-1]
		switch m.Kind {
		case notify.Difference:
			of.News = append(of.News, l.flag(i))
		case notify.LostWeeks:
			_, of.Lost, _ = notify.Lost(m.Pair, outcomesOf(l.f.Outcomes, m.Pair), m.Changed)
		case notify.Ask:
			of.Asked = append(of.Asked, say.Asked{Deed: say.Deed(m.Says), Flag: m.Flag})
		case notify.Acted:
			of.Done = append(of.Done, l.done(m, i.Event == notify.Closed))
		}
	}
	return out
}

func outcomesOf(all []drift.Outcome, p series.Pair) []drift.Outcome {
	return slices.DeleteFunc(slices.Clone(all), func(o drift.Outcome) bool { return o.Pair != p })
}

var edges = map[notify.Event]say.Edge{notify.Opened: say.Opened, notify.Changed: say.Changed, notify.Closed: say.Closed,
	notify.Unchanged: say.Opened}

func (l *writing) flag(i notify.Item) say.News {
	f := i.Matter.Flag
	out := say.News{Edge: edges[i.Event], Flag: f}
	if l.n.Kind == notify.Digest {
		out.Edge = say.Opened
	}
	if l.Link == nil || i.Event == notify.Closed {
		return out
	}
	until := l.now.Add(link.Lifetime)
	for _, to := range f.Makeups {
		if end := earlier(until, to); to.After(l.now) {
			out.Offers = append(out.Offers, say.Offer{Deed: say.Rebook, At: to, Link: l.act(link.Rebook, f, to, end)})
		}
	}
	if at := i.Matter.Old; !f.Occurrence.IsZero() && at.After(l.now) {
		until = earlier(until, at)
	}
	// Where there is nothing else to press, what to do is a command, which offers would hide.
	if len(out.Offers) > 0 {
		out.Offers = append(out.Offers, say.Offer{Deed: say.Ack, Link: l.act(link.Ack, f, time.Time{}, until)})
	}
	return out
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (l *writing) act(do string, f drift.Flag, to, until time.Time) string {
	a := link.Act{Do: do, Reader: l.me, Pair: f.Pair, Flag: f.ID(), Occurrence: f.Occurrence}
	if !to.IsZero() {
		a.To = to.UTC().Truncate(time.Second)
	}
	a.Until = until.UTC().Truncate(time.Second)
	return l.Link(a)
}

// done is what a link did, with the one that takes it back.
func (l *writing) done(m notify.Matter, back bool) say.Done {
	out := say.Done{Flag: m.Flag, Deed: say.Ack, By: say.Report, Until: m.Until, Back: back}
	if slices.Contains(m.Owners, m.Pair.Manager) {
		out.By = say.Manager
	}
	if m.Says == link.Rebook {
		out.Deed, out.At = say.Rebook, m.New
	}
	// What somebody has seen is theirs alone to take back.
	own := out.Deed == say.Rebook || slices.Contains(m.Owners, l.me)
	if l.Link != nil && own && l.now.Before(m.Until) {
		out.Undo = l.Link(link.Act{
			Do:         link.Undo,
			Reader:     l.me,
			Pair:       m.Pair,
			Flag:       m.Key,
			Occurrence: m.Flag.Occurrence,
			Until:      m.Until.UTC().Truncate(time.Second),
		})
	}
	return out
}

// oneOnOne is the pair as messages name it.
func (l *writing) oneOnOne(p series.Pair) say.OneOnOne {
	row := l.rows[p]
	o := say.OneOnOne{
		Pair:    p,
		Manager: l.party(p.Manager, row, 0),
		Report:  l.party(p.Report, row, 1),
		Agenda:  row.PrepDoc,
		Linked:  row.Linked,
	}
	if l.URL != "" {
		o.Page = l.URL + "/pairs/" + p.String()
	}
	return o
}

func (l *writing) party(id string, row reconcile.StatusRow, at int) say.Party {
	if p, ok := l.Person(id); ok {
		return say.Party{Name: p.Name, Zone: p.Zone}
	}
	if row.Names[at] != "" {
		return say.Party{Name: row.Names[at], Zone: row.Zones[at]}
	}
	return say.Party{Name: id, Zone: "UTC"}
}

func (l *writing) coming(m notify.Meeting) say.Coming {
	return say.Coming{OneOnOne: l.oneOnOne(m.Pair), As: l.as(m.Pair), Start: m.Start, Place: l.rows[m.Pair].Place}
}

// stop is the link that ends digests or reminders; of news about one's own 1:1s it is the page where one chooses.
func (l *writing) stop() say.Stop {
	switch once := l.n.Kind == notify.Digest || l.n.Kind == notify.Prepare; {
	case !once && l.URL != "":
		return say.Stop{Link: l.URL + "/me"}
	case !once || l.Link == nil:
		return say.Stop{}
	}
	return say.Stop{Like: true, Link: l.Link(link.Act{Do: link.Stop, Reader: l.me, Flag: string(l.n.Kind)})}
}

// digest is the week ahead.
func (l *writing) digest() say.Message {
	today, _ := series.WallClock(l.now, l.say.Zone)
	d := say.Digest{Monday: today.Monday(), News: l.news()}
	for _, m := range l.n.Meetings {
		d.Meetings = append(d.Meetings, l.coming(m))
	}
	for _, row := range l.f.Rows {
		d.Ahead = append(d.Ahead, l.ahead(row, today)...)
	}
	slices.SortStableFunc(d.Ahead, func(a, b say.Ahead) int { return a.Day.DaysSince(b.Day) })
	return l.say.Digest(d, l.stop())
}

// aheadDays is how far ahead a digest has skips and clock changes.
const aheadDays = 3 * 7

// ahead is what touches the pair's 1:1 in the coming weeks without anybody's doing.
func (l *writing) ahead(row reconcile.StatusRow, today series.Date) (out []say.Ahead) {
	one, as := l.oneOnOne(row.Pair), l.as(row.Pair)
	for _, s := range row.Skips {
		if n := s.Date.DaysSince(today); n >= 0 && n < aheadDays {
			out = append(out, say.Ahead{OneOnOne: one, As: as, Day: s.Date, Skip: s.Why})
		}
	}
	for i, zone := range row.Zones {
		if row.Slot.IsZero() || row.Slot.Every > 1 || zone == "" {
			continue
		}
		first := today.AddDays((int(row.Slot.Weekday) - int(today.Weekday()) + 7) % 7)
		_, was := series.WallClock(row.Slot.On(first.AddDays(-7)), zone)
		for d := first; d.DaysSince(today) < aheadDays; d = d.AddDays(7) {
			_, is := series.WallClock(row.Slot.On(d), zone)
			if is != was {
				out = append(out, say.Ahead{OneOnOne: one, As: as, Day: d, Whose: []say.Role{say.Manager, say.Report}[i],
					Was: was, Is: is})
			}
			was = is
		}
	}
	return out
}

// alarm is what admins get.
func (l *writing) alarm(ctx context.Context) (Letter, error) {
	left, err := l.Left(ctx)
	if err != nil {
		return Letter{}, err
	}
	held, causes := map[string]plan.Held{}, l.Causes(left.Outages)
	var brakes []plan.Held
	for _, row := range left.Rows {
		for _, h := range row.Held {
			held[heldKey(h)] = h
			if h.Brake {
				brakes = append(brakes, h)
			}
		}
	}
	var a say.Alarm
	for _, i := range l.n.Items {
		m, over := i.Matter, i.Event == notify.Closed
		_, of, _ := strings.Cut(m.Key, "|")
		switch m.Kind {
		case notify.FirstRound:
			a.First = &say.First{}
			_, _ = fmt.Sscan(m.Says, &a.First.Pairs, &a.First.Flags)
		case notify.Outage:
			a.Out = append(a.Out, outage(m, left.Outages, causes[m.Key], over))
		case notify.Brake:
			if over {
				a.Ended = append(a.Ended, say.Ended{What: say.HeldOver, Of: m.Says})
				continue
			}
			for _, h := range brakes {
				if string(h.Action) == m.Says {
					a.Held = append(a.Held, h)
				}
			}
		case notify.Held:
			if h, ok := held[m.Key]; ok && !over {
				a.Held = append(a.Held, h)
			} else {
				a.Ended = append(a.Ended, say.Ended{What: say.HeldOver, Of: m.Pair.String()})
			}
		case notify.Roster:
			if over {
				a.Ended = append(a.Ended, say.Ended{What: say.RosterOver})
			} else {
				a.Problems = append(a.Problems, strings.Split(m.Says, "\n")...)
			}
		case notify.Unreached:
			if over {
				a.Ended = append(a.Ended, say.Ended{What: say.SilentOver, Of: of})
			} else {
				a.Silent = append(a.Silent, of)
			}
		case notify.Account:
			a.Accounts = append(a.Accounts, m.Says)
		case notify.Failed:
			if over {
				a.Ended = append(a.Ended, say.Ended{What: say.FailedOver, Of: of})
			} else {
				a.Unsent = append(a.Unsent, say.Unsent{Person: of, Channel: m.Says, Why: "it did not take it for a day"})
			}
		}
	}
	m := l.say.Alarm(a, say.Stop{})
	return Letter{Subject: m.Subject, Text: m.Text, HTML: m.HTML}, nil
}

// outage is a cause, as far as it stands still with whom it strikes.
func outage(m notify.Matter, all map[reconcile.Subject]reconcile.Outage, strikes []reconcile.Subject,
	over bool) say.Out {
	out := say.Out{Outage: say.Outage{Cause: m.Says}, Since: m.Changed, Over: over}
	matters := map[reconcile.Matter]say.Matter{
		reconcile.MatterCalendar: say.Calendar,
		reconcile.MatterDocument: say.Document,
		reconcile.MatterEmptied:  say.Emptied,
		reconcile.MatterAddress:  say.Address,
		reconcile.MatterListing:  say.Listing,
	}
	if len(strikes) == 0 {
		out.Text = m.Says
		return out
	}
	o := all[strikes[0]]
	out.Hint, out.Since = o.Hint, o.Since
	matter, known := matters[strikes[0].Matter]
	if !known {
		out.Text = o.Text
		return out
	}
	out.Matter, out.Outage.Pair = matter, strikes[0].Pair
	for _, s := range strikes {
		if s.Person != "" {
			out.Of = append(out.Of, s.Person)
		} else {
			out.Of = append(out.Of, s.Pair.String())
		}
	}
	return out
}
