// Package ical turns iCalendar objects (RFC 5545, 5546, 6638, 7986) into series values and back. It does no I/O and knows
// no clock. Objects of other people's making are read behind a guard and changed as text: of what a person or another
// program wrote, every content line that is not ours stays byte for byte.
package ical

import (
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-ical"
)

// ErrObject is what Parse wraps for text that is no iCalendar object, or too big a one.
var ErrObject = errors.New("not an iCalendar object that can be read")

// What the guard lets through to the decoder, which recurses on components and is quadratic in a parameter's length.
const (
	maxObject = 8 << 20
	maxDepth  = 16
	maxLine   = 256 << 10 // octets of an unfolded line; longer ones are kept as text only
	maxParam  = 1 << 10   // octets of a parameter's value; likewise
)

// parse splits text into content lines and has those that are well formed decoded. Malformed lines are kept, unread.
func parse(text string) (root *component, lead, tail string, err error) {
	if len(text) > maxObject {
		return nil, "", "", fmt.Errorf("%w: %d octets, at most %d", ErrObject, len(text), maxObject)
	}
	lead, lines := contentLines(text)
	var stack []*component
	var model strings.Builder
	for i, raw := range lines {
		line := unfold(raw)
		name := lineName(line)
		switch value := strings.ToUpper(strings.TrimSpace(line[strings.IndexByte(line, ':')+1:])); {
		case name == "BEGIN":
			if len(stack) == maxDepth {
				return nil, "", "", fmt.Errorf("%w: components are nested deeper than %d", ErrObject, maxDepth)
			}
			c := &component{name: value, begin: raw}
			if len(stack) == 0 {
				root = c
			} else {
				top := stack[len(stack)-1]
				top.nodes = append(top.nodes, node{comp: c})
			}
			stack = append(stack, c)
			fmt.Fprintf(&model, "BEGIN:%s\n", value)
		case len(stack) == 0:
			return nil, "", "", fmt.Errorf("%w: it does not begin with BEGIN:VCALENDAR", ErrObject)
		case name == "END":
			top := stack[len(stack)-1]
			if top.name != value {
				return nil, "", "", fmt.Errorf("%w: a component ends that was not begun", ErrObject)
			}
			top.end = raw
			fmt.Fprintf(&model, "END:%s\n", value)
			if stack = stack[:len(stack)-1]; len(stack) == 0 {
				calendar, err := decode(model.String())
				if err != nil {
					return nil, "", "", err
				}
				root.attach(calendar)
				return root, lead, strings.Join(lines[i+1:], ""), nil
			}
		default:
			n := node{raw: raw}
			if wellFormed(line) {
				n.name = name
				model.WriteString(line + "\n")
			}
			top := stack[len(stack)-1]
			top.nodes = append(top.nodes, n)
		}
	}
	return nil, "", "", fmt.Errorf("%w: it is cut off", ErrObject)
}

// decode is go-ical's decoder, whose panics become errors.
func decode(model string) (c *ical.Component, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: the decoder gave up", ErrObject)
		}
	}()
	calendar, err := ical.NewDecoder(strings.NewReader(model)).Decode()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrObject, err)
	}
	return calendar.Component, nil
}

// attach gives each line of c its decoded property: go-ical keeps the order of properties of one name and of components.
func (c *component) attach(from *ical.Component) {
	seen, child := map[string]int{}, 0
	for i := range c.nodes {
		switch n := &c.nodes[i]; {
		case n.comp != nil:
			n.comp.attach(from.Children[child])
			child++
		case n.name != "":
			n.prop = &from.Props[n.name][seen[n.name]]
			seen[n.name]++
		}
	}
}

// contentLines splits text into content lines (RFC 5545 section 3.1), each with its folds and line ends; blank lines go
// with the line before them. lead is what comes before the first: a byte order mark, blank lines.
func contentLines(text string) (lead string, lines []string) {
	const bom = "\ufeff"
	start := len(text) - len(strings.TrimLeft(strings.TrimPrefix(text, bom), "\r\n \t"))
	for begin, at := start, start; at < len(text); {
		if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
			at += i + 1
		} else {
			at = len(text)
		}
		if at == len(text) || !strings.ContainsRune(" \t\r\n", rune(text[at])) {
			lines = append(lines, text[begin:at])
			begin = at
		}
	}
	return text[:start], lines
}

// unfold is the content line without folds and line ends.
func unfold(raw string) string {
	if first, rest, _ := strings.Cut(raw, "\n"); rest == "" {
		return strings.TrimRight(first, "\r")
	}
	var b strings.Builder
	for i, l := range strings.Split(raw, "\n") {
		l = strings.TrimRight(l, "\r")
		if i > 0 && l != "" {
			l = l[1:]
		}
		b.WriteString(l)
	}
	return b.String()
}

// lineName is the property's name in capitals.
func lineName(line string) string {
	if i := strings.IndexAny(line, ";:"); i >= 0 {
		line = line[:i]
	}
	return strings.ToUpper(line)
}

// wellFormed reports whether the decoder can be given the unfolded line.
func wellFormed(line string) bool {
	_, _, ok := lineParts(line)
	return ok && len(line) <= maxLine
}

// span is where a parameter stands in an unfolded line, from its semicolon on.
type span struct {
	name     string
	from, to int
}

// lineParts finds the parameters and where the value begins. False for a line that breaks the grammar of RFC 5545
// section 3.1, or has too long a parameter.
func lineParts(line string) (params []span, value int, ok bool) {
	i := strings.IndexAny(line, ";:")
	for i > 0 && i < len(line) && line[i] == ';' {
		from := i
		n := strings.IndexAny(line[i+1:], "=;:,\"")
		if n < 1 || line[i+1+n] != '=' {
			return nil, 0, false
		}
		name := strings.ToUpper(line[i+1 : i+1+n])
		i += n + 1
		for again := true; again; again = line[i] == ',' {
			i++ // the equals sign, or the comma
			n := 0
			if strings.HasPrefix(line[i:], `"`) {
				if n = strings.IndexByte(line[i+1:], '"') + 2; n < 2 {
					return nil, 0, false
				}
			} else if n = strings.IndexAny(line[i:], "\",;:"); n < 0 {
				return nil, 0, false
			}
			if i += n; n > maxParam || i == len(line) || !strings.ContainsRune(",;:", rune(line[i])) {
				return nil, 0, false
			}
		}
		params = append(params, span{name, from, i})
	}
	return params, i + 1, i > 0
}
