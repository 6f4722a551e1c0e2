package caldav

import (
	"bytes"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// plainXML reads the multistatuses that servers mostly answer with at a fifth of what encoding/xml costs: elements,
// attributes without references, text, all in UTF-8. Whatever else there is, wrong or just unusual, it does not read;
// what it does read means the same to encoding/xml.
type plainXML struct {
	text  []byte
	at    int
	ok    bool
	open  []plainElement
	names []plainSpace // what prefixes mean, the innermost last
	empty bool         // the innermost element was told by one tag
	attr  string       // its attribute "name"
}

// maxNested is how deep elements stand in one another in what is plain.
const maxNested = 32

type plainElement struct {
	tag    []byte // the name as it stands
	spaces int    // len(names) outside of it
}

type plainSpace struct {
	prefix []byte
	space  string
}

// plainMultistatus reads all of text; false where it is not plain, or no multistatus.
func plainMultistatus(text []byte) (*multistatus, bool) {
	p, ms := &plainXML{text: text, ok: true}, &multistatus{}
	p.declaration()
	root := false
	for name := range p.children() {
		if root || name != davName("multistatus") {
			return nil, false
		}
		root = true
		for name := range p.children() {
			switch name {
			case davName("response"):
				ms.Responses = append(ms.Responses, p.response())
			case davName("sync-token"):
				ms.SyncToken = p.value()
			default:
				p.skip()
			}
		}
	}
	ms.read = true
	return ms, p.ok && root
}

func davName(local string) xml.Name { return xml.Name{Space: nsDAV, Local: local} }

func calName(local string) xml.Name { return xml.Name{Space: nsCalDAV, Local: local} }

func (p *plainXML) response() (r response) {
	for name := range p.children() {
		switch name {
		case davName("href"):
			r.Hrefs = append(r.Hrefs, p.value())
		case davName("status"):
			r.Status = p.value()
		case davName("propstat"):
			r.Propstats = append(r.Propstats, propstat{})
			p.propstat(&r.Propstats[len(r.Propstats)-1])
		case davName("error"):
			p.ok = false // seldom; condition reads it
		default:
			p.skip()
		}
	}
	return r
}

func (p *plainXML) propstat(to *propstat) {
	for name := range p.children() {
		switch name {
		case davName("prop"):
			p.prop(&to.Prop)
		case davName("status"):
			to.Status = p.value()
		default:
			p.skip()
		}
	}
}

func (p *plainXML) prop(to *prop) {
	for name := range p.children() {
		switch name {
		case davName("getetag"):
			to.ETag = p.value()
		case calName("calendar-data"):
			text := p.value()
			to.CalendarData = &text
		case davName("sync-token"):
			to.SyncToken = p.value()
		case davName("resourcetype"):
			p.resourceType(to)
		case davName("supported-report-set"):
			p.reports(to)
		case calName("supported-calendar-component-set"):
			for name := range p.children() {
				if name == calName("comp") {
					to.Components.All = append(to.Components.All, component{Name: p.attr})
				}
				p.skip()
			}
		case davName("current-user-principal"):
			p.hrefs(func(h string) { to.Principal.Href = h })
		case davName("owner"):
			p.hrefs(func(h string) { to.Owner.Href = h })
		case calName("schedule-inbox-URL"):
			p.hrefs(func(h string) { to.Inbox.Href = h })
		case calName("schedule-outbox-URL"):
			p.hrefs(func(h string) { to.Outbox.Href = h })
		case calName("schedule-default-calendar-URL"):
			p.hrefs(func(h string) { to.ScheduleDefault.Href = h })
		case calName("calendar-home-set"):
			p.hrefs(func(h string) { to.HomeSet.Hrefs = append(to.HomeSet.Hrefs, h) })
		case calName("calendar-user-address-set"):
			p.hrefs(func(h string) { to.Addresses.Hrefs = append(to.Addresses.Hrefs, h) })
		default:
			p.skip()
		}
	}
}

func (p *plainXML) hrefs(found func(string)) {
	for name := range p.children() {
		if name == davName("href") {
			found(p.value())
		} else {
			p.skip()
		}
	}
}

func (p *plainXML) resourceType(to *prop) {
	for name := range p.children() {
		is := &struct{}{}
		switch name {
		case davName("collection"):
			to.ResourceType.Collection = is
		case calName("calendar"):
			to.ResourceType.Calendar = is
		case calName("schedule-inbox"):
			to.ResourceType.ScheduleInbox = is
		case calName("schedule-outbox"):
			to.ResourceType.ScheduleOut = is
		}
		p.skip()
	}
}

func (p *plainXML) reports(to *prop) {
	for named := range p.children() {
		if named != davName("supported-report") {
			p.skip()
			continue
		}
		var r report
		for named := range p.children() {
			if named != davName("report") {
				p.skip()
				continue
			}
			for named := range p.children() {
				r.Report.Any = append(r.Report.Any, name{named})
				p.skip()
			}
		}
		to.Reports.All = append(to.Reports.All, r)
	}
}

// children are the names of the elements in the innermost one, or in none, up to its end. Each must be read to its end
// before the next.
func (p *plainXML) children() func(yield func(xml.Name) bool) {
	return func(yield func(xml.Name) bool) {
		for {
			if _, more := p.content(false); !more {
				return
			}
			if name := p.start(); !p.ok || !yield(name) {
				return
			}
		}
	}
}

// skip passes over the rest of the innermost element.
func (p *plainXML) skip() {
	for range p.children() {
		p.skip()
	}
}

// value is the text in the innermost element, without that of elements in it.
func (p *plainXML) value() string {
	text, more := p.content(true)
	if !more {
		return text
	}
	var b strings.Builder
	for ; more; text, more = p.content(true) {
		b.WriteString(text)
		if p.start(); !p.ok {
			return ""
		}
		p.skip()
	}
	return b.String() + text
}

// content passes over text, and over the end of the innermost element where that comes then; more: another start tag
// comes. Text that is not wanted is "".
func (p *plainXML) content(wanted bool) (text string, more bool) {
	if p.empty {
		p.empty = false
		p.close()
		return "", false
	}
	n := bytes.IndexByte(p.text[p.at:], '<')
	end := n < 0
	if end {
		n = len(p.text) - p.at
	}
	raw := p.text[p.at : p.at+n]
	p.at += n
	if wanted || bytes.IndexByte(raw, '&') >= 0 {
		text = p.characters(raw)
	} else if !allowed(raw) {
		p.ok = false
	}
	switch {
	case !p.ok:
		return "", false
	case end:
		p.ok = len(p.open) == 0
		return text, false
	case !bytes.HasPrefix(p.text[p.at:], []byte("</")):
		return text, true
	}
	p.at += len("</")
	if len(p.open) == 0 || !bytes.HasPrefix(p.text[p.at:], p.open[len(p.open)-1].tag) {
		p.ok = false
		return "", false
	}
	p.at += len(p.open[len(p.open)-1].tag)
	p.space()
	p.ok = p.is('>')
	p.close()
	return text, false
}

func (p *plainXML) close() {
	last := len(p.open) - 1
	p.names, p.open = p.names[:p.open[last].spaces], p.open[:last]
}

// start reads a start tag and makes its element the innermost.
func (p *plainXML) start() xml.Name {
	p.is('<')
	p.ok = len(p.open) < maxNested
	prefix, local, tag := p.name()
	p.open, p.attr = append(p.open, plainElement{tag, len(p.names)}), ""
	for p.ok {
		spaced := p.space()
		if p.is('>') {
			break
		}
		if p.is('/') {
			p.empty = true
			p.ok = p.ok && p.is('>')
			break
		}
		p.ok = p.ok && spaced
		p.attribute()
	}
	if !p.ok {
		return xml.Name{}
	}
	name := xml.Name{Local: word(local)}
	i := len(p.names) - 1
	for i >= 0 && !bytes.Equal(p.names[i].prefix, prefix) {
		i--
	}
	if i >= 0 {
		name.Space = p.names[i].space
	}
	p.ok = len(prefix) == 0 || name.Space != ""
	return name
}

// attribute reads a name and its value in quotes.
func (p *plainXML) attribute() {
	prefix, local, _ := p.name()
	if !p.ok || !p.is('=') || p.at == len(p.text) {
		p.ok = false
		return
	}
	quote := p.text[p.at]
	n := bytes.IndexByte(p.text[p.at+1:], quote)
	if quote != '"' && quote != '\'' || n < 0 {
		p.ok = false
		return
	}
	value := p.text[p.at+1 : p.at+1+n]
	p.at += n + 2
	for _, c := range value {
		p.ok = p.ok && c >= ' ' && c < utf8.RuneSelf && c != '<' && c != '&'
	}
	switch {
	case string(prefix) == "xmlns":
		p.names = append(p.names, plainSpace{local, word(value)})
	case len(prefix) == 0 && string(local) == "xmlns":
		p.names = append(p.names, plainSpace{nil, word(value)})
	case string(local) == "name":
		p.attr = string(value)
	}
}

// name reads a name of ASCII, with a prefix or without: whole is as it stands.
func (p *plainXML) name() (prefix, local, whole []byte) {
	from := p.at
	if local = p.word(); p.is(':') {
		prefix, local = local, p.word()
	}
	whole = p.text[from:p.at]
	if p.at == len(p.text) || p.text[p.at] == ':' || p.text[p.at] >= utf8.RuneSelf ||
		string(prefix) == "xmlns" && string(local) == "xmlns" {
		p.ok = false
	}
	return prefix, local, whole
}

func (p *plainXML) word() []byte {
	from := p.at
	for ; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (p.at == from || (c < '0' || c > '9') && c != '-' && c != '.') {
			break
		}
	}
	p.ok = p.ok && p.at > from
	return p.text[from:p.at]
}

// is passes over c if it is next.
func (p *plainXML) is(c byte) bool {
	if p.at == len(p.text) || p.text[p.at] != c {
		return false
	}
	p.at++
	return true
}

// space passes over white space and reports whether there was some.
func (p *plainXML) space() bool {
	from := p.at
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	return p.at > from
}

// declaration passes over an XML declaration, if it is of XML 1.0 in UTF-8.
func (p *plainXML) declaration() {
	const begin, end = "<?xml ", "?>"
	n := bytes.Index(p.text, []byte(end))
	if !bytes.HasPrefix(p.text, []byte(begin)) || n < 0 {
		return
	}
	said := strings.ReplaceAll(strings.TrimSpace(string(p.text[len(begin):n])), "'", `"`)
	if slices.Contains([]string{`version="1.0"`, `version="1.0" encoding="utf-8"`}, strings.ToLower(said)) {
		p.at = n + len(end)
	}
}

// characters is what the text between two tags says.
func (p *plainXML) characters(raw []byte) string {
	if bytes.IndexByte(raw, '&') < 0 && bytes.IndexByte(raw, '\r') < 0 {
		p.ok = p.ok && allowed(raw)
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		n := bytes.IndexAny(raw, "&\r")
		if n < 0 {
			n = len(raw)
		}
		out, raw = append(out, raw[:n]...), raw[n:]
		switch {
		case len(raw) == 0:
		case raw[0] == '\r': // a line end is one character (XML 1.0 section 2.11)
			if raw = raw[1:]; len(raw) == 0 || raw[0] != '\n' {
				out = append(out, '\n')
			}
		default:
			name, rest, ok := bytes.Cut(raw[1:], []byte(";"))
			r, known := reference(name)
			if !ok || !known {
				p.ok = false
				return ""
			}
			out, raw = utf8.AppendRune(out, r), rest
		}
	}
	p.ok = p.ok && allowed(out)
	return string(out)
}

// reference is the character that one means, without its ampersand and semicolon.
func reference(name []byte) (rune, bool) {
	if digits, ok := bytes.CutPrefix(name, []byte("#")); ok {
		base := 10
		if hex, ok := bytes.CutPrefix(digits, []byte("x")); ok {
			digits, base = hex, 16
		}
		n, err := strconv.ParseUint(string(digits), base, 31)
		return rune(n), err == nil && utf8.ValidRune(rune(n))
	}
	i := slices.IndexFunc(entities, func(e string) bool { return e[1:] == string(name) })
	if i < 0 {
		return 0, false
	}
	return rune(entities[i][0]), true
}

// entities are characters and the names that XML itself has for them (XML 1.0 section 4.6).
var entities = []string{"<lt", ">gt", "&amp", "'apos", `"quot`}

// allowed reports whether the text is UTF-8 of characters that XML may hold in it (XML 1.0 sections 2.2 and 2.4).
func allowed(text []byte) bool {
	ascii := true
	for _, c := range text {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	has := func(s string) bool { return bytes.Contains(text, []byte(s)) }
	return (ascii || utf8.Valid(text) && !has("\ufffe") && !has("\uffff")) && !has("]]>")
}

// words are those of which an answer has many.
var words = []string{
	nsDAV, nsCalDAV, "href", "prop", "status", "getetag", "response", "propstat", "calendar-data", "sync-token",
	"multistatus",
}

// word is b as a string, without a copy of its own where it is one of words.
func word(b []byte) string {
	for _, w := range words {
		if string(b) == w {
			return w
		}
	}
	return string(b)
}
