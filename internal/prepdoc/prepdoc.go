// Package prepdoc keeps the pair's shared document: it finds the one that was made for the pair, or makes it from the
// admin's template in Google Drive, shares it with the report, checks by metadata that the two and nobody else can edit
// it, and puts a dated section at its top before each meeting. A link that the roster gives is only looked at.
//
// What belongs to Holdfast is written on the document itself, as private appProperties, so that losing State costs a look. Only
// when it is lost within the minutes that Drive's search needs to show a new document may a second one be made; then the
// one that the calendar links to counts, else the older. People's text is only ever added to, and what is read of it to carry
// open actions over stays within the one call: it is not logged, kept, or part of an error.
//
// What people need to know of a section: its actions are the lines that begin with [ ] below its heading Actions (or
// the one that the template has above {actions}), up to the next heading. An open one is copied into the next section,
// one with [x] is done and stays where it is. Only the latest section counts, and nothing that was written is ever changed.
package prepdoc

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/series"
)

// Clients gives the HTTP client that acts as a person at Google. An error of kind provider.Auth says why there is none.
type Clients interface {
	ClientFor(ctx context.Context, p series.Person) (*http.Client, error)
}

// Options are what Docs needs.
type Options struct {
	Clients Clients
	// Endpoint is another base URL for Drive (at drive/v3/) and Docs (at v1/documents); "" is Google's own.
	Endpoint string
	Log      zerolog.Logger
}

// Docs tends documents.
type Docs struct{ Options }

// New makes a Docs.
func New(o Options) *Docs { return &Docs{o} }

// Want is what one pair's document should be.
type Want struct {
	Series series.Series // Org, the people, Title, Link, Doc and Ends count
	Known  string        // the link that Holdfast wrote on the calendar, "" for none: where to look first
	Next   Occurrence    // the meeting that needs a section now; zero for none
	Hold   bool          // write nothing: not on a document, nor a new one
	Remake bool          // a person asked for a new document in place of one that is missing
	// SeesAll: the client sees every file that the manager sees, so that a given document that it never saw is missing. Else it
	// may only be one that nobody opened with the app.
	SeesAll bool
}

// Occurrence is a meeting that gets a section.
type Occurrence struct {
	Date  series.Date // the day it was booked on, in the slot's zone: its name
	Day   series.Date // the day it is on now, in the same zone
	Start time.Time
}

// lead is how long before a meeting its section is written: late enough to know whether the meeting is on, and time
// enough to prepare it, over a weekend too.
const lead = 72 * time.Hour

// WantOf is what the pair of a view wants at now.
func WantOf(v series.View, now time.Time) Want {
	w := Want{Series: v.Want}
	h := v.Head()
	if h == nil {
		return w
	}
	w.Known = h.OwnLink()
	if v.Want.Doc.Section == "" || v.Stale {
		return w
	}
	for _, e := range v.Chain {
		zone := e.Mark.Slot.Zone
		if zone == "" {
			zone = e.Zone
		}
		for _, m := range e.Meetings(now.Add(-24*time.Hour), now.Add(lead)) {
			if m.Cancelled || !m.End().After(now) || m.Start.After(now.Add(lead)) {
				continue
			}
			if w.Next.Start.IsZero() || m.Start.Before(w.Next.Start) {
				date, _ := series.WallClock(m.Original, zone)
				day, _ := series.WallClock(m.Start, zone)
				w.Next = Occurrence{date, day, m.Start}
			}
		}
	}
	return w
}

// keys are the identities under which the pair's document may be marked, today's first. The manager is part of a pair, so
// that a new manager's key leads to no earlier manager's document.
func (w Want) keys() []string {
	keys := []string{w.Series.Pair.Key(w.Series.Org)}
	for _, p := range w.Series.Formerly {
		keys = append(keys, p.Key(w.Series.Org))
	}
	return keys
}

// made reports whether the document is one that Holdfast makes.
func (w Want) made() bool { return w.Series.Doc.Template != "" }

var driveID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)

// FileID is the Drive id in a link to a Google document; "" if it is another link, of which nothing can be known without
// asking its server.
func FileID(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || u.Host != "docs.google.com" && u.Host != "drive.google.com" {
		return ""
	}
	id := u.Query().Get("id")
	if _, after, ok := strings.Cut(u.Path, "/d/"); ok {
		id, _, _ = strings.Cut(after, "/")
	}
	if id == "e" || !driveID.MatchString(id) { // "e" leads to a published page, which has another id
		return ""
	}
	return id
}

// linkOf is the link to the document of that id. It is made here, not taken from Drive's answer, so that it never changes.
func linkOf(id string) string { return "https://docs.google.com/document/d/" + id + "/edit" }
