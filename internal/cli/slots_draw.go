package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/wire"
)

// What a week looks like.
const (
	weekWidth = 80
	gutter    = 6 // columns of the clock
	broadest  = 14
	tallest   = 28 // rows of half an hour; more, and a row is an hour
)

// weekText draws the week.
func (a *app) weekText(w reconcile.PersonWeek) {
	p := w.Person
	var days []day
	for n := range 7 {
		if d := newDay(w, w.Monday.AddDays(n)); n < 5 || !d.idle() {
			days = append(days, d)
		}
	}
	from, to := span(days)
	step := series.TimeOfDay(30)
	if to-from > tallest*step {
		step = 60
		from -= from % step
	}
	width := weekWidth
	if a.Width > 0 {
		width = min(width, a.Width)
	}
	cell := max(5, min(broadest, (width-gutter)/len(days)-1))
	a.printf("%s  %s, Mon %s to Sun %s  %s\n\n", bold.Render(p.Name), w.Monday.Week(), shortDay(w.Monday), shortDay(w.Monday.AddDays(6)), dim.Render(p.Zone))
	head := strings.Repeat(" ", gutter)
	for _, d := range days {
		head += fit(fmt.Sprintf("%s %d", series.ShortDay(d.date.Weekday()), d.date.Day), cell) + " "
	}
	a.printf("%s\n", bold.Render(strings.TrimRight(head, " ")))
	seen, told := map[string]bool{}, map[int]bool{}
	for at := from; at < to; at += step {
		row := strings.Repeat(" ", gutter)
		if at%60 == 0 {
			row = dim.Render(at.String()) + strings.Repeat(" ", gutter-5)
		}
		blank := ""
		for i := range days {
			c := days[i].cell(at, step, at == from, cell)
			if c.kind == "away" && !told[i] {
				c, told[i] = filled("away", cmp.Or(days[i].away, "away"), cell), true
			}
			seen[c.kind] = true
			if c.kind == "" { // trailing blanks are left out
				blank += strings.Repeat(" ", cell+1)
				continue
			}
			row += blank + c.style(c.text) + " "
			blank = ""
		}
		a.printf("%s\n", strings.TrimRight(row, " "))
	}
	a.legend(seen)
	a.weekNotes(w)
}

// span is from when to when the days are drawn, in whole rows.
func span(days []day) (from, to series.TimeOfDay) {
	from, to = 24*60, 0
	for _, d := range days {
		a, b := d.reach()
		from, to = min(from, a), max(to, b)
	}
	if len(days) > 0 && days[0].worksAny() || from >= to {
		from, to = min(from, 9*60), max(to, 17*60)
	}
	return from - from%60, to + (30-to%30)%30
}

// drawn is one cell.
type drawn struct {
	kind, text string
	style      func(string) string
}

// look is how a kind of cell is drawn, and told in the legend.
type look struct {
	kind, sign, word string
	style            style
}

var looks = []look{
	{"booked", "█", "1:1", green}, {"busy", "▒", "busy", cyan}, {"tentative", "░", "tentative", cyan},
	{"all day", "░", "all day", dim}, {"away", "/", "away", yellow}, {"off", "·", "not working", dim},
}

// filled is a cell of that kind with a label in it.
func filled(kind, label string, width int) drawn {
	l := looks[slices.IndexFunc(looks, func(l look) bool { return l.kind == kind })]
	text := strings.Repeat(l.sign, width)
	if label != "" {
		label = l.sign + " " + strings.TrimRight(fit(label, width-2), " ")
		if left := width - lipgloss.Width(label); left > 1 {
			label += " " + strings.Repeat(l.sign, left-1)
		} else {
			label += strings.Repeat(l.sign, left)
		}
		text = label
	}
	return drawn{kind, text, l.style.Render}
}

// cell is what the day has from at on, of so many columns.
func (d day) cell(at, step series.TimeOfDay, first bool, width int) drawn {
	from, to := series.Instant(d.date, at, d.person.Zone), series.Instant(d.date, at+step, d.person.Zone)
	if _, shown := series.WallClock(from, d.person.Zone); shown != at { // a time that this day does not have
		return filled("off", "", width)
	}
	over := func(i series.Interval) bool { return i.Start.Before(to) && from.Before(i.End) }
	var names []string
	begins, clash, n := false, false, 0
	for _, b := range d.booked {
		if !over(b.Interval) {
			continue
		}
		n++
		other := b.Pair.Report
		if other == d.person.ID {
			other = b.Pair.Manager
		}
		if !b.Start.Before(from) || first {
			begins = true
			if late := d.clock(b.Start) - at; late > 0 {
				other += fmt.Sprintf(":%02d", int(d.clock(b.Start))%60)
			}
			names = append(names, other)
		}
		clash = clash || d.taken(b.Interval)
	}
	if n > 0 {
		label := ""
		if begins {
			label = strings.Join(names, ", ")
		}
		if clash = clash || n > 1; clash {
			label = "! " + label
		}
		c := filled("booked", strings.TrimSpace(label), width)
		if clash {
			c.style = red.Render
		}
		return c
	}
	for _, kind := range []series.Kind{series.Hard, series.Soft, series.AllDayKind, series.AwayKind} {
		for _, i := range d.busy {
			if i.Kind == kind && over(i) {
				return filled(wire.BusyKind[kind], "", width)
			}
		}
	}
	works := d.worksAny()
	for _, h := range d.person.Hours.On(d.date.Weekday()) {
		works = works || h.From < at+step && at < h.To
	}
	switch {
	case d.away != "" && works:
		return filled("away", "", width)
	case !works:
		return filled("off", "", width)
	}
	return drawn{}
}

// taken reports whether something else overlaps a 1:1.
func (d day) taken(i series.Interval) bool {
	return slices.ContainsFunc(d.busy, func(x series.Interval) bool {
		return x.Kind == series.Hard && x.Start.Before(i.End) && i.Start.Before(x.End)
	})
}

// fit is the text in so many columns, cut or filled up.
func fit(text string, width int) string {
	for r := []rune(text); lipgloss.Width(text) > width; r = r[:len(r)-1] {
		text = string(r[:len(r)-1]) + "…"
		if len(r) < 2 {
			break
		}
	}
	return text + strings.Repeat(" ", max(0, width-lipgloss.Width(text)))
}

func shortDay(d series.Date) string { return fmt.Sprintf("%d %s", d.Day, d.Month.String()[:3]) }

func (a *app) legend(seen map[string]bool) {
	var out []string
	for _, l := range looks {
		if seen[l.kind] {
			out = append(out, l.style.Render(l.sign)+" "+l.word)
		}
	}
	if seen[""] {
		out = append(out, "blank: free")
	}
	a.printf("\n%s\n", strings.Join(out, "   "))
}

// weekNotes tells how much the picture is worth.
func (a *app) weekNotes(w reconcile.PersonWeek) {
	local := func(t time.Time) string { return a.say().When(t.In(a.Clock().Location())) }
	switch {
	case w.Person.Calendar == "":
		a.printf("%s\n", dim.Render("Holdfast reaches no calendar of "+w.Person.ID+": other events are not shown."))
	case w.Seen.IsZero():
		a.printf("%s\n", yellow.Render("The calendar of "+w.Person.ID+" was never read: other events are not shown."))
	case w.Stale:
		a.printf("%s\n", yellow.Render("The calendar of "+w.Person.ID+" cannot be read: this is as of "+local(w.Seen)+"."))
	}
}
