package ical

import (
	"slices"
	"strings"

	"github.com/emersion/go-ical"
)

// A content line (RFC 5545 section 3.1) is read by the grammar where it keeps to it, else for what it means: quotes
// within a parameter, colons out of quotes, a missing colon. Reading is linear in the line's length.

// span is where a parameter stands in an unfolded line, from its semicolon on.
type span struct {
	name     string
	value    string // the first of a list, without quotes
	from, to int
}

// parts are what a content line consists of. name is "" where the line has none.
type parts struct {
	name   string
	params []span
	value  int  // where the value begins, the line's length for none
	odd    bool // it breaks the grammar
}

// people are the properties whose value is somebody.
var people = []string{"ATTENDEE", "ORGANIZER"}

// timed are the properties whose value is a time, which has no colon in it.
var timed = []string{"DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE"}

// lineName is the property's name in capitals. What begins with the word for a person is a person, whatever follows.
func lineName(line string) string {
	for _, name := range people {
		if len(line) >= len(name) && strings.EqualFold(line[:len(name)], name) {
			return name
		}
	}
	if i := strings.IndexAny(line, ";:"); i >= 0 {
		line = line[:i]
	}
	return strings.ToUpper(line)
}

// read is the line as a node, with prop as its property.
func read(raw, line string, prop *ical.Prop) node {
	p := partsOf(line)
	if p.name == "" {
		return node{raw: raw}
	}
	prop.Name, prop.Value = p.name, line[p.value:]
	if len(p.params) > 0 {
		prop.Params = make(ical.Params, len(p.params))
	}
	for _, s := range p.params {
		if _, seen := prop.Params[s.name]; !seen {
			prop.Params.Set(s.name, s.value)
		}
	}
	return node{raw: raw, name: p.name, prop: prop}
}

func partsOf(line string) parts {
	p := parts{name: lineName(line)}
	if params, value, ok := byGrammar(line, len(p.name)); ok {
		p.params, p.value = params, value
	} else {
		p.odd = true
		p.params, p.value = leniently(line, len(p.name), len(line), ";:")
	}
	if slices.Contains(people, p.name) {
		p = p.aboutSomebody(line)
	} else if p.value > len(line) {
		return parts{} // without a value it says nothing
	} else if at := strings.LastIndexByte(line, ':'); at >= p.value && slices.Contains(timed, p.name) {
		p.value, p.odd = at+1, true // a TZID such as UTC+02:00, without quotes
		p.params, _ = leniently(line, len(p.name), at, ";")
	}
	p.value = min(p.value, len(line))
	return p
}

const mailtoScheme = "mailto:"

// aboutSomebody takes for the value what follows the last "mailto:" where the value is not an address as it stands.
func (p parts) aboutSomebody(line string) parts {
	lower := strings.ToLower(line)
	if len(lower) != len(line) {
		return p // letters whose lower case is longer: nothing that an address has
	}
	value := ""
	if p.value < len(line) {
		value = strings.TrimLeft(lower[p.value:], addressEdges)
	}
	at := strings.LastIndex(lower, mailtoScheme)
	whole := strings.HasPrefix(value, mailtoScheme) || value != "" && !strings.Contains(value, mailtoScheme)
	colonMissing := at+len(mailtoScheme) == p.value
	if at < len(p.name) || whole && !colonMissing {
		return p
	}
	if p.value < at && strings.HasSuffix(strings.TrimRight(line[:at], addressEdges), ",") {
		if first := strings.Index(lower[p.value:], mailtoScheme); first >= 0 {
			at = p.value + first // a list: more than one address
		}
	}
	p.value, p.odd = at, true
	end := len(strings.TrimRight(line[:at], addressEdges+":"))
	p.params, _ = leniently(line, len(p.name), max(end, len(p.name)), ";")
	return p
}

// byGrammar finds the parameters and where the value begins; false for a line that breaks the grammar.
func byGrammar(line string, i int) (params []span, value int, ok bool) {
	for i > 0 && i < len(line) && line[i] == ';' {
		from := i
		n := strings.IndexAny(line[i+1:], "=;:,\"")
		if n < 1 || line[i+1+n] != '=' {
			return nil, 0, false
		}
		s := span{name: strings.ToUpper(line[i+1 : i+1+n]), from: from}
		i += n + 1
		for first := true; first || line[i] == ','; first = false {
			i++ // the equals sign, or the comma
			n := 0
			if strings.HasPrefix(line[i:], `"`) {
				if n = strings.IndexByte(line[i+1:], '"') + 2; n < 2 {
					return nil, 0, false
				}
			} else if n = strings.IndexAny(line[i:], "\",;:"); n < 0 {
				return nil, 0, false
			}
			if first {
				s.value = strings.Trim(line[i:i+n], `"`)
			}
			if i += n; i == len(line) || !strings.ContainsRune(",;:", rune(line[i])) {
				return nil, 0, false
			}
		}
		s.to = i
		params = append(params, s)
	}
	return params, i + 1, i > 0 && i < len(line) && line[i] == ':'
}

// leniently finds the parameters in line[i:end], each up to one of the characters of stop, and where the value begins,
// which is behind the line where none does. A quote ends where one of the grammar could, not behind a backslash where
// it can be helped.
func leniently(line string, i, end int, stop string) (params []span, value int) {
	line = line[:end]
	if i < end && !strings.ContainsRune(stop, rune(line[i])) { // something between name and parameters
		if n := strings.IndexAny(line[i:], stop); n >= 0 {
			i += n
		} else {
			i = end
		}
	}
	quotes := true // there is one more that can end a quoted value
	for i < end && line[i] == ';' {
		s := span{from: i}
		n := strings.IndexAny(line[i+1:], "="+stop)
		if n < 0 {
			n = end - i - 1
		}
		s.name = strings.ToUpper(strings.TrimSpace(line[i+1 : i+1+n]))
		if i += 1 + n; i < end && line[i] == '=' {
			i++
			closing := -1
			if quotes && i < end && line[i] == '"' {
				closing = closingQuote(line[i+1:])
				quotes = closing >= 0
			}
			if closing >= 0 {
				s.value = line[i+1 : i+1+closing]
				i += closing + 2
			}
			if n = strings.IndexAny(line[i:], stop); n < 0 {
				n = end - i
			}
			if closing < 0 {
				s.value = strings.Trim(line[i:i+n], "\" \t")
			}
			i += n // and, behind a quoted value, what is left of a list
		}
		s.to = i
		params = append(params, s)
	}
	return params, i + 1
}

// closingQuote is where a quoted value ends that began before s, -1 for nowhere.
func closingQuote(s string) int {
	escaped := -1
	for at := 0; ; at++ {
		n := strings.IndexByte(s[at:], '"')
		if n < 0 {
			return escaped
		}
		if at += n; at+1 < len(s) && !strings.ContainsRune(",;:", rune(s[at+1])) {
			continue
		}
		if at == 0 || s[at-1] != '\\' {
			return at
		}
		if escaped < 0 {
			escaped = at
		}
	}
}

// tidy is the line by the grammar: what must change is not left odd.
func (p parts) tidy(line string) string {
	var b strings.Builder
	b.WriteString(p.name)
	for _, s := range p.params {
		if s.name != "" && s.value != "" {
			b.WriteString(";" + s.name + "=" + quote(strings.ReplaceAll(s.value, `"`, "^'")))
		}
	}
	return b.String() + ":" + line[p.value:]
}
