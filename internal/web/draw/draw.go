// Package draw draws weeks: what became of them, where the coming ones stand, what one of them is made of. What it
// makes is SVG for pages that forbid styles in a page: marks have classes, and the stylesheet has their colours. Each
// mark differs from the others by its shape, and bears a title. It is pure.
package draw

import (
	"fmt"
	"html/template"
	"strings"
)

// Mark is the shape of what is drawn.
type Mark string

// The marks.
const (
	Kept    Mark = "kept"    // a square
	Late    Mark = "late"    // a disc: kept on another day of the week
	Made    Mark = "made"    // a ring: made up for
	Lost    Mark = "lost"    // an empty diamond
	Off     Mark = "off"     // a dashed square: excused, or skipped
	Unknown Mark = "unknown" // a bar
	None    Mark = "none"    // a dot: no meeting was booked
)

// Week is one week as it is drawn.
type Week struct {
	Mark  Mark
	Title string // what became of it, in words
	Label string // what stands below it, as the name of a month that begins; "": nothing
}

// canvas is an SVG that is being written.
type canvas struct{ strings.Builder }

func (c *canvas) f(format string, args ...any) { fmt.Fprintf(&c.Builder, format, args...) }

// open begins a picture of w by h units, which label describes as a whole.
func (c *canvas) open(class, label string, w, h float64) {
	c.f(`<svg class="%s" viewBox="0 0 %g %g" role="img" aria-label="%s">`, class, w, h, esc(label))
}

// stretched begins one that is as wide as there is room: x and y scale each by itself, so that it has no text.
func (c *canvas) stretched(class, label string, w, h float64) {
	c.f(`<svg class="%s" viewBox="0 0 %g %g" preserveAspectRatio="none" role="img" aria-label="%s">`,
		class, w, h, esc(label))
}

func (c *canvas) close() template.HTML {
	c.f("</svg>")
	return template.HTML(c.String()) // every text in it went through esc
}

func esc(text string) string { return template.HTMLEscapeString(text) }

// title is what a mark says of itself.
func title(text string) string {
	if text == "" {
		return ""
	}
	return "<title>" + esc(text) + "</title>"
}

// mark draws one around x, y, that is as wide as two of r.
func (c *canvas) mark(m Mark, x, y, r float64, text string) {
	switch m {
	case Late:
		c.f(`<circle class="late" cx="%.4g" cy="%.4g" r="%.4g">`, x, y, r*.94)
	case Made:
		c.f(`<circle class="made" cx="%.4g" cy="%.4g" r="%.4g" stroke-width="%.3g">`, x, y, r*.76, r*.36)
	case Lost:
		s := r * .68
		c.f(`<rect class="lost" x="%.4g" y="%.4g" width="%.4g" height="%.4g" rx="%.3g" stroke-width="%.3g" `+
			`transform="rotate(45 %.4g %.4g)">`, x-s, y-s, 2*s, 2*s, r*.14, r*.24, x, y)
	case Off:
		s := r * .9
		c.f(`<rect class="off" x="%.4g" y="%.4g" width="%.4g" height="%.4g" rx="%.3g" stroke-width="%.3g" `+
			`stroke-dasharray="%.3g">`, x-s, y-s, 2*s, 2*s, r*.36, max(r*.13, 1), max(r*.3, 1.9))
	case None:
		c.f(`<circle class="none" cx="%.4g" cy="%.4g" r="%.4g">`, x, y, r*.18)
	case Unknown:
		c.f(`<rect class="unknown" x="%.4g" y="%.4g" width="%.4g" height="%.4g" rx="%.3g">`,
			x-r*.8, y-r*.16, r*1.6, r*.32, r*.16)
	default:
		c.f(`<rect class="kept" x="%.4g" y="%.4g" width="%.4g" height="%.4g" rx="%.3g">`, x-r, y-r, 2*r, 2*r, r*.36)
	}
	c.f("%s%s", title(text), map[bool]string{true: "</circle>", false: "</rect>"}[m == Late || m == Made || m == None])
}

// half is how many weeks are in one picture of Record.
const half = 13

// Record draws what became of the weeks, the oldest first, in pictures of thirteen that a page lays beside or below one
// another: so their labels can be read where there is little room. label describes all of them.
func Record(label string, weeks []Week) []template.HTML {
	const step, r = 32.0, 13.0
	var out []template.HTML
	for first := 0; first < len(weeks); first += half {
		var c canvas
		part := weeks[first:min(first+half, len(weeks))]
		if first == 0 {
			c.open("record", label, half*step, 58)
		} else {
			c.f(`<svg class="record" viewBox="0 0 %g 58" aria-hidden="true">`, half*step)
		}
		for i, w := range part {
			x := float64(i)*step + step/2
			c.mark(w.Mark, x, 17, r, w.Title)
			if w.Label != "" {
				c.f(`<text x="%g" y="51">%s</text>`, x-r, esc(w.Label))
			}
		}
		out = append(out, c.close())
	}
	return out
}

// Strip draws the weeks small, the oldest first, in a line.
func Strip(label string, weeks []Week) template.HTML {
	const step = 12.0
	var c canvas
	c.open("strip", label, float64(len(weeks))*step, 16)
	for i, w := range weeks {
		c.mark(w.Mark, float64(i)*step+step/2, 8, 4.6, w.Title)
	}
	return c.close()
}

// Sign is a single mark, as a legend has it. It says nothing: a word stands beside it.
func Sign(m Mark) template.HTML {
	var c canvas
	c.f(`<svg class="sign" viewBox="0 0 16 16" aria-hidden="true">`)
	c.mark(m, 8, 8, 6.2, "")
	return c.close()
}

// Coming is where a meeting of a coming week stands. Places are days since the Monday on which the week begins: 1.5 is
// Tuesday noon.
type Coming struct {
	Mark   Mark
	At     float64
	Booked float64 // where it was booked, if that is another place; else At
	Title  string
}

// Track draws one coming week from Monday to Sunday. A meeting that is not where it was booked has a line from there.
func Track(m Coming) template.HTML {
	const day, y = 16.0, 9.0
	place := func(at float64) float64 { return min(max(at, .2), 6.8) * day }
	var c canvas
	c.open("track", m.Title, 7*day, 18)
	c.f(`<path class="days" d="M1 %g H%g`, y, 7*day-1)
	for i := range 8 {
		c.f(`M%g %g v6`, min(max(float64(i)*day, 1), 7*day-1), y-3)
	}
	c.f(`"/>`)
	if m.At != m.Booked {
		from, to := place(m.Booked), place(m.At)
		c.f(`<circle class="from" cx="%.4g" cy="%g" r="3.2"/><path class="moved" d="M%.4g %g H%.4g"/>`,
			from, y, from, y, to)
	}
	c.mark(m.Mark, place(m.At), y, 5.6, m.Title)
	return c.close()
}

// What is what a stretch of a day is taken by.
type What string

// What there is, from the back to the front.
const (
	Hours What = "hours" // when one works
	Leave What = "leave"
	Busy  What = "busy"
	Met   What = "met" // a 1:1
)

// Span is a stretch of a day, in hours of its clock: 9.5 is half past nine.
type Span struct {
	What
	From, To float64
	Title    string
}

// Day draws one day from the hour first to the hour last, as wide as there is room. The spans are drawn in their order.
func Day(label string, first, last int, spans []Span) template.HTML {
	const hour, h = 12.0, 24.0
	var c canvas
	c.stretched("day", label, float64(last-first)*hour, h)
	c.f(`<rect class="free" width="%g" height="%g"/>`, float64(last-first)*hour, h)
	for i := first + 1; i < last; i++ {
		c.f(`<rect class="tick" x="%g" y="0" width=".25" height="%g"/>`, float64(i-first)*hour, h)
	}
	for _, s := range spans {
		from, to := max(s.From, float64(first)), min(s.To, float64(last))
		if to <= from {
			continue
		}
		y, height := 0.0, h
		if s.What == Busy || s.What == Met {
			y, height = 3, h-6
		}
		c.f(`<rect class="%s" x="%.5g" y="%g" width="%.5g" height="%g">%s</rect>`,
			s.What, (from-float64(first))*hour, y, (to-from)*hour, height, title(s.Title))
	}
	return c.close()
}

// Part is so much of a whole.
type Part struct {
	Mark  Mark
	N     int
	Title string
}

// Bar draws the parts of a whole beside one another, as wide as there is room: those of nothing are left out.
func Bar(label string, parts []Part) template.HTML {
	const w, gap = 200.0, 1.0
	sum, there := 0, 0
	for _, p := range parts {
		if p.N > 0 {
			sum, there = sum+p.N, there+1
		}
	}
	var c canvas
	c.stretched("bar", label, w, 12)
	x := 0.0
	for _, p := range parts {
		if p.N <= 0 {
			continue
		}
		width := (w - gap*float64(there-1)) * float64(p.N) / float64(sum)
		// What is lost is hollow, and half as high where it is late: told without its colour.
		y, h := 0.0, 12.0
		switch p.Mark {
		case Late, Made:
			y, h = 3, 9
		case Lost, Unknown, Off:
			y, h = 8, 4
		}
		c.f(`<rect class="%s" x="%.5g" y="%g" width="%.5g" height="%g">%s</rect>`, p.Mark, x, y, width, h, title(p.Title))
		x += width + gap
	}
	return c.close()
}
