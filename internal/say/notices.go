package say

import (
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// Channel is what a channel is called; others than people's are called what the journal calls them.
func (r Reader) Channel(name string) string {
	if text := "channel." + name; r.catalogue().has(text) {
		return r.say(text, facts{})
	}
	return name
}

// Because is why somebody is not told something: reason is a notify.Reason, an outbox.Reason, or the kind of a
// channel's error.
func (r Reader) Because(reason string) string { return r.say("because."+reason, facts{}) }

// Noticed is that somebody was told something, or was not.
type Noticed struct {
	Name    string // whom it is about
	State   string // an outbox.State
	Channel string // of what was told
	At      time.Time
	Because string    // of the rest
	Until   time.Time // of what waits; zero: nobody knows
}

// Noticed is the sentence, without a full stop.
func (r Reader) Noticed(n Noticed) string {
	f := facts{Text: n.Name, Other: r.Channel(n.Channel)}
	at := n.Until
	if n.Because == "" {
		at = n.At
	} else {
		f.Detail = r.Because(n.Because)
	}
	if !at.IsZero() {
		f.Time = r.When(at)
	}
	return r.say("notice."+n.State, f)
}

// About is what a message is about.
type About struct {
	Kind string // a notify.Kind, or digest or prepare; "": not known
	Flag drift.Flag
	Day  series.Date // of prepare
	Text string      // what else is known
	Over bool        // it is over
}

// About is what it is about, in a few words.
func (r Reader) About(a About) string {
	f := facts{Text: a.Text, Day: r.day(a.Day)}
	if a.Flag.Kind != "" {
		f.Text = r.Flag(a.Flag)
	}
	switch {
	case a.Kind == "":
		f.Text = r.say("about.settled", f)
	default:
		f.Text = r.say("about."+a.Kind, f)
	}
	if a.Over {
		return r.say("about.over", f)
	}
	return f.Text
}

// Unreached is that no channel reaches the person, and what to do.
func (r Reader) Unreached(id string) (text, hint string) {
	return r.say("notice.unreached", facts{}), r.say("alarm.silent.todo", facts{Text: id})
}

// Digests is how long the digests of a Monday take by mail, of which so many go out a minute.
func (r Reader) Digests(people, perMinute int) string {
	takes := r.Count((people+perMinute-1)/perMinute, "minute")
	return r.say("notice.digests", facts{N: people, Other: r.Count(perMinute, "mail"), Text: takes})
}
