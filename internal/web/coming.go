package web

import (
	"cmp"
	"html/template"
	"slices"
	"strings"
	"time"

	"holdfast/internal/say"
	"holdfast/internal/see"
	"holdfast/internal/series"
	"holdfast/internal/web/draw"
)

type comingItem struct {
	Day, Clock, Other string
	Track             template.HTML
	Gone              bool // it does not take place
	Tags              []tag
}

func (h *handler) comingItem(r say.Reader, p see.Pair, c see.Coming) comingItem {
	mine, theirs := c.Clocks[0], c.Clocks[1]
	if p.As == see.Report {
		mine, theirs = theirs, mine
	}
	out := comingItem{Day: r.Day(mine.Date), Clock: mine.At.String(), Gone: c.Start.IsZero()}
	if theirs.At != mine.At || theirs.Date != mine.Date {
		text := theirs.At.String()
		if theirs.Date != mine.Date {
			text = r.InSlot(series.Slot{Weekday: theirs.Date.Weekday(), At: theirs.At})
		}
		out.Other = r.Fill("coming.other", say.Words{Time: text, Text: r.Place(p.Other().Zone)})
	}
	m := draw.Coming{Mark: draw.Kept, Booked: placeOf(c.Booked)}
	m.At = m.Booked
	if !c.Start.IsZero() {
		m.At = placeOf(series.At(c.Start, c.Booked.Location().String()))
	}
	switch {
	case c.Skip != "":
		m.Mark = draw.Off
		out.Tags = append(out.Tags, tagOf(draw.Off, r.Fill("coming.skip", say.Words{Text: skipWord(r, c.Skip)})))
	case c.Start.IsZero():
		m.Mark = draw.Lost
	case c.MadeUp:
		m.Mark = draw.Made
		out.Tags = append(out.Tags, tagOf(draw.Made, r.Fill("coming.made-up", say.Words{Time: r.Day(c.Date)})))
	case !c.OnSlot:
		m.Mark = draw.Late
	}
	for _, f := range p.Flags {
		if slices.Contains(c.Flags, f.ID()) {
			mark := cmp.Or(kindMarks[f.Kind], draw.Late)
			out.Tags = append(out.Tags, tagOf(mark, r.Kind(f.Kind)))
		}
	}
	if len(out.Tags) == 0 && out.Gone {
		out.Tags = append(out.Tags, tagOf(draw.Lost, r.Word("coming.gone")))
	}
	for i, clock := range []see.Clock{mine, theirs} {
		if clock.Shifted {
			who := r.Word("coming.yours")
			if i == 1 {
				who = p.Other().Name
			}
			out.Tags = append(out.Tags, tagOf(draw.Unknown, r.Fill("coming.shifted", say.Words{Text: who})))
		}
	}
	m.Title = out.Day + " " + out.Clock
	for _, t := range out.Tags {
		m.Title += ", " + t.Text
	}
	out.Track = draw.Track(m)
	return out
}

// placeOf is where in its week a time is, in days since Monday.
func placeOf(t time.Time) float64 {
	days := float64((int(t.Weekday()) + 6) % 7)
	return days + (float64(t.Hour())+float64(t.Minute())/60)/24
}

func skipWord(r say.Reader, why string) string {
	return r.Word("off." + strings.ReplaceAll(why, " ", "-"))
}
