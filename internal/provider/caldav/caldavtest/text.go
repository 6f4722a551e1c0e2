package caldavtest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-ical"
)

const calendarType = "text/calendar; charset=utf-8"

// component is a BEGIN…END block of iCalendar text: its content lines, then the components inside, each in their order.
type component struct {
	name  string
	lines []*line
	kids  []*component
}

// line is a content line (RFC 5545 section 3.1), value as written.
type line struct {
	name   string // upper case
	params []param
	value  string
}

// param is a property parameter, value as written with its quotes.
type param struct{ name, value string }

// Limits that keep a hostile object from costing more than it is worth.
const (
	maxDepth  = 8
	maxParams = 8 << 10 // bytes of a line before its value
)

// parse reads one VCALENDAR.
func parse(data []byte) (*component, error) {
	if !utf8.Valid(data) || bytes.ContainsFunc(data, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n", r) }) {
		return nil, errors.New("not UTF-8, or control characters")
	}
	var stack []*component
	var done *component
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	text = strings.NewReplacer("\n ", "", "\n\t", "").Replace(text)
	for raw := range strings.SplitSeq(text, "\n") {
		if raw == "" {
			continue
		}
		if done != nil {
			return nil, errors.New("text after END:VCALENDAR")
		}
		l, err := parseLine(raw)
		if err != nil {
			return nil, err
		}
		switch l.name {
		case "BEGIN":
			c := &component{name: strings.ToUpper(strings.TrimSpace(l.value))}
			if len(stack) > 0 {
				in := stack[len(stack)-1]
				in.kids = append(in.kids, c)
			} else if c.name != "VCALENDAR" {
				return nil, errors.New("no VCALENDAR")
			}
			if stack = append(stack, c); len(stack) > maxDepth {
				return nil, errors.New("components nested too deep")
			}
		case "END":
			if len(stack) == 0 || !strings.EqualFold(strings.TrimSpace(l.value), stack[len(stack)-1].name) {
				return nil, errors.New("END without its BEGIN")
			}
			if len(stack) == 1 {
				done = stack[0]
			}
			stack = stack[:len(stack)-1]
		default:
			if len(stack) == 0 {
				return nil, errors.New("text before BEGIN:VCALENDAR")
			}
			in := stack[len(stack)-1]
			in.lines = append(in.lines, l)
		}
	}
	if done == nil {
		return nil, errors.New("no whole VCALENDAR")
	}
	return done, nil
}

// parseLine splits an unfolded line into name, parameters and value.
func parseLine(raw string) (*line, error) {
	quoted, colon := false, -1
	var cuts []int // semicolons before the colon
	for i := 0; i < len(raw) && colon < 0; i++ {
		switch c := raw[i]; {
		case c == '"':
			quoted = !quoted
		case c == ';' && !quoted:
			cuts = append(cuts, i)
		case c == ':' && !quoted:
			colon = i
		}
	}
	if colon <= 0 || colon > maxParams {
		return nil, errors.New("a line without name and value")
	}
	cuts = append(cuts, colon)
	l := &line{name: strings.ToUpper(raw[:cuts[0]]), value: raw[colon+1:]}
	for i := 1; i < len(cuts); i++ {
		name, value, ok := strings.Cut(raw[cuts[i-1]+1:cuts[i]], "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%s: a parameter without a value", l.name)
		}
		l.params = append(l.params, param{strings.ToUpper(name), value})
	}
	return l, nil
}

// acceptable has another parser look at data that parse has accepted, and so limited: what go-ical cannot read is no
// iCalendar to most programs written in Go.
func acceptable(data []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	_, err = ical.NewDecoder(bytes.NewReader(data)).Decode()
	return err
}

// bytes is the component as text, folded at 75 octets between characters.
func (c *component) bytes() []byte {
	var b bytes.Buffer
	c.write(&b)
	return b.Bytes()
}

func (c *component) write(b *bytes.Buffer) {
	fold(b, "BEGIN:"+c.name)
	for _, l := range c.lines {
		fold(b, l.String())
	}
	for _, k := range c.kids {
		k.write(b)
	}
	fold(b, "END:"+c.name)
}

func fold(b *bytes.Buffer, s string) {
	for room := 75; len(s) > room; room = 74 {
		cut := room
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		b.WriteString(s[:cut] + "\r\n ")
		s = s[cut:]
	}
	b.WriteString(s + "\r\n")
}

func (l *line) String() string {
	var b strings.Builder
	b.WriteString(l.name)
	for _, p := range l.params {
		b.WriteString(";" + p.name + "=" + p.value)
	}
	b.WriteString(":" + l.value)
	return b.String()
}

// param is a parameter's value without quotes, "" for none; also of a nil line.
func (l *line) param(name string) string {
	if l != nil {
		for _, p := range l.params {
			if p.name == name {
				return strings.Trim(p.value, `"`)
			}
		}
	}
	return ""
}

// setParam sets a parameter in place or adds it; "" removes it.
func (l *line) setParam(name, value string) {
	if value != "" && strings.ContainsAny(value, ";:,") {
		value = `"` + value + `"`
	}
	for i, p := range l.params {
		if p.name == name {
			if value == "" {
				l.params = slices.Delete(l.params, i, i+1)
			} else {
				l.params[i].value = value
			}
			return
		}
	}
	if value != "" {
		l.params = append(l.params, param{name, value})
	}
}

// get is the first line of that name, nil for none; also of a nil component.
func (c *component) get(name string) *line {
	if c != nil {
		for _, l := range c.lines {
			if l.name == name {
				return l
			}
		}
	}
	return nil
}

// value is that of the first line of that name, "" for none.
func (c *component) value(name string) string {
	if l := c.get(name); l != nil {
		return l.value
	}
	return ""
}

// all are the lines of that name.
func (c *component) all(name string) []*line {
	var out []*line
	for _, l := range c.lines {
		if l.name == name {
			out = append(out, l)
		}
	}
	return out
}

// set puts a line in place of the first of its name, the others of which go, or at the end.
func (c *component) set(l *line) {
	at := slices.IndexFunc(c.lines, func(x *line) bool { return x.name == l.name })
	c.del(l.name)
	if at < 0 || at > len(c.lines) {
		at = len(c.lines)
	}
	c.lines = slices.Insert(c.lines, at, l)
}

// setValue is set for a line without parameters.
func (c *component) setValue(name, value string) { c.set(&line{name: name, value: value}) }

// del removes the lines of those names.
func (c *component) del(names ...string) {
	c.lines = slices.DeleteFunc(c.lines, func(l *line) bool { return slices.Contains(names, l.name) })
}

// clone is a deep copy.
func (c *component) clone() *component {
	out := &component{name: c.name}
	for _, l := range c.lines {
		x := *l
		x.params = slices.Clone(l.params)
		out.lines = append(out.lines, &x)
	}
	for _, k := range c.kids {
		out.kids = append(out.kids, k.clone())
	}
	return out
}

// events are the components that are not zones: the master, nil for none, and the overrides.
func (c *component) events() (master *component, overrides []*component) {
	for _, k := range c.kids {
		switch {
		case k.name == "VTIMEZONE":
		case k.get("RECURRENCE-ID") != nil:
			overrides = append(overrides, k)
		case master == nil:
			master = k
		}
	}
	return master, overrides
}

// entries are all components that are not zones.
func (c *component) entries() []*component {
	var out []*component
	for _, k := range c.kids {
		if k.name != "VTIMEZONE" {
			out = append(out, k)
		}
	}
	return out
}

// address is a calendar user address as it is compared: lower case, without "mailto:".
func address(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	return strings.TrimPrefix(strings.ReplaceAll(s, "mailto%3a", "mailto:"), "mailto:")
}

// rewrite spells the object as SOGo and Radicale would: lines and parameters in their own order, a CLASS added.
func rewrite(c *component) {
	for _, l := range c.lines {
		slices.SortFunc(l.params, func(a, b param) int { return strings.Compare(a.name, b.name) })
	}
	if c.name == "VEVENT" && c.get("CLASS") == nil {
		c.setValue("CLASS", "PUBLIC")
	}
	slices.SortStableFunc(c.lines, func(a, b *line) int { return strings.Compare(a.name, b.name) })
	for _, k := range c.kids {
		rewrite(k)
	}
}

// unescape is the meaning of a TEXT value (RFC 5545 section 3.3.11).
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";").Replace(s)
}

// quote is the text as a TEXT value.
func quote(s string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, ",", `\,`, ";", `\;`).Replace(strings.ReplaceAll(s, "\r", ""))
}
