package say

import (
	"time"

	"holdfast/internal/series"
)

// Coming is a meeting that is to come.
type Coming struct {
	OneOnOne
	As    Role
	Start time.Time
	Place string
}

// Ahead is something that touches a 1:1 in the weeks to come: a skip with its reason, or a clock change by which it is
// at another time for one of the two.
type Ahead struct {
	OneOnOne
	As      Role
	Day     series.Date
	Skip    string           // why it is skipped; "": it is a clock change
	Whose   Role             // on whose clock it is at another time
	Was, Is series.TimeOfDay // on that clock
}

// Digest is the week ahead.
type Digest struct {
	Monday   series.Date
	Meetings []Coming   // of the week, by time
	News     []PairNews // what is different, as Opened
	Ahead    []Ahead    // in the next three weeks
}

// Digest tells of the week ahead.
func (r Reader) Digest(d Digest, stop Stop) Message {
	p := page{
		Subject: r.say("digest.subject", facts{Day: r.say("date.subject", r.of(d.Monday))}),
		Lead:    r.say("digest.none", facts{}),
		Foot:    r.foot("pair", stop),
	}
	week := block{Heading: r.say("digest.week", facts{})}
	for i, c := range d.Meetings {
		text := r.coming(c)
		if i == 0 {
			p.Lead = r.say("digest.lead", facts{N: len(d.Meetings), Text: text})
		}
		week.Items = append(week.Items, item{Text: text, Facts: r.links(c.OneOnOne)})
	}
	differs := block{Heading: r.say("digest.differs", facts{})}
	for _, of := range d.News {
		differs.Items = append(differs.Items, r.pairNews(of, false).Items...)
	}
	ahead := block{Heading: r.say("digest.ahead", facts{})}
	for _, a := range d.Ahead {
		ahead.Items = append(ahead.Items, item{Text: capital(r.ahead(a)) + "."})
	}
	for _, b := range []block{week, differs, ahead} {
		if len(b.Items) > 0 {
			p.Blocks = append(p.Blocks, b)
		}
	}
	return r.message(p)
}

// coming is "Tue 15 Dec 10:00 (04:00 in New York) with Raj, Room Alder".
func (r Reader) coming(c Coming) string {
	me, other, _ := r.beside(c.OneOnOne, c.As)
	return r.say("digest.meeting", facts{Time: me.both(me.When(c.Start), c.Start), Other: other, Detail: c.Place})
}

func (r Reader) ahead(a Ahead) string {
	_, other, _ := r.beside(a.OneOnOne, a.As)
	f := facts{Day: r.day(a.Day), Other: other, Text: a.Skip, From: a.Was.String(), To: a.Is.String()}
	switch {
	case a.Skip != "":
		return r.say("ahead.skip", f)
	case a.Whose == a.As:
		return r.say("ahead.clock.yours", f)
	}
	return r.say("ahead.clock.theirs", f)
}

// DayBefore reminds of meetings of one day, of each with its agenda. There is one at least.
func (r Reader) DayBefore(all []Coming, stop Stop) Message {
	p := page{Foot: r.foot("pair", stop)}
	day := r.say("date.subject", r.of(series.DateOf(r.here(all[0].Start))))
	for _, c := range all {
		me, other, who := r.beside(c.OneOnOne, c.As)
		lead := r.say("before.lead", facts{Other: other, Time: me.both(me.When(c.Start), c.Start), Detail: c.Place})
		text := r.say("before."+string(c.As), facts{OfReport: who.ofReport})
		if len(all) == 1 {
			p.Lead = lead
			p.Subject = r.say("before.subject", facts{Other: other, Day: day, Clock: clock(r.here(c.Start))})
		} else {
			text = lead + " " + text
		}
		p.Blocks = append(p.Blocks, block{Items: []item{{Text: text, Facts: r.links(c.OneOnOne)}}})
	}
	if len(all) > 1 {
		p.Subject = r.say("before.several", facts{Day: day})
	}
	return r.message(p)
}
