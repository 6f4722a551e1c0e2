package caldav

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"holdfast/internal/ical"
	"holdfast/internal/series"
)

// meaning is what Holdfast relies on of an object, field by field. Servers are free in all else: order, folding, the
// spelling of people, their answers, revision numbers.
func (c *Calendar) meaning(text string) ([]meant, error) {
	o, err := ical.Parse([]byte(text), c.o.Zone)
	if err != nil {
		return nil, err
	}
	e, err := o.Event(c.o.Org, time.Time{})
	if err != nil {
		return nil, err
	}
	var overrides []string
	for _, v := range e.Overrides {
		var guests []string
		for _, g := range v.Guests {
			guests = append(guests, g.Address)
		}
		// What a cancelled occurrence is like besides is nobody's matter.
		if v.Cancelled {
			v = series.Override{Original: v.Original, Cancelled: true}
		}
		overrides = append(overrides, fmt.Sprint(v.Original.Unix(), v.Cancelled, series.Digest(v.Place), v.Link, v.Free,
			series.DigestPeople(e.Organizer, guests)))
	}
	slices.Sort(overrides)
	mark, _ := json.Marshal(e.Mark) // strings and numbers only: cannot fail
	return []meant{
		{"the identity", e.UID}, {"the times", e.Times()}, {"the people", e.People()}, {"the place", series.Digest(e.Place)},
		{"the prep link", e.Link}, {"busy or free", fmt.Sprint(e.Free)}, {"the status", fmt.Sprint(e.Cancelled)},
		{"the title", series.Digest(e.Title)}, {"an override", fmt.Sprint(overrides)}, {"the mark", string(mark) + e.Delivered},
	}, nil
}

// meant is one field of a meaning.
type meant struct{ field, value string }

// sameMeaning is the error that says in which field the served object says something else than the one that was sent.
func (c *Calendar) sameMeaning(sent, served string) error {
	if sent == served {
		return nil
	}
	want, err := c.meaning(sent)
	if err != nil {
		return err
	}
	got, err := c.meaning(served)
	if err != nil {
		return err
	}
	for i := range want {
		if want[i] != got[i] {
			return fmt.Errorf("%s came out different", want[i].field)
		}
	}
	return nil
}
