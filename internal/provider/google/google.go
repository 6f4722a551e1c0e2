// Package google is the calendar contract on Google Calendar, through its API v3. The organizer's calendar holds the
// series; the report's copy is read on the report's own calendar. Writes are patches under If-Match, never
// replacements.
package google

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"google.golang.org/api/calendar/v3"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"holdfast/internal/clock"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Scope is all that the provider needs of a calendar's owner: their events, on calendars they own.
const Scope = calendar.CalendarEventsOwnedScope

// Options are what all calendars of one Google project share.
type Options struct {
	Endpoint string // base URL of the APIs; "" is Google's own
	Clock    clock.Clock
	Log      zerolog.Logger
	Budget   Budget // zero: DefaultBudget
}

// Budget is how much of Google's quotas Holdfast lets itself use, in quota units a minute. A request is one unit, a
// patch three.
type Budget struct{ Project, User int }

// DefaultBudget is four fifths of what Google gives a new project: 10,000 a minute, 600 of them for one user.
var DefaultBudget = Budget{Project: 8000, User: 480}

// Project is a Google project: calendars that share one quota.
type Project struct {
	o    Options
	pace *pace
}

// New makes a Project. Nothing is asked of Google.
func New(o Options) *Project {
	if o.Budget == (Budget{}) {
		o.Budget = DefaultBudget
	}
	return &Project{o: o, pace: newPace(o.Budget.Project)}
}

// Account is one person's calendar and the right to use it.
type Account struct {
	Owner series.Person
	HTTP  *http.Client // signs every request as the owner
	ID    string       // of the calendar; "" is the owner's main one
	Meet  bool         // a new series gets a Google Meet link
	// Rooms are the places that are rooms, with the addresses of their calendars: a series at such a place asks for the
	// room, which answers by itself.
	Rooms map[string]string
}

// Calendar is one person's Google calendar. It implements provider.Calendar, and may be used by several goroutines.
type Calendar struct {
	p     *Project
	a     Account
	id    string
	user  string // who the quota is counted for
	pace  *pace
	api   *calendar.Service
	doubt atomic.Bool // the next look is to be a full one
	// noMeet: the person's account refused a video conference.
	noMeet atomic.Bool
}

var _ provider.Calendar = (*Calendar)(nil)

// Open makes the Calendar of an account. Nothing is asked of Google until it is used.
func (p *Project) Open(a Account) (*Calendar, error) {
	within := *a.HTTP
	within.Transport = bounded{within.Transport}
	opts := []option.ClientOption{option.WithHTTPClient(&within)}
	if p.o.Endpoint != "" {
		opts = append(opts, option.WithEndpoint(strings.TrimSuffix(p.o.Endpoint, "/")+"/calendar/v3/"))
	}
	api, err := calendar.NewService(context.Background(), opts...)
	if err != nil {
		return nil, permanent("open", "", "Google Calendar's client: %w", err)
	}
	c := &Calendar{p: p, a: a, id: a.ID, pace: newPace(p.o.Budget.User), api: api}
	if c.id == "" {
		c.id = "primary"
	}
	sum := sha256.Sum256([]byte(a.Owner.ID + "\x00" + strings.ToLower(a.Owner.Email)))
	c.user = hex.EncodeToString(sum[:16])
	return c, nil
}

// patchCost is what Google counts a patch as.
const patchCost = 3

// spend waits until the budgets have room for so many units.
func (c *Calendar) spend(ctx context.Context, units int) error {
	if err := c.pace.wait(ctx, units, c.now()); err != nil {
		return err
	}
	return c.p.pace.wait(ctx, units, c.now())
}

// quotaUser makes Google count a request for the calendar's owner, not for the service account that acts as them.
func (c *Calendar) quotaUser() googleapi.CallOption { return googleapi.QuotaUser(c.user) }

func (c *Calendar) now() time.Time { return c.p.o.Clock() }

// reader makes sense of the calendar's events in a calendar of that zone; "" is the owner's.
func (c *Calendar) reader(org, zone string) reader {
	var owner []string
	for _, a := range c.a.Owner.Addresses() {
		owner = append(owner, series.Address(a))
	}
	return reader{org: org, owner: owner, zone: c.zone(zone), at: c.now(), meet: c.a.Meet}
}

// zone is what days and times without a zone mean.
func (c *Calendar) zone(name string) string {
	for _, z := range []string{name, c.a.Owner.Zone} {
		if _, err := series.Location(z); err == nil {
			return z
		}
	}
	return "UTC"
}
