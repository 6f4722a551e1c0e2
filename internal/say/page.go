package say

import (
	"time"

	"holdfast/internal/drift"
)

// Page is the page of a link: it asks whether to do one thing, or tells what became of it.
type Page struct {
	Title  string
	Lines  []string
	Button string // what it does; "": there is nothing to do
	Done   bool   // what there was to do is done
}

// ask is a page with a button, of the texts of that name.
func (r Reader) ask(name string, f facts) Page {
	p := r.result(name, f)
	p.Button = r.say("page."+name+".button", f)
	return p
}

// result is a page without a button.
func (r Reader) result(name string, f facts) Page {
	p := Page{Title: r.say("page."+name, f)}
	if more := "page." + name + ".more"; r.catalogue().has(more) {
		p.Lines = []string{capital(r.say(more, f))}
	}
	return p
}

func (r Reader) linkFacts(o OneOnOne, as Role, f drift.Flag, to time.Time) facts {
	me, other, who := r.beside(o, as)
	out := facts{Other: other, Day: r.day(f.Occurrence), Text: me.flag(f, who)}
	if !to.IsZero() {
		out.Time = me.both(me.When(to), to)
	}
	return out
}

// AskLink asks whether to do what the link of a message is for: Rebook at to, or Ack.
func (r Reader) AskLink(d Deed, o OneOnOne, as Role, f drift.Flag, to time.Time) Page {
	return r.ask(string(d), r.linkFacts(o, as, f, to))
}

// LinkDone says that it is done; it can be taken back until the time.
func (r Reader) LinkDone(d Deed, o OneOnOne, as Role, f drift.Flag, to, until time.Time) Page {
	facts := r.linkFacts(o, as, f, to)
	p := r.result(string(d)+".done", facts)
	facts.Time = r.When(until)
	p.Done, p.Button = true, r.say("page.undo.link", facts)
	return p
}

// AskUndo asks whether to take back what a link did; was is when the meeting was to begin before, zero where it was
// cancelled.
func (r Reader) AskUndo(d Deed, o OneOnOne, as Role, f drift.Flag, was time.Time) Page {
	if d == Rebook && was.IsZero() {
		return r.ask("undo.cancelled", r.linkFacts(o, as, f, was))
	}
	return r.ask("undo."+string(d), r.linkFacts(o, as, f, was))
}

// Undone says that it was taken back.
func (r Reader) Undone() Page {
	p := r.result("undone", facts{})
	p.Done = true
	return p
}

// AskStop asks whether to end the messages of the kind, "digest" or "prepare"; Stopped says that they are, and asks
// whether to have them again.
func (r Reader) AskStop(kind string) Page {
	return r.ask("stop", facts{Text: r.say("page.kind."+kind, facts{})})
}

// Stopped is AskStop's.
func (r Reader) Stopped(kind string) Page {
	p := r.ask("stopped", facts{Text: r.say("page.kind."+kind, facts{})})
	p.Done = true
	return p
}

// Resumed says that the messages of the kind come again.
func (r Reader) Resumed(kind string) Page {
	p := r.result("resumed", facts{Text: r.say("page.kind."+kind, facts{})})
	p.Done = true
	return p
}

// LinkUsed says that the link did what it is for before.
func (r Reader) LinkUsed() Page { return r.result("used", facts{}) }

// LinkOver says that the link is of no use any more.
func (r Reader) LinkOver() Page { return r.result("over", facts{}) }

// NoLink says that there is no such link.
func (r Reader) NoLink() Page { return r.result("unknown", facts{}) }

// LinkRefused says why nothing was done, in the words given; "": things are not as they were in the message.
func (r Reader) LinkRefused(why string) Page {
	p := r.result("refused", facts{})
	if why != "" {
		p.Lines = []string{sentence(why)}
	}
	return p
}

// LinkFailed says that something is wrong here.
func (r Reader) LinkFailed() Page { return r.result("failed", facts{}) }
