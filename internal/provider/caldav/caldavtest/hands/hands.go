// Package hands is a person's own calendar client, and not a careful one: it reads an object, has a library decode and
// encode all of it anew, and writes it without a condition. Any CalDAV server will do.
package hands

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	goical "github.com/emersion/go-ical"

	"holdfast/internal/series"
)

// Hands are a person's. See providertest.Hands for what each does.
type Hands struct {
	Calendar       string // its URL
	User, Password string
	Email          string
	Agent          []string // SCHEDULE-AGENT of whom they add (RFC 6638 section 7.1)
	HTTP           *http.Client
}

// Send makes a request for what is at path, a URL or a path relative to the calendar, and answers its body.
func (h Hands) Send(method, path string, body []byte) ([]byte, error) {
	base, err := url.Parse(h.Calendar)
	if err != nil {
		return nil, err
	}
	at, err := base.Parse(path)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(method, at.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.SetBasicAuth(h.User, h.Password)
	if body != nil {
		r.Header.Set("Content-Type", "text/calendar; charset=utf-8")
	}
	res, err := h.HTTP.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s: %s", method, res.Status)
	}
	return text, err
}

func (h Hands) load(id string) (*goical.Calendar, error) {
	text, err := h.Send(http.MethodGet, id, nil)
	if err != nil {
		return nil, err
	}
	return goical.NewDecoder(bytes.NewReader(text)).Decode()
}

func (h Hands) save(id string, cal *goical.Calendar) error {
	for _, c := range cal.Children {
		// Cyrus gives an attendee's copy the organizer's TRANSP and the attendee's own; the library takes only one.
		if all := c.Props["TRANSP"]; len(all) > 1 {
			c.Props["TRANSP"] = all[:1]
		}
	}
	var b bytes.Buffer
	if err := goical.NewEncoder(&b).Encode(cal); err != nil {
		return err
	}
	_, err := h.Send(http.MethodPut, id, b.Bytes())
	return err
}

// edit changes the object: all of its events, the master first.
func (h Hands) edit(id string, change func(e *event) error) error {
	cal, err := h.load(id)
	if err != nil {
		return err
	}
	e, err := open(cal)
	if err != nil {
		return err
	}
	if err := change(e); err != nil {
		return err
	}
	return h.save(id, cal)
}

func (h Hands) Move(id string, original, to time.Time) error {
	return h.edit(id, func(e *event) error {
		c := e.override(original)
		e.times(c, to, e.duration(c))
		e.bump()
		return nil
	})
}

func (h Hands) Resize(id string, original time.Time, duration time.Duration) error {
	return h.edit(id, func(e *event) error {
		c := e.override(original)
		e.times(c, at(c.Props.Get("DTSTART")), duration)
		e.bump()
		return nil
	})
}

func (h Hands) MoveAll(id string, to series.Slot, first series.Date) error {
	return h.edit(id, func(e *event) error {
		e.cal.Children = slices.DeleteFunc(e.cal.Children, func(c *goical.Component) bool { return c.Name == "VEVENT" && c != e.master })
		e.master.Props.Set(zonedProp("DTSTART", to.On(first), to.Zone))
		e.times(e.master, to.On(first), to.Duration)
		e.master.Props.Set(&goical.Prop{Name: "RRULE", Params: goical.Params{}, Value: weekly(to.Every, to.Weekday)})
		e.bump()
		return nil
	})
}

// saveAs stores the object under a UID of its own.
func (h Hands) saveAs(cal *goical.Calendar) (string, error) {
	uid := newID() + "@client.example"
	for _, c := range cal.Children {
		if c.Name == "VEVENT" {
			c.Props.SetText("UID", uid)
		}
	}
	base, err := url.Parse(h.Calendar)
	if err != nil {
		return "", err
	}
	id := base.EscapedPath() + url.PathEscape(uid) + ".ics"
	return id, h.save(id, cal)
}

func (h Hands) Split(id string, original, to time.Time) (string, error) {
	cal, err := h.load(id)
	if err != nil {
		return "", err
	}
	if err := h.EndAt(id, original.Add(-time.Second)); err != nil {
		return "", err
	}
	e, err := open(cal)
	if err != nil {
		return "", err
	}
	e.cal.Children = slices.DeleteFunc(e.cal.Children, func(c *goical.Component) bool { return c.Name == "VEVENT" && c != e.master })
	e.times(e.master, to, e.duration(e.master))
	e.master.Props.Del("EXDATE")
	rule := e.master.Props.Get("RRULE")
	parts := strings.Split(rule.Value, ";")
	for i, p := range parts {
		if strings.HasPrefix(p, "BYDAY=") {
			parts[i] = "BYDAY=" + strings.ToUpper(to.In(at(e.master.Props.Get("DTSTART")).Location()).Weekday().String()[:2])
		}
	}
	rule.Value = strings.Join(slices.DeleteFunc(parts, func(p string) bool { return strings.HasPrefix(p, "UNTIL=") }), ";")
	return h.saveAs(cal)
}

// SetRule replaces the series' RRULE.
func (h Hands) SetRule(id, rule string) error {
	return h.edit(id, func(e *event) error {
		e.master.Props.Get("RRULE").Value = rule
		return nil
	})
}

func (h Hands) Cancel(id string, original time.Time) error {
	return h.edit(id, func(e *event) error {
		e.drop(original)
		e.master.Props.Add(e.stamp("EXDATE", original))
		e.bump()
		return nil
	})
}

func (h Hands) CancelStatus(id string, original time.Time) error {
	return h.edit(id, func(e *event) error {
		e.one(original).Props.SetText("STATUS", "CANCELLED")
		e.bump()
		return nil
	})
}

func (h Hands) PutBack(id string, original time.Time) error {
	return h.edit(id, func(e *event) error {
		if original.IsZero() {
			e.master.Props.Del("STATUS")
		}
		for _, c := range e.all() {
			if p := c.Props.Get("RECURRENCE-ID"); p != nil && at(p).Equal(original) {
				c.Props.Del("STATUS")
			}
		}
		var left []goical.Prop
		for _, p := range e.master.Props["EXDATE"] {
			var values []string
			for v := range strings.SplitSeq(p.Value, ",") {
				single := p
				single.Value = v
				if !at(&single).Equal(original) {
					values = append(values, v)
				}
			}
			if p.Value = strings.Join(values, ","); p.Value != "" {
				left = append(left, p)
			}
		}
		e.master.Props["EXDATE"] = left
		e.bump()
		return nil
	})
}

func (h Hands) Answer(id string, original time.Time, attendee string, answer series.PartStat) error {
	return h.edit(id, func(e *event) error {
		parts := e.all()
		if !original.IsZero() {
			parts = []*goical.Component{e.override(original)}
		}
		for _, c := range parts {
			for i, p := range c.Props["ATTENDEE"] {
				if series.Address(p.Value) == series.Address(attendee) {
					c.Props["ATTENDEE"][i].Params.Set("PARTSTAT", string(answer))
				}
			}
		}
		return nil
	})
}

func (h Hands) Relocate(id string, original time.Time, place string) error {
	return h.edit(id, func(e *event) error {
		e.one(original).Props.SetText("LOCATION", place)
		e.bump()
		return nil
	})
}

func (h Hands) Retitle(id string, original time.Time, title string) error {
	return h.edit(id, func(e *event) error {
		e.one(original).Props.Set(text("SUMMARY", title))
		e.bump()
		return nil
	})
}

func (h Hands) SetLink(id string, original time.Time, link string) error {
	return h.edit(id, func(e *event) error {
		c := e.one(original)
		var lines []string
		if p := c.Props.Get("DESCRIPTION"); p != nil {
			t, err := p.Text()
			if err != nil {
				return err
			}
			lines = slices.DeleteFunc(strings.Split(t, "\n"), func(l string) bool { return strings.HasPrefix(l, "Agenda: ") })
		}
		c.Props.Del("URL")
		c.Props.Del("ATTACH")
		if link != "" {
			lines = append(lines, "Agenda: "+link)
			c.Props.Set(&goical.Prop{Name: "URL", Params: goical.Params{}, Value: link})
			c.Props.Set(&goical.Prop{Name: "ATTACH", Params: goical.Params{"FMTTYPE": {"text/html"}}, Value: link})
		}
		c.Props.Del("DESCRIPTION")
		if len(lines) > 0 {
			c.Props.Set(text("DESCRIPTION", strings.Join(lines, "\n")))
		}
		e.bump()
		return nil
	})
}

func (h Hands) AddGuest(id, address string) error {
	return h.edit(id, func(e *event) error {
		for _, c := range e.all() {
			params := goical.Params{"PARTSTAT": {"NEEDS-ACTION"}}
			if h.Agent != nil {
				params["SCHEDULE-AGENT"] = h.Agent
			}
			c.Props.Add(&goical.Prop{Name: "ATTENDEE", Params: params, Value: "mailto:" + address})
		}
		e.bump()
		return nil
	})
}

func (h Hands) SetFree(id string) error {
	return h.edit(id, func(e *event) error {
		e.master.Props.SetText("TRANSP", "TRANSPARENT")
		return nil
	})
}

func (h Hands) StripMark(id string) error {
	return h.edit(id, func(e *event) error {
		for _, c := range e.all() {
			for name := range c.Props {
				if strings.HasPrefix(name, "X-HOLDFAST-") {
					c.Props.Del(name)
				}
			}
		}
		return nil
	})
}

func (h Hands) Note(id, note string) error {
	return h.edit(id, func(e *event) error {
		description := note
		if p := e.master.Props.Get("DESCRIPTION"); p != nil {
			t, err := p.Text()
			if err != nil {
				return err
			}
			description = t + "\n" + note
		}
		e.master.Props.Set(text("DESCRIPTION", description))
		e.master.Props.Add(text("CATEGORIES", word(note)))
		e.master.Props.Add(&goical.Prop{Name: "X-OWN-NOTE", Params: goical.Params{}, Value: word(note)})
		alarm := goical.NewComponent("VALARM")
		alarm.Props.Set(&goical.Prop{Name: "ACTION", Value: "DISPLAY"})
		alarm.Props.Set(&goical.Prop{Name: "TRIGGER", Value: "-PT7M"})
		alarm.Props.Set(text("DESCRIPTION", note))
		e.master.Children = append(e.master.Children, alarm)
		return nil
	})
}

// word is text in the characters that all servers bring back from a category and from an X- property.
func word(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(",;\\\"", r) {
			return -1
		}
		return r
	}, text)
}

func (h Hands) Noted(id, note string) (bool, error) {
	cal, err := h.load(id)
	if err != nil {
		return false, err
	}
	e, err := open(cal)
	if err != nil {
		return false, err
	}
	noted := slices.ContainsFunc(e.master.Children, func(c *goical.Component) bool {
		return c.Name == "VALARM" && c.Props.Get("TRIGGER").Value == "-PT7M"
	})
	for name, value := range map[string]string{"DESCRIPTION": text("DESCRIPTION", note).Value, "CATEGORIES": word(note), "X-OWN-NOTE": word(note)} {
		noted = noted && slices.ContainsFunc(e.master.Props[name], func(p goical.Prop) bool { return strings.Contains(p.Value, value) })
	}
	return noted, nil
}

func (h Hands) EndAt(id string, until time.Time) error {
	return h.edit(id, func(e *event) error {
		rule := e.master.Props.Get("RRULE")
		parts := slices.DeleteFunc(strings.Split(rule.Value, ";"), func(p string) bool { return strings.HasPrefix(p, "UNTIL=") })
		rule.Value = strings.Join(append(parts, "UNTIL="+until.UTC().Format("20060102T150405Z")), ";")
		for _, c := range e.all() {
			if p := c.Props.Get("RECURRENCE-ID"); p != nil && at(p).After(until) {
				e.drop(at(p))
			}
		}
		e.bump()
		return nil
	})
}

func (h Hands) Duplicate(id string) (string, error) {
	cal, err := h.load(id)
	if err != nil {
		return "", err
	}
	return h.saveAs(cal)
}

func (h Hands) Delete(id string) error {
	_, err := h.Send(http.MethodDelete, id, nil)
	return err
}

func (h Hands) Add(x series.Event) (string, error) {
	cal, c := fresh(x.Start, x.Duration, x.Zone)
	c.Props.SetText("SUMMARY", x.Title)
	if x.Place != "" {
		c.Props.SetText("LOCATION", x.Place)
	}
	if x.Rule.Plain {
		c.Props.Set(&goical.Prop{Name: "RRULE", Params: goical.Params{}, Value: weekly(x.Rule.Every, x.Start.Weekday())})
	}
	if x.Organizer != "" {
		c.Props.Set(&goical.Prop{Name: "ORGANIZER", Params: goical.Params{}, Value: "mailto:" + x.Organizer})
	}
	for _, g := range x.Guests {
		stat := string(g.Answer)
		if stat == "" {
			stat = string(series.NeedsAction)
		}
		c.Props.Add(&goical.Prop{Name: "ATTENDEE", Params: goical.Params{"PARTSTAT": {stat}}, Value: "mailto:" + g.Address})
	}
	return h.saveAs(cal)
}

func (h Hands) AddBusy(b series.Busy, secret string) (string, error) {
	cal, c := fresh(b.Start, b.Duration, b.Zone)
	for _, name := range []string{"SUMMARY", "DESCRIPTION", "LOCATION"} {
		c.Props.SetText(name, secret)
	}
	c.Props.Set(&goical.Prop{Name: "ORGANIZER", Params: goical.Params{}, Value: "mailto:" + h.Email})
	c.Props.Add(&goical.Prop{Name: "ATTENDEE", Params: goical.Params{"CN": {secret}}, Value: "mailto:someone@elsewhere.example"})
	if b.AllDay {
		first := series.DateOf(b.Start)
		for name, day := range map[string]series.Date{"DTSTART": first, "DTEND": first.AddDays(int(b.Duration / (24 * time.Hour)))} {
			c.Props.Set(&goical.Prop{Name: name, Params: goical.Params{"VALUE": {"DATE"}}, Value: strings.ReplaceAll(day.String(), "-", "")})
		}
	}
	if b.RRule != "" {
		c.Props.Set(&goical.Prop{Name: "RRULE", Params: goical.Params{}, Value: b.RRule})
	}
	for _, t := range b.ExDates {
		c.Props.Add(zonedProp("EXDATE", t, b.Zone))
	}
	for _, t := range b.RDates {
		c.Props.Add(zonedProp("RDATE", t, b.Zone))
	}
	switch b.Kind {
	case series.Soft:
		c.Props.SetText("STATUS", "TENTATIVE")
	case series.AwayKind:
		c.Props.Set(&goical.Prop{Name: "X-MICROSOFT-CDO-BUSYSTATUS", Params: goical.Params{}, Value: "OOF"})
	}
	return h.saveAs(cal)
}
