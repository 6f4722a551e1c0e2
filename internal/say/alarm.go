package say

import (
	"slices"
	"time"

	"holdfast/internal/plan"
)

// Out is an outage that began, or is over.
type Out struct {
	Outage
	Since time.Time
	Over  bool
}

// Unsent is a message that could not be sent: to whom, by what, and why.
type Unsent struct{ Person, Channel, Why string }

// First is what there was when Holdfast took up its work.
type First struct{ Pairs, Flags int }

// Settled is something that admins were told of and that is over.
type Settled string

// What may be.
const (
	HeldOver   Settled = "held"
	RosterOver Settled = "roster"
	SilentOver Settled = "silent" // Of a person
	FailedOver Settled = "failed" // Of a person
)

// Ended is what is settled, and of whom or what it was.
type Ended struct {
	What Settled
	Of   string
}

// Alarm is what admins are told. Of people it names no pair but where a change of it waits.
type Alarm struct {
	First    *First // nil: it was long ago
	Out      []Out
	Held     []plan.Held
	Problems []string // of the roster, each with its file and line
	Silent   []string // people whom no channel reaches
	Accounts []string // people whom another account claimed to be than the one that is theirs
	Unsent   []Unsent
	Ended    []Ended
}

// Alarm tells admins what is to be looked at, and what is over.
func (r Reader) Alarm(a Alarm, stop Stop) Message {
	p := page{Foot: r.foot("admin", stop)}
	var subjects []string // of what is to be looked at
	note := func(name string, n int, items ...item) {
		subjects = append(subjects, r.say("alarm.subject."+name, facts{N: n}))
		p.Blocks = append(p.Blocks, block{Items: items})
	}
	if a.First != nil {
		note("first", a.First.Pairs, item{Text: r.say("alarm.first", facts{
			List: r.Count(a.First.Pairs, "pair"),
			Text: r.Count(a.First.Flags, "difference"),
			N:    a.First.Flags,
		})})
	}
	for _, o := range a.Out {
		if o.Over {
			text := r.say("alarm.over", facts{Text: r.Outage(o.Outage)})
			p.Blocks = append(p.Blocks, block{Items: []item{{Text: text}}})
			continue
		}
		name := string(o.Matter)
		if o.Text != "" {
			name = "other"
		}
		note(name, len(o.Of), r.out(o))
	}
	if len(a.Held) > 0 {
		note("held", len(a.Held), r.held(a.Held)...)
	}
	if len(a.Problems) > 0 {
		told := item{Text: r.say("alarm.roster", facts{})}
		for _, text := range a.Problems {
			told.Offers = append(told.Offers, offer{Text: text})
		}
		note("roster", len(a.Problems), told)
	}
	for _, person := range a.Silent {
		f := facts{Text: person}
		note("silent", 1, r.todo(r.say("alarm.silent", f), r.say("alarm.silent.todo", f)))
	}
	for _, person := range a.Accounts {
		f := facts{Text: person}
		note("account", 1, r.todo(r.say("alarm.account", f), r.say("alarm.account.todo", f)))
	}
	for _, u := range a.Unsent {
		text := r.say("alarm.failed", facts{Text: u.Person, Other: u.Channel, Detail: u.Why})
		note("failed", 1, r.todo(text, r.say("alarm.failed.todo", facts{})))
	}
	for _, o := range a.Ended {
		p.Blocks = append(p.Blocks, block{Items: []item{{Text: r.say("alarm.over."+string(o.What), facts{Text: o.Of})}}})
	}
	switch n := len(subjects); n {
	case 0:
		p.Subject = r.say("alarm.subject.over", facts{})
	case 1:
		p.Subject = subjects[0]
	default:
		p.Subject = r.say("alarm.subject.several", facts{N: n})
		p.Lead = r.say("alarm.lead", facts{N: n})
	}
	return r.message(p)
}

func (r Reader) todo(text, todo string) item {
	out := item{Text: text}
	if todo != "" {
		out.Facts = []fact{{Name: r.say("alarm.todo", facts{}), Text: todo}}
	}
	return out
}

func (r Reader) out(o Out) item {
	text := r.Outage(o.Outage)
	if o.Text == "" { // else it may begin with a pair
		text = capital(text)
	}
	told := r.todo(text+".", r.OutageHint(o.Outage))
	if !o.Since.IsZero() {
		told.Facts = slices.Insert(told.Facts, 0, fact{Name: r.say("alarm.since", facts{}), Text: r.When(o.Since)})
	}
	return told
}

// held are the changes that wait, and at the end what lets them through. When two people meet is not for admins, nor
// why one of their changes waits: that limits hold it is.
func (r Reader) held(all []plan.Held) []item {
	var out []item
	brake := false
	for _, h := range all {
		waits := item{Text: r.say("alarm.held", facts{Pair: h.Pair.String(), Text: r.Action(h.Action)}) + ": " +
			r.Waiting(h) + "."}
		if h.Brake {
			waits.Facts = []fact{{Name: r.say("alarm.because", facts{}), Text: h.Because}}
		}
		out, brake = append(out, waits), brake || h.Brake
	}
	how := "alarm.decide"
	if brake {
		how = "alarm.allow"
	}
	return append(out, item{Text: r.say(how, facts{})})
}

// Test is a message by which somebody sees that messages arrive.
func (r Reader) Test() Message {
	return r.message(page{
		Subject: r.say("test.subject", facts{}),
		Lead:    r.say("test.lead", facts{}),
		Foot:    r.foot("test", Stop{}),
	})
}
