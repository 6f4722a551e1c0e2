package ical

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-ical"
)

// component is a component as text: its content lines and components in their order.
type component struct {
	name       string
	begin, end string
	nodes      []node
	changed    bool
}

// node is a content line, or a component.
type node struct {
	raw  string     // as served, with folds and line ends
	name string     // in capitals; "" for a line that cannot be read
	prop *ical.Prop // nil for a line that cannot be read
	comp *component
}

func (c *component) clone() *component {
	d := *c
	d.nodes = slices.Clone(c.nodes)
	for i, n := range d.nodes {
		if n.comp != nil {
			d.nodes[i].comp = n.comp.clone()
		}
	}
	return &d
}

func (c *component) render(b *strings.Builder) {
	b.WriteString(c.begin)
	for _, n := range c.nodes {
		if n.comp != nil {
			n.comp.render(b)
		} else {
			b.WriteString(n.raw)
		}
	}
	b.WriteString(c.end)
}

func (c *component) text() string {
	var b strings.Builder
	c.render(&b)
	return b.String()
}

// components are those of the name, in order.
func (c *component) components(name string) []*component {
	var out []*component
	for _, n := range c.nodes {
		if n.comp != nil && n.comp.name == name {
			out = append(out, n.comp)
		}
	}
	return out
}

// lines are the content lines of that name.
func (c *component) lines(name string) []node {
	var out []node
	for _, n := range c.nodes {
		if n.name == name {
			out = append(out, n)
		}
	}
	return out
}

// get is the first property of that name, nil for none.
func (c *component) get(name string) *ical.Prop {
	for _, n := range c.nodes {
		if n.name == name {
			return n.prop
		}
	}
	return nil
}

// value is the value of the first property of that name as it stands, "" for none.
func (c *component) value(name string) string {
	if p := c.get(name); p != nil {
		return p.Value
	}
	return ""
}

// textValue is value for a property of type TEXT (RFC 5545 section 3.3.11).
func (c *component) textValue(name string) string { return unescape(c.value(name)) }

// put makes lines the only ones of that name, where the first of them stood, else after all properties. Lines
// that say the same already stay as they are.
func (c *component) put(name string, lines ...node) {
	same := func(a, b node) bool { return unfold(a.raw) == unfold(b.raw) }
	if slices.EqualFunc(c.lines(name), lines, same) {
		return
	}
	at := slices.IndexFunc(c.nodes, func(n node) bool { return n.name == name })
	if at < 0 {
		at = c.propsEnd()
	}
	c.drop(func(n node) bool { return n.name == name })
	c.nodes = slices.Insert(c.nodes, at, lines...)
	c.changed = true
}

// add puts lines after all properties.
func (c *component) add(lines ...node) {
	c.nodes = slices.Insert(c.nodes, c.propsEnd(), lines...)
	c.changed = c.changed || len(lines) > 0
}

// propsEnd is the place of the first component (a VALARM), or the end.
func (c *component) propsEnd() int {
	if i := slices.IndexFunc(c.nodes, func(n node) bool { return n.comp != nil }); i >= 0 {
		return i
	}
	return len(c.nodes)
}

// drop takes out what gone says.
func (c *component) drop(gone func(node) bool) {
	n := len(c.nodes)
	c.nodes = slices.DeleteFunc(c.nodes, gone)
	c.changed = c.changed || len(c.nodes) != n
}

func (c *component) dropNames(names ...string) {
	c.drop(func(n node) bool { return n.name != "" && slices.Contains(names, n.name) })
}

// edit changes the lines of that name one by one; a line for which change answers false goes.
func (c *component) edit(name string, change func(node) (node, bool)) {
	var out []node
	for _, n := range c.nodes {
		if n.name == name {
			m, keep := change(n)
			if !keep {
				c.changed = true
				continue
			}
			c.changed = c.changed || m.raw != n.raw
			n = m
		}
		out = append(out, n)
	}
	c.nodes = out
}

const crlf = "\r\n"

// line is a content line of ours. params are names and values in turn; a value may be any text.
func line(name, value string, params ...string) node {
	p := &ical.Prop{Name: name, Params: ical.Params{}, Value: value}
	var b strings.Builder
	b.WriteString(name)
	for i := 0; i < len(params); i += 2 {
		v := paramValue(params[i+1])
		p.Params.Set(params[i], v)
		b.WriteString(";" + params[i] + "=" + quote(v))
	}
	b.WriteString(":" + value)
	return node{raw: fold(b.String()), name: name, prop: p}
}

// plainly is the unfolded line by the grammar, as it stands where it keeps to it, and its parts.
func (n node) plainly() (string, parts) {
	l := unfold(n.raw)
	p := partsOf(l)
	if p.odd {
		l = p.tidy(l)
		p = partsOf(l)
	}
	return l, p
}

// withValue is the line with another value, its parameters as they were.
func (n node) withValue(value string) node {
	l, parts := n.plainly()
	p := *n.prop
	p.Value = value
	return node{raw: fold(l[:parts.value] + value), name: n.name, prop: &p}
}

// withParam is the line with one parameter set to a plain value, "" for without it; all else of it stays.
func (n node) withParam(name, value string) node {
	if n.prop.Params.Get(name) == value {
		return n
	}
	l, parts := n.plainly()
	at := parts.value - 1 // before the colon
	text := ""
	if value != "" {
		text = ";" + name + "=" + quote(value)
	}
	for _, s := range slices.Backward(parts.params) {
		if s.name == name {
			l = l[:s.from] + l[s.to:]
			at = s.from
		}
	}
	p := *n.prop
	if p.Params = maps.Clone(p.Params); p.Params == nil {
		p.Params = ical.Params{}
	}
	p.Params.Del(name)
	if value != "" {
		p.Params.Set(name, value)
	}
	return node{raw: fold(l[:at] + text + l[at:]), name: n.name, prop: &p}
}

// fold breaks a content line after at most 75 octets, between characters (RFC 5545 section 3.1); not before a space,
// since some readers lose it there.
func fold(l string) string {
	var b strings.Builder
	for room := 75; len(l) > room; room = 74 {
		cut := room
		for cut > room-8 && l[cut] == ' ' {
			cut--
		}
		for cut > room-8-utf8.UTFMax && !utf8.RuneStart(l[cut]) {
			cut--
		}
		b.WriteString(l[:cut] + crlf + " ")
		l = l[cut:]
	}
	return b.String() + l + crlf
}

var (
	textEscapes  = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`)
	paramEscapes = strings.NewReplacer("^", "^^", "\n", "^n", `"`, "^'") // RFC 6868
)

// escape writes text as a value of type TEXT. Control characters that no iCalendar text may hold are left out.
func escape(s string) string {
	s = strings.ReplaceAll(s, crlf, "\n")
	return textEscapes.Replace(printable(s, "\n\t"))
}

// unescape reads a value of type TEXT. What is not escaped as it should be is taken as it stands.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			if s[i] == 'n' || s[i] == 'N' {
				b.WriteByte('\n')
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// paramValue encodes what a parameter cannot hold (RFC 6868).
func paramValue(s string) string {
	return paramEscapes.Replace(printable(s, "\n\t"))
}

// quote puts an encoded parameter value into quotes where it needs them.
func quote(v string) string {
	if strings.ContainsAny(v, ":;,") {
		return `"` + v + `"`
	}
	return v
}

// uri is s as a value of type URI: nothing in it can end the line.
func uri(s string) string { return strings.ReplaceAll(printable(s, ""), " ", "%20") }

// printable leaves out control characters but those of except.
func printable(s, except string) string {
	return strings.Map(func(r rune) rune {
		if (r < ' ' || r == 0x7f) && !strings.ContainsRune(except, r) {
			return -1
		}
		return r
	}, s)
}

// Plain is s in characters that every server brings back as they were: no semicolons, commas, backslashes, quotes or
// control characters, white space folded. Values of the mark are plain.
func Plain(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`;,\"`, r)
	}), " ")
}

const (
	utcForm   = "20060102T150405Z"
	localForm = "20060102T150405"
	dateForm  = "20060102"
)

// stamp notes on a changed component when it was changed (RFC 5545 section 3.8.7).
func (c *component) stamp(now time.Time) {
	at := now.UTC().Format(utcForm)
	c.put("DTSTAMP", line("DTSTAMP", at))
	c.put("LAST-MODIFIED", line("LAST-MODIFIED", at))
}
