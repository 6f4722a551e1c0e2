// Package caldav is the calendar contract on CalDAV servers (RFC 4791): its own small WebDAV client, discovery,
// incremental reading, and conditional writes that are read back. What real servers do beside the book is met here and
// goes no further.
package caldav

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/rs/zerolog"
	"holdfast/internal/clock"
	"holdfast/internal/ical"
	"holdfast/internal/series"
)

// Options say whose calendar it is and how to reach it.
type Options struct {
	HTTP     *http.Client           // shared by all calendars; nil: http.DefaultClient
	URL      string                 // of the service, a host name alone will do
	Username string                 // "" logs in as nobody
	Password func() (string, error) // asked before every request, so that a changed file is seen

	Calendar string            // URL or path of the calendar; "" leaves it to discovery
	Headers  map[string]string // sent with every request to a server that may see the password

	// Scheduling says who delivers invitations: "server", "holdfast", or "auto", the server if it can and is known to do
	// it well.
	Scheduling string
	Addresses  []string // of whom the calendar is, as series.Address; the main one first
	Zone       string   // theirs
	Org        string
	Clock      clock.Clock
	Log        zerolog.Logger
	Resolver   Resolver // nil: net.DefaultResolver
}

// Calendar is one person's calendar on a CalDAV server. It implements provider.Calendar and may be used by several
// goroutines.
type Calendar struct {
	o Options
	c *client

	mu    sync.Mutex
	found *collection // nil until it is found, and after it was lost
}

// Open makes the Calendar that o describes. Nothing is asked of the server until it is used.
func Open(o Options) *Calendar {
	o = o.withDefaults()
	return &Calendar{o: o, c: newClient(o)}
}

func (o Options) withDefaults() Options {
	if o.HTTP == nil {
		o.HTTP = http.DefaultClient
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Password == nil {
		o.Password = func() (string, error) { return "", nil }
	}
	return o
}

// owns reports whether the address is one of the owner's by the roster.
func (o Options) owns(address string) bool {
	return slices.Contains(o.Addresses, series.Address(address))
}

// calendar is the collection, found at the first use and again after it was lost.
func (c *Calendar) calendar(ctx context.Context) (*collection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found == nil {
		found, err := c.c.discover(ctx, c.o)
		if err != nil {
			return nil, err
		}
		c.found = found
	}
	return c.found, nil
}

// lost forgets the collection if err says that it is not where it was.
func (c *Calendar) lost(err error) {
	if gone(err) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.found = nil
	}
}

// delivers reports whether the server brings invitations to attendees, as the settings want it.
func (c *Calendar) delivers(cal *collection) bool {
	return cal.schedules && c.o.Scheduling != "holdfast" && (!cal.davical || c.o.Scheduling == "server")
}

// unscheduled is the text as it is stored: on DAViCal such that the server has nobody to deliver to. It heeds
// SCHEDULE-AGENT on ATTENDEE, and not on ORGANIZER; else it answers 500 to most changes of a series and to whatever
// an attendee writes, and delivers what it takes late or never (1.1.12, seen).
func (c *Calendar) unscheduled(cal *collection, text []byte) []byte {
	if !cal.davical || c.delivers(cal) {
		return text
	}
	o, err := ical.Parse(text, c.o.Zone)
	if err != nil {
		return text
	}
	return o.Unscheduled(func(address string) bool {
		return c.o.owns(address) || slices.Contains(cal.owners, address)
	})
}

// onBehalf reports whether the account is another's than the owner's, and its requests say for whom it schedules.
func (c *Calendar) onBehalf(cal *collection) bool {
	_, named := c.o.Headers["Schedule-Address"]
	return named && !slices.ContainsFunc(cal.addresses, c.o.owns)
}

// locks serialise our writes per object within the process: some servers let several conditional writes through at
// once. A stripe is shared by unrelated objects now and then, which only makes one of them wait.
var locks [256]sync.Mutex

func lock(path string) (unlock func()) {
	var n byte
	for _, b := range []byte(opaque(path)) {
		n = n*31 + b
	}
	locks[n].Lock()
	return locks[n].Unlock
}
