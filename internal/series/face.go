package series

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A copy carries what was last delivered to it (Event.Delivered), so that each field of each occurrence can be merged
// three ways: what was delivered, what the copy shows, what the organizer's event says. The text is
//
//	2.SLOT.LENGTH.UNTIL.CANCELLED.PLACE.LINK.PEOPLE|ORIGINAL=START.LENGTH.PLACE.LINK|ORIGINAL=
//
// with moments and lengths in seconds, to base 36, and digests of all else. Of an occurrence nothing after the = means
// that it is taken out, an empty field that it is the series'. Those that are over are left out. While a delivery
// takes several writes, it is two such texts, joined by a tilde: what the copy showed before and what it is to show.
// Releases before wrote two digests of twelve digits, joined by a hyphen, and a tilde after them until the last of
// several writes.

// face is what a calendar shows of a series, as far as it is delivered.
type face struct {
	whole
	parts map[int64]part // the occurrences that differ from the series, by original start
}

// whole is what a face shows of the series as such.
type whole struct {
	slot      string // digest of the first start, rule and zone: what names the occurrences
	length    int64
	until     string // the last day, "" for no end
	cancelled bool
	place     string
	link      string
	people    string
}

// part is what a face shows of one occurrence; when it is gone, nothing else.
type part struct {
	gone          bool
	start, length int64
	place, link   string
}

// keptPast is how long an occurrence that is over still counts: a late change of it is delivered, too.
const keptPast = 14

// Delivery is what a copy carries as Delivered once it says what e says.
func (e Event) Delivery(now time.Time) string { return e.face(now).String() }

// over reports whether the occurrence does not count any more.
func over(now time.Time, starts ...int64) bool {
	return slices.Max(starts) < Ahead(now, -keptPast).Unix()
}

// short is a digest of a text of which there are only a few; "" for none.
func short(s string) string {
	if s == "" {
		return ""
	}
	return Digest(s)[:8]
}

// face is what e shows from now on.
func (e Event) face(now time.Time) face {
	s := e.Slot()
	s.Duration = 0
	f := face{parts: map[int64]part{}, whole: whole{slot: Digest(e.Start.UTC().Format(time.RFC3339) + " " + s.Line()),
		length: seconds(e.Duration), cancelled: e.Cancelled, place: short(e.Place), link: short(e.Link), people: e.People()}}
	if last := e.LastDay(); !last.IsZero() {
		f.until = last.String()
	}
	for o, p := range e.parts() {
		if p != f.plain(o) && !over(now, o, p.start) {
			f.parts[o] = p
		}
	}
	return f
}

// parts are the occurrences that are taken out or have an override, by original start.
func (e Event) parts() map[int64]part {
	out := map[int64]part{}
	for _, t := range e.Excluded {
		out[t.Unix()] = part{gone: true}
	}
	for _, o := range e.Overrides {
		p := part{gone: o.Cancelled}
		if !p.gone {
			p = part{start: o.Start.Unix(), length: seconds(o.Duration), place: short(o.Place), link: short(o.Link)}
		}
		out[o.Original.Unix()] = p
	}
	return out
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// plain is the occurrence as the series has it.
func (w whole) plain(original int64) part {
	return part{start: original, length: w.length, place: w.place, link: w.link}
}

// at is the occurrence as the face shows it, if it has one.
func (f face) at(original int64) part {
	if p, ok := f.parts[original]; ok {
		return p
	}
	return f.plain(original)
}

// equal reports whether both show the same.
func (f face) equal(g face) bool { return f.whole == g.whole && maps.Equal(f.parts, g.parts) }

// since is the face without the occurrences that are over.
func (f face) since(now time.Time) face {
	f.parts = maps.Clone(f.parts)
	maps.DeleteFunc(f.parts, func(o int64, p part) bool { return over(now, o, p.start) })
	return f
}

func base36(n int64) string { return strconv.FormatInt(n, 36) }

// String is the face as a copy carries it.
func (f face) String() string {
	cancelled := ""
	if f.cancelled {
		cancelled = "x"
	}
	head := []string{"2", f.slot, base36(f.length), f.until, cancelled, f.place, f.link, f.people}
	out := []string{strings.Join(head, ".")}
	// other is a value that is not the series', "-" for an empty one.
	other := func(value, series string) string {
		switch value {
		case series:
			return ""
		case "":
			return "-"
		}
		return value
	}
	for _, o := range slices.Sorted(maps.Keys(f.parts)) {
		text, plain := base36(o)+"=", f.plain(o)
		if p := f.parts[o]; !p.gone {
			text += other(base36(p.start), base36(plain.start)) + "." + other(base36(p.length), base36(plain.length)) +
				"." + other(p.place, plain.place) + "." + other(p.link, plain.link)
		}
		out = append(out, text)
	}
	return strings.Join(out, "|")
}

// parseFace reads what String wrote.
func parseFace(text string) (face, bool) {
	head, rest, _ := strings.Cut(text, "|")
	h := strings.Split(head, ".")
	if len(h) != 8 || h[0] != "2" {
		return face{}, false
	}
	length, err := strconv.ParseInt(h[2], 36, 64)
	f := face{parts: map[int64]part{}, whole: whole{
		slot:      h[1],
		length:    length,
		until:     h[3],
		cancelled: h[4] != "",
		place:     h[5],
		link:      h[6],
		people:    h[7],
	}}
	ok := err == nil
	number := func(s string, otherwise int64) int64 {
		if s == "" {
			return otherwise
		}
		n, err := strconv.ParseInt(s, 36, 64)
		ok = ok && err == nil
		return n
	}
	text1 := func(s, otherwise string) string {
		switch s {
		case "":
			return otherwise
		case "-":
			return ""
		}
		return s
	}
	for x := range strings.SplitSeq(rest, "|") {
		if x == "" {
			continue
		}
		name, value, _ := strings.Cut(x, "=")
		o := number(name, 0)
		v := strings.Split(value, ".")
		switch plain := f.plain(o); {
		case value == "":
			f.parts[o] = part{gone: true}
		case len(v) == 4:
			f.parts[o] = part{start: number(v[0], plain.start), length: number(v[1], plain.length),
				place: text1(v[2], plain.place), link: text1(v[3], plain.link)}
		default:
			ok = false
		}
	}
	return f, ok
}
