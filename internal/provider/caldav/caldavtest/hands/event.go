package hands

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	goical "github.com/emersion/go-ical"

	"holdfast/internal/ical/vtimezone"
	"holdfast/internal/series"
)

// event is an object's master with its overrides.
type event struct {
	cal    *goical.Calendar
	master *goical.Component
}

func open(cal *goical.Calendar) (*event, error) {
	for _, c := range cal.Children {
		if c.Name == "VEVENT" && c.Props.Get("RECURRENCE-ID") == nil {
			return &event{cal, c}, nil
		}
	}
	return nil, errors.New("no event in the object")
}

func (e *event) all() []*goical.Component {
	return slices.DeleteFunc(slices.Clone(e.cal.Children), func(c *goical.Component) bool { return c.Name != "VEVENT" })
}

func at(p *goical.Prop) time.Time {
	if p == nil {
		return time.Time{}
	}
	t, err := p.DateTime(time.UTC)
	if err != nil {
		return time.Time{}
	}
	return t
}

// stamp spells t as DTSTART of the master does.
func (e *event) stamp(name string, t time.Time) *goical.Prop {
	p := goical.NewProp(name)
	start := e.master.Props.Get("DTSTART")
	if id := start.Params.Get("TZID"); id != "" {
		p.Params.Set("TZID", id)
		p.Value = t.In(at(start).Location()).Format("20060102T150405")
		return p
	}
	p.Value = t.UTC().Format("20060102T150405Z")
	return p
}

// override is that of the occurrence, made where there is none.
func (e *event) override(original time.Time) *goical.Component {
	for _, c := range e.all() {
		if p := c.Props.Get("RECURRENCE-ID"); p != nil && at(p).Equal(original) {
			return c
		}
	}
	c := goical.NewComponent("VEVENT")
	for name, props := range e.master.Props {
		if !slices.Contains([]string{"RRULE", "RDATE", "EXDATE"}, name) {
			for _, p := range props {
				q := p
				q.Params = clone(p.Params)
				c.Props[name] = append(c.Props[name], q)
			}
		}
	}
	c.Props.Set(e.stamp("RECURRENCE-ID", original))
	e.times(c, original, e.duration(e.master))
	e.cal.Children = append(e.cal.Children, c)
	return c
}

func clone(p goical.Params) goical.Params {
	out := goical.Params{}
	for k, v := range p {
		out[k] = slices.Clone(v)
	}
	return out
}

func (e *event) duration(c *goical.Component) time.Duration {
	return at(c.Props.Get("DTEND")).Sub(at(c.Props.Get("DTSTART")))
}

func (e *event) times(c *goical.Component, start time.Time, d time.Duration) {
	c.Props.Set(e.stamp("DTSTART", start))
	c.Props.Set(e.stamp("DTEND", start.Add(d)))
	c.Props.Del("DURATION")
}

// one is the component that original names, the master where it is zero.
func (e *event) one(original time.Time) *goical.Component {
	if original.IsZero() {
		return e.master
	}
	return e.override(original)
}

func (e *event) drop(original time.Time) {
	e.cal.Children = slices.DeleteFunc(e.cal.Children, func(c *goical.Component) bool {
		return c.Props.Get("RECURRENCE-ID") != nil && at(c.Props.Get("RECURRENCE-ID")).Equal(original)
	})
}

// bump raises SEQUENCE, as an organizer's client does for what others have to know.
func (e *event) bump() {
	for _, c := range e.all() {
		n := 0
		if p := c.Props.Get("SEQUENCE"); p != nil {
			n, _ = strconv.Atoi(p.Value) // nonsense counts as 0
		}
		c.Props.Set(&goical.Prop{Name: "SEQUENCE", Params: goical.Params{}, Value: strconv.Itoa(n + 1)})
	}
}

func text(name, value string) *goical.Prop {
	p := goical.NewProp(name)
	p.SetText(value)
	return p
}

func weekly(every int, day time.Weekday) string {
	return fmt.Sprintf("FREQ=WEEKLY;INTERVAL=%d;BYDAY=%s", every, strings.ToUpper(day.String()[:2]))
}

func zonedProp(name string, t time.Time, zone string) *goical.Prop {
	p := goical.NewProp(name)
	if zone == "UTC" {
		p.Value = t.UTC().Format("20060102T150405Z")
		return p
	}
	loc, err := series.Location(zone)
	if err != nil {
		panic(err)
	}
	p.Params.Set("TZID", zone)
	p.Value = t.In(loc).Format("20060102T150405")
	return p
}

func newID() string {
	var b [9]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// fresh is an object with one event of those times.
func fresh(start time.Time, duration time.Duration, zone string) (*goical.Calendar, *goical.Component) {
	cal := goical.NewCalendar()
	cal.Props.SetText("VERSION", "2.0")
	cal.Props.SetText("PRODID", "-//client//EN")
	if zone != "UTC" {
		wrapped := "BEGIN:VCALENDAR\r\n" + vtimezone.Write(zone, series.DateOf(start)) + "END:VCALENDAR\r\n"
		with, err := goical.NewDecoder(strings.NewReader(wrapped)).Decode()
		if err != nil {
			panic(err)
		}
		cal.Children = append(cal.Children, with.Children...)
	}
	c := goical.NewComponent("VEVENT")
	c.Props.SetDateTime("DTSTAMP", start)
	c.Props.Set(zonedProp("DTSTART", start, zone))
	c.Props.Set(zonedProp("DTEND", start.Add(duration), zone))
	cal.Children = append(cal.Children, c)
	return cal, c
}
