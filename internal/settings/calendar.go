package settings

import (
	"time"

	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
)

// Kind is what a calendar is reached by: the key that holdfast.yaml has it under.
type Kind string

// The kinds of calendars.
const (
	KindCalDAV Kind = "caldav"
	KindGoogle Kind = "google"
)

// Calendar is an entry of calendars: a server, or a part of it, on which people of the roster have theirs.
type Calendar struct {
	Name   string
	Pos    yamlpos.Pos
	Kind   Kind
	Poll   time.Duration // from one reading of a person's calendar to the next
	Pushed time.Duration // the same while the provider sends push notifications
	Config Config
}

// Config is what one kind of calendar needs: a CalDAV or a Google.
type Config interface {
	// PerPerson reports whether the calendar differs from person to person.
	PerPerson() bool
	// Check reads the files with the person's credentials. The warning is what works and yet should not stay so, with
	// what to do; "" for nothing. The error tells which file cannot be read.
	Check(p series.Person) (warning string, err error)
}

// ConfigOf is the config of the calendar of that name, if it is of that kind.
func ConfigOf[C Config](s Settings, name string) (c C, ok bool) {
	c, ok = s.Calendars[name].Config.(C)
	return c, ok
}

// calendar reads one entry of calendars.
func (p *parser) calendar(name yamlpos.Text, f FileCalendar) Calendar {
	what := "calendar " + name.V
	c := Calendar{Name: name.V, Pos: name.Pos}
	switch {
	case f.Google != nil && f.CalDAV != nil:
		p.Add(f.Google.Pos, what, "google and caldav are both given: a calendar is of one kind")
	case f.Google != nil:
		p.google(what, f.Google, &c)
	case f.CalDAV != nil:
		p.caldav(what, f.CalDAV, &c)
	case f.Given():
		p.Add(f.Pos, what, "want the key caldav or google")
	}
	return c
}
