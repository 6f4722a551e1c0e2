package caldavtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/clock"
)

// Person is somebody with a calendar app: a small CalDAV client of its own that reads an object, edits its text and
// writes it back on the condition that nobody was faster, as apps do. It works against any CalDAV server.
type Person struct {
	Base           string // the server, "http://127.0.0.1:5232"
	User, Password string
	Email          string           // the person's address, as organizer and attendee
	Calendar       string           // path of the calendar; "" is /calendars/USER/default/
	HTTP           *http.Client     // nil: http.DefaultClient
	Now            func() time.Time // nil: the machine's clock
}

// Entry is an event as the person sees it: a master with its overrides, or one override.
type Entry struct {
	Href, ETag   string // of the object
	UID          string
	Title, Place string
	Description  string
	Organizer    string            // lower-case address, "" for none
	Answers      map[string]string // address -> PARTSTAT
	Original     time.Time         // an override's RECURRENCE-ID
	Start, End   time.Time
	Rule         string // RRULE
	Free         bool
	Cancelled    bool
	Excluded     []time.Time // EXDATE
	Overrides    []Entry     // by Original
	Text         string      // the object as served
}

// Events are all events of the calendar, by start.
func (p Person) Events(ctx context.Context) ([]Entry, error) { return p.find(ctx, "") }

// Event is the one with that UID.
func (p Person) Event(ctx context.Context, uid string) (Entry, error) {
	es, err := p.find(ctx, uid)
	if err == nil && len(es) == 0 {
		err = fmt.Errorf("%s has no event %s", p.User, uid)
	}
	if err != nil {
		return Entry{}, err
	}
	return es[0], nil
}

// find reads the calendar; a uid narrows it to that event.
func (p Person) find(ctx context.Context, uid string) ([]Entry, error) {
	only := ""
	if uid != "" {
		only = `<C:prop-filter name="UID"><C:text-match collation="i;octet">` + escape(uid) + `</C:text-match></C:prop-filter>`
	}
	_, body, err := p.send(ctx, "REPORT", p.calendar(), prologue+`<C:calendar-query`+declarations+`><D:prop><D:getetag/><C:calendar-data/></D:prop>`+
		`<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">`+only+`</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`,
		"Content-Type", xmlType, "Depth", "1")
	if err != nil {
		return nil, err
	}
	n, err := parseXML(body)
	if err != nil {
		return nil, fmt.Errorf("%s's calendar: %w", p.User, err)
	}
	var out []Entry
	for _, r := range n.kids {
		for _, ps := range r.kids {
			prop := ps.child(nsDAV, "prop")
			data := prop.child(nsCalDAV, "calendar-data")
			if data == nil || data.text == "" {
				continue
			}
			cal, err := parse([]byte(data.text))
			if err != nil {
				return nil, fmt.Errorf("an object of %s: %w", p.User, err)
			}
			e, ok := entry(zoning{cal, time.UTC})
			if e.Href, e.ETag, e.Text = r.child(nsDAV, "href").value(), prop.child(nsDAV, "getetag").value(), data.text; ok && (uid == "" || e.UID == uid) {
				out = append(out, e)
			}
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return a.Start.Compare(b.Start) })
	return out, nil
}

// entry reads an object; ok is false for what is no event.
func entry(z zoning) (out Entry, ok bool) {
	master, overrides := z.cal.events()
	read := func(c *component) (e Entry) {
		e = Entry{UID: c.value("UID"), Title: unescape(c.value("SUMMARY")), Place: unescape(c.value("LOCATION")),
			Description: unescape(c.value("DESCRIPTION")), Organizer: address(c.value("ORGANIZER")), Rule: c.value("RRULE"), Original: z.key(c),
			Free: c.value("TRANSP") == "TRANSPARENT", Cancelled: c.value("STATUS") == "CANCELLED", Answers: map[string]string{}, Excluded: z.list(c, "EXDATE")}
		e.Start, e.End, _ = z.span(c) // a time that cannot be read is shown as none
		for _, l := range c.all("ATTENDEE") {
			e.Answers[address(l.value)] = strings.ToUpper(l.param("PARTSTAT"))
		}
		return e
	}
	if master == nil && len(overrides) > 0 {
		master, overrides = overrides[0], overrides[1:]
	}
	if master == nil || master.name != "VEVENT" {
		return out, false
	}
	out = read(master)
	for _, o := range overrides {
		out.Overrides = append(out.Overrides, read(o))
	}
	slices.SortFunc(out.Overrides, func(a, b Entry) int { return a.Original.Compare(b.Original) })
	return out, true
}

func (p Person) calendar() string {
	if p.Calendar != "" {
		return p.Calendar
	}
	return "/calendars/" + url.PathEscape(p.User) + "/default/"
}

// send makes one request; any status from 300 on is an error.
func (p Person) send(ctx context.Context, method, path, body string, headers ...string) (http.Header, []byte, error) {
	base, err := url.Parse(p.Base)
	if err != nil {
		return nil, nil, err
	}
	to, err := base.Parse(path)
	if err != nil {
		return nil, nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, to.String(), strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	r.SetBasicAuth(p.User, p.Password)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	c := p.HTTP
	if c == nil {
		c = http.DefaultClient
	}
	resp, err := c.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s by %s: %s", method, p.User, resp.Status)
	}
	return resp.Header, b, err
}

// edit reads the object, has it changed and writes it back if nobody was faster.
func (p Person) edit(ctx context.Context, uid string, change func(zoning) error) error {
	e, err := p.Event(ctx, uid)
	if err != nil {
		return err
	}
	header, body, err := p.send(ctx, http.MethodGet, e.Href, "")
	if err != nil {
		return err
	}
	cal, err := parse(body)
	if err != nil {
		return err
	}
	if err := change(zoning{cal, time.UTC}); err != nil {
		return fmt.Errorf("event %s: %w", uid, err)
	}
	_, _, err = p.send(ctx, http.MethodPut, e.Href, string(cal.bytes()), "Content-Type", calendarType, "If-Match", header.Get("ETag"))
	return err
}

// create stores a new object.
func (p Person) create(ctx context.Context, uid string, cal *component) error {
	_, _, err := p.send(ctx, http.MethodPut, p.calendar()+url.PathEscape(fileName(uid)), string(cal.bytes()), "Content-Type", calendarType, "If-None-Match", "*")
	return err
}

func (p Person) stamp() string {
	if p.Now != nil {
		return stamp(p.Now())
	}
	return stamp(clock.System())
}

// touched notes on a component that it was edited.
func (p Person) touched(e *component) {
	n, _ := strconv.Atoi(e.value("SEQUENCE")) // none is 0
	e.setValue("SEQUENCE", strconv.Itoa(n+1))
	e.setValue("DTSTAMP", p.stamp())
	e.setValue("LAST-MODIFIED", p.stamp())
}

func newUID() string {
	b := make([]byte, 12)
	rand.Read(b)
	return hex.EncodeToString(b) + "@app.example"
}
