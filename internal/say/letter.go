package say

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// Party is one of the two of a pair, as messages call them.
type Party struct{ Name, Zone string }

// OneOnOne is a 1:1 that a message is about.
type OneOnOne struct {
	Pair            series.Pair
	Manager, Report Party
	Agenda          string // the link to it; "": none
	Page            string // the address of the pair's page; "": none
	Linked          bool   // the roster gives the link to the document
}

// Role is who somebody is in a 1:1.
type Role string

// The roles.
const (
	Manager Role = "manager"
	Report  Role = "report"
)

// Deed is what a message offers to do.
type Deed string

// The deeds.
const (
	Accept     Deed = "accept"
	Restore    Deed = "restore"
	Rebook     Deed = "rebook"
	Invite     Deed = "invite"
	Ack        Deed = "ack"
	AskAccept  Deed = "ask-accept"
	AskRestore Deed = "ask-restore"
)

// Offer is something that the reader can do by a link.
type Offer struct {
	Deed Deed
	At   time.Time // of Rebook
	Link string
}

// Edge is what happened to a flag.
type Edge string

// The edges.
const (
	Opened  Edge = "opened"
	Changed Edge = "changed"
	Closed  Edge = "closed"
)

// News is a flag that opened, changed or closed. Where neither Offers nor a page are given the commands are told that
// do something about it.
type News struct {
	Edge   Edge
	Flag   drift.Flag
	Offers []Offer
}

// Done is what somebody did by a link that was sent to them.
type Done struct {
	Flag  drift.Flag // what it was about
	Deed  Deed       // Rebook or Ack
	At    time.Time  // of Rebook
	By    Role       // who did it
	Undo  string     // the link that takes it back; "": none
	Until time.Time  // when that ends
	Back  bool       // it was taken back
}

// Asked is that the report asks the manager to Accept or to Restore what the flag says.
type Asked struct {
	Deed   Deed
	Flag   drift.Flag
	Offers []Offer
}

// PairNews is what is new of one 1:1, in which the reader is As. One of News, Lost, Asked and Done has something.
type PairNews struct {
	OneOnOne
	As    Role
	News  []News
	Lost  []series.Week // those of the last six that count that were not kept, where they are too many
	Asked []Asked       // of the manager
	Done  []Done
}

// Stop is how a reader stops messages: by a link, or else as the text of their kind says.
type Stop struct {
	Link string
	Like bool // the link ends messages like this one alone
}

// beside is the reader of a 1:1: on their own clock, with the other's beside it.
func (r Reader) beside(o OneOnOne, as Role) (Reader, string, parties) {
	you, yours := r.say("you", facts{}), r.say("you.of", facts{})
	other := o.Report
	name := func(p Party) string { return r.say("name.of", facts{Text: p.Name}) }
	who := parties{manager: you, report: o.Report.Name, ofManager: yours, ofReport: name(o.Report)}
	if as == Report {
		other = o.Manager
		who = parties{manager: o.Manager.Name, report: you, ofManager: name(o.Manager), ofReport: yours}
	}
	r.Other, who.reads = other.Zone, as
	who.meeting = func(d series.Date) string {
		if d.IsZero() {
			return r.say("message.series", facts{Other: other.Name})
		}
		return r.say("message.meeting", facts{Day: r.day(d), Other: other.Name})
	}
	who.day = func(d series.Date) string {
		if d.IsZero() {
			return r.say("message.day", facts{})
		}
		return r.day(d)
	}
	return r, other.Name, who
}

// News tells what is new of one or several 1:1s, and which outages are of the reader's own calendar. There is one of
// either at least.
func (r Reader) News(all []PairNews, own []Out, stop Stop) Message {
	p := page{Foot: r.foot("pair", stop), Subject: r.newsSubject(all)}
	single := len(all) == 1
	if len(all) > 1 {
		p.Lead = r.say("news.lead", facts{N: len(all)})
	}
	for _, of := range all {
		p.Blocks = append(p.Blocks, r.pairNews(of, !single))
	}
	for _, o := range own {
		p.Blocks = append(p.Blocks, block{Items: []item{r.own(o)}})
	}
	return r.message(p)
}

// own tells somebody of an outage of their own calendar, which they can mend.
func (r Reader) own(o Out) item {
	if o.Over {
		return item{Text: r.say("own.over", facts{})}
	}
	return r.todo(r.say("own.out", facts{Text: o.Cause}), o.Hint)
}

func (r Reader) newsSubject(all []PairNews) string {
	if len(all) == 0 {
		return r.say("subject.own", facts{})
	}
	var names []string
	for _, of := range all {
		_, other, _ := r.beside(of.OneOnOne, of.As)
		names = append(names, other)
	}
	if len(all) > 1 {
		return r.say("subject.pairs", facts{List: r.List(names)})
	}
	of := all[0]
	var first drift.Flag
	switch n := len(of.News) + len(of.Asked) + len(of.Done) + min(len(of.Lost), 1); {
	case n > 1:
		return r.say("subject.several", facts{N: n, Other: names[0]})
	case len(of.Lost) > 0:
		return r.say("subject.lost", facts{N: len(of.Lost), Other: names[0]})
	case len(of.Asked) > 0:
		return r.say("asked.subject."+string(of.Asked[0].Deed), facts{Other: names[0]})
	case len(of.Done) > 0:
		first = of.Done[0].Flag
	default:
		first = of.News[0].Flag
	}
	what := r.say("subject."+string(first.Kind), facts{})
	if len(of.Done) > 0 && of.Done[0].Deed == Rebook {
		what = r.say("subject.done", facts{})
	}
	if first.Occurrence.IsZero() {
		return r.say("subject.series", facts{Text: what, Other: names[0]})
	}
	return r.say("subject.one", facts{
		Text:  what,
		Other: names[0],
		Day:   r.say("date.subject", r.of(first.Occurrence)),
	})
}

// pairNews are the news of one 1:1, with its agenda below them.
func (r Reader) pairNews(of PairNews, headed bool) block {
	me, other, who := r.beside(of.OneOnOne, of.As)
	var b block
	if headed {
		b.Heading = r.say("message.pair", facts{Other: other})
	}
	for _, d := range of.Done {
		b.Items = append(b.Items, me.done(d, of.As, other, who))
	}
	for _, q := range of.Asked {
		asks := me.item(News{Edge: Opened, Flag: q.Flag, Offers: q.Offers}, of, other, who)
		asks.Text = me.say("asked."+string(q.Deed), facts{Other: other, Text: me.flag(q.Flag, who)})
		b.Items = append(b.Items, asks)
	}
	for _, n := range of.News {
		b.Items = append(b.Items, me.item(n, of, other, who))
	}
	if n := len(of.Lost); n > 0 {
		b.Items = append(b.Items, r.lost(of.Lost, other))
	}
	last := &b.Items[len(b.Items)-1]
	last.Facts = append(last.Facts, r.links(of.OneOnOne)...)
	return b
}

// done tells what was done by a link.
func (r Reader) done(d Done, as Role, other string, who parties) item {
	f := facts{Text: r.flag(d.Flag, who), Other: other, Day: r.day(d.Flag.Occurrence)}
	if !d.At.IsZero() {
		f.Time = r.both(r.When(d.At), d.At)
	}
	by := "other"
	if d.By == as {
		by = "you"
	}
	if d.Back {
		return item{Text: capital(r.say("done."+string(d.Deed)+".back", f)) + "."}
	}
	out := item{Text: capital(r.say("done."+string(d.Deed)+"."+by, f)) + "."}
	if d.Undo != "" {
		out.Offers = []offer{{Text: r.say("done.undo", facts{Time: r.When(d.Until)}), Link: d.Undo}}
	}
	return out
}

// lost tells of a run of weeks without a 1:1.
func (r Reader) lost(weeks []series.Week, other string) item {
	var days []string
	for _, w := range weeks {
		days = append(days, r.day(w.Monday()))
	}
	return item{
		Text:  r.say("lost", facts{N: len(weeks), Other: other}),
		Facts: []fact{{Name: r.say("lost.weeks", facts{}), Text: r.List(days)}},
	}
}

// links are the agenda and the page of a 1:1.
func (r Reader) links(o OneOnOne) []fact {
	var out []fact
	for _, l := range [][2]string{{"fact.agenda", o.Agenda}, {"fact.page", o.Page}} {
		if l[1] != "" {
			out = append(out, fact{Name: r.say(l[0], facts{}), Text: l[1], Link: l[1]})
		}
	}
	return out
}

// item tells one piece of news to the reader on whose clock r is.
func (r Reader) item(n News, of PairNews, other string, who parties) item {
	f := n.Flag
	own := slices.Contains(f.Whose, f.Pair.Manager) && who.reads == Manager ||
		slices.Contains(f.Whose, f.Pair.Report) && who.reads == Report
	if f.Kind == drift.DoubleBooked && !own { // when the other event is, and what it may be, is not for everybody
		f.To, f.Why = series.Aspect{}, nil
	}
	text := r.flag(f, who)
	if n.Edge != Closed && len(f.Makeups) > 0 {
		first := f.Makeups[0]
		text = r.say("news.free", facts{Text: text, Time: r.both(r.InWeek(first), first)})
	}
	out := item{Text: capital(r.say("news."+string(n.Edge), facts{Text: text})) + "."}
	if n.Edge == Closed {
		return out
	}
	add := func(name, text string) {
		if text != "" {
			out.Facts = append(out.Facts, fact{Name: r.say(name, facts{}), Text: text})
		}
	}
	switch f.Kind {
	case drift.CopyDiffers, drift.DoubleBooked, drift.SlotUnfit, drift.Duplicate: // the sentence tells both
	default:
		add("fact.before", cmp.Or(r.slotHere(f.From.Slot()), r.Aspect(f.From)))
		if _, ends := f.To.Day(); !ends {
			add("fact.now", cmp.Or(r.slotHere(f.To.Slot()), r.Aspect(f.To)))
		}
	}
	if f.Notice != nil {
		add("fact.notice", r.Notice(f.Notice))
	}
	var free []string
	for _, t := range f.Makeups {
		free = append(free, r.both(r.When(t), t))
	}
	add("fact.free", strings.Join(free, "; "))
	for _, why := range f.Why {
		out.Offers = append(out.Offers, offer{Text: capital(why) + "."})
	}
	out.Offers = append(out.Offers, r.offers(n, of, other, who)...)
	return out
}

// offers are what can be done: by links, or by commands where there are none.
func (r Reader) offers(n News, of PairNews, other string, who parties) []offer {
	var out []offer
	for _, o := range n.Offers {
		f := facts{Other: other}
		if !o.At.IsZero() {
			f.Time = r.both(r.When(o.At), o.At)
		}
		out = append(out, offer{Text: capital(r.say("offer."+string(o.Deed), f)), Link: o.Link})
	}
	if len(out) > 0 {
		return out
	}
	hint := r.say(hint(n.Flag, of.Linked), r.facts(n.Flag, who))
	if of.Page != "" && strings.Contains(hint, "`") {
		return nil // the page has buttons
	}
	return []offer{{Text: capital(hint) + "."}}
}

// foot is why the reader gets it, and how to stop it.
func (r Reader) foot(why string, stop Stop) []offer {
	out := []offer{{Text: r.say("foot.what", facts{})}, {Text: r.say("foot.why."+why, facts{})}}
	switch {
	case why == "test":
		return out
	case stop.Like:
		return append(out, offer{Text: r.say("foot.stop.like", facts{}), Link: stop.Link})
	case stop.Link != "":
		return append(out, offer{Text: r.say("foot.stop.link", facts{}), Link: stop.Link})
	case why == "admin":
		return append(out, offer{Text: r.say("foot.stop.admin", facts{})})
	}
	return append(out, offer{Text: r.say("foot.stop.roster", facts{})})
}

// capital begins a sentence.
func capital(text string) string {
	for i, c := range text {
		return strings.ToUpper(string(c)) + text[i+len(string(c)):]
	}
	return text
}
