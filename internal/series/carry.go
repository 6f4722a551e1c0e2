package series

import (
	"maps"
	"slices"
	"time"
)

// Carry is what a new generation takes over from the series whose place it takes, so that nothing that people put
// there is lost. The owned fields that a person set are in the Series itself (Title, Place, Link), and here what the
// mark is to say of them.
type Carry struct {
	// From is that series, nil for none. All that people own of it goes along: the text around the agenda line, reminders,
	// categories, colour, class, attachments, properties that Holdfast does not know.
	From      *Event
	Overrides []Carried
	Excluded  []time.Time // new original starts: cancelled by a person
	// PutBack are those of Skips that a person put back: noted in the mark and not taken out.
	PutBack []Date
	Answer  PartStat // the report's, to all of the new series; "" is NeedsAction
	Guests  []Guest  // whom people invited beside the two
	Free    bool     // a person set it to free
	// Written are digests for the mark that are not those of the series' own values: what Holdfast last wrote of a
	// field that a person then changed; "" where it wrote none.
	Written map[Field]string
}

// Carried is the override of a new series that takes over one of the old series: times, place, link, guests with their
// answers, free. What else people put on that single meeting goes along.
type Carried struct {
	Override
	Was time.Time // the original start that the meeting had in Carry.From
}

// Changes is a digest of what people can change of a series that a replacement carries over, as far as an Event shows
// it: title, place, times and the meetings that differ. Answers are no part of it.
func (e Event) Changes() string {
	text := e.Times() + "\n" + e.Title + "\n" + e.Place
	for _, o := range e.Overrides {
		if !o.Cancelled && (o.Place != e.Place || o.Free != e.Free) {
			text += "\n" + o.Original.UTC().Format(time.RFC3339) + " " + o.Place
			if o.Free {
				text += " free"
			}
		}
	}
	return Digest(text)
}

// Out are the original starts that Create takes out: planned skips and cancellations, in order.
func (s Series) Out() []time.Time {
	out := slices.Clone(s.Carry.Excluded)
	for _, k := range s.Skips {
		if s.has(k.Date) && !slices.Contains(s.Carry.PutBack, k.Date) {
			out = append(out, s.Slot.On(k.Date))
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// has reports whether the series has a meeting on the day, taken out or not.
func (s Series) has(d Date) bool { return !d.Before(s.First) && len(s.Slot.Dates(s.First, d, d)) == 1 }

// note puts into the mark what is to be remembered of what was carried over.
func (c Carry) note(m *Mark) {
	m.Written = maps.Clone(m.Written)
	for f, digest := range c.Written {
		if m.Written[f] = digest; digest == "" {
			delete(m.Written, f)
		}
	}
	for _, o := range c.Overrides {
		m.Overridden(o.Override)
	}
	if c.From != nil {
		m.Carried = c.From.Changes()
	}
}
