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

// ErrObject is what Parse wraps for text that is no iCalendar object.
var ErrObject = errors.New("not an iCalendar object that can be read")

// maxDepth is how deep components may be nested. Nothing is refused for its size: that would change what a thing is.
const maxDepth = 16

// usualLines is how many lines of a component there is room for at first.
const usualLines = 12

// parse splits text into components of content lines. Lines that nobody can make sense of are kept, unread.
func parse(text string) (root *component, lead, tail string, err error) {
	lead, lines := contentLines(text)
	props := make([]ical.Prop, len(lines))
	stack := make([]*component, 0, maxDepth)
	for i, raw := range lines {
		line := unfold(raw)
		switch name, value := lineName(line), line[strings.IndexByte(line, ':')+1:]; {
		case name == "BEGIN":
			if len(stack) == maxDepth {
				return nil, "", "", fmt.Errorf("%w: components are nested deeper than %d", ErrObject, maxDepth)
			}
			c := &component{name: strings.ToUpper(strings.TrimSpace(value)), begin: raw,
				nodes: make([]node, 0, usualLines)}
			if len(stack) == 0 {
				root = c
			} else {
				top := stack[len(stack)-1]
				top.nodes = append(top.nodes, node{comp: c})
			}
			stack = append(stack, c)
		case len(stack) == 0:
			return nil, "", "", fmt.Errorf("%w: it does not begin with BEGIN:VCALENDAR", ErrObject)
		case name == "END":
			top := stack[len(stack)-1]
			if !strings.EqualFold(top.name, strings.TrimSpace(value)) {
				return nil, "", "", fmt.Errorf("%w: a component ends that was not begun", ErrObject)
			}
			top.end = raw
			if stack = stack[:len(stack)-1]; len(stack) == 0 {
				if root.name != "VCALENDAR" {
					return nil, "", "", fmt.Errorf("%w: it is a %s", ErrObject, root.name)
				}
				return root, lead, strings.Join(lines[i+1:], ""), nil
			}
		default:
			top := stack[len(stack)-1]
			top.nodes = append(top.nodes, read(raw, line, &props[i]))
		}
	}
	return nil, "", "", fmt.Errorf("%w: it is cut off", ErrObject)
}

// contentLines splits text into content lines (RFC 5545 section 3.1), each with its folds and line ends; blank lines go
// with the line before them. lead is what comes before the first: a byte order mark, blank lines.
func contentLines(text string) (lead string, lines []string) {
	const bom = "\ufeff"
	lines = make([]string, 0, strings.Count(text, "\n")+1)
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
