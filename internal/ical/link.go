package ical

import (
	"regexp"
	"strings"

	"holdfast/internal/series"
)

// agenda is the line of a DESCRIPTION that is ours.
var agenda = regexp.MustCompile(`(?i)^\s*Agenda:\s*<?([a-z][a-z0-9+.-]*:[^\s<>]+)`)

// link is the prep link as it can be seen on the component, "" for none. It stands there three ways: a line of
// DESCRIPTION, ATTACH, URL; people and servers change each. written is the digest of the link we last wrote, "" if not
// known: the link is there while one of the three still has it.
func (c *component) link(written string) string {
	described := ""
	for l := range strings.SplitSeq(c.textValue("DESCRIPTION"), "\n") {
		if m := agenda.FindStringSubmatch(l); m != nil && (described == "" || series.Digest(m[1]) == written) {
			described = m[1]
		}
	}
	attached := ""
	found := []string{described}
	page := plainURI(c.value("URL"))
	for _, n := range c.lines("ATTACH") {
		u := plainURI(n.prop.Value)
		found = append(found, u)
		if u == page {
			attached = u
		}
	}
	for _, u := range append(found, page) {
		if written != "" && u != "" && series.Digest(u) == written {
			return u
		}
	}
	if described == "" && written == "" {
		return attached
	}
	return described
}

var textOfURI = strings.NewReplacer(`\;`, ";", `\,`, ",")

// plainURI undoes what some servers do to a URI, as if it were text.
func plainURI(v string) string {
	return textOfURI.Replace(v)
}

// setLink writes the link all three ways, or takes it away. A URL or an ATTACH that is not ours, and all other lines of the
// DESCRIPTION, stay. written is as in link.
func (c *component) setLink(link, written string) {
	old := c.link(written)
	ours := func(u string) bool { return u != "" && (u == old || u == link || series.Digest(u) == written) }
	link = uri(link)
	c.setAgenda(link, written)

	attach := link
	if strings.Contains(link, ";") {
		attach = "" // servers spoil a semicolon there
	}
	c.edit("ATTACH", func(n node) (node, bool) {
		u := plainURI(n.prop.Value)
		switch {
		case !ours(u):
			return n, true
		case attach == "":
			return n, false
		case u != attach:
			n = line("ATTACH", attach, "FMTTYPE", "text/html")
		}
		attach = ""
		return n, true
	})
	if attach != "" {
		c.add(line("ATTACH", attach, "FMTTYPE", "text/html"))
	}

	switch page := plainURI(c.value("URL")); {
	case page == "" && link != "" || ours(page) && link != "" && page != link:
		c.put("URL", line("URL", link))
	case ours(page) && link == "":
		c.put("URL")
	}
}

// setAgenda replaces, adds or ("") removes our line of the DESCRIPTION; the rest of its text stays as it is escaped.
func (c *component) setAgenda(link, written string) {
	lines := c.lines("DESCRIPTION")
	if len(lines) == 0 {
		if link != "" {
			c.add(line("DESCRIPTION", "Agenda: "+escape(link)))
		}
		return
	}
	value := lines[0].prop.Value
	texts, breaks := splitText(value)
	at := -1
	for i, t := range texts {
		if m := agenda.FindStringSubmatch(unescape(t)); m != nil && (at < 0 || series.Digest(m[1]) == written) {
			if at = i; m[1] == link {
				return
			}
		}
	}
	switch {
	case at < 0 && link == "":
		return
	case at < 0:
		if last := len(texts) - 1; texts[last] == "" {
			texts[last] = "Agenda: " + escape(link)
		} else {
			texts, breaks = append(texts, "Agenda: "+escape(link)), append(breaks, `\n`)
		}
	case link != "":
		texts[at] = "Agenda: " + escape(link)
	default:
		texts = append(texts[:at], texts[at+1:]...)
		if len(breaks) > 0 {
			i := max(at-1, 0)
			breaks = append(breaks[:i], breaks[i+1:]...)
		}
	}
	var b strings.Builder
	for i, t := range texts {
		if i > 0 {
			b.WriteString(breaks[i-1])
		}
		b.WriteString(t)
	}
	first := true
	c.edit("DESCRIPTION", func(n node) (node, bool) {
		if !first {
			return n, true
		}
		first = false
		return n.withValue(b.String()), b.Len() > 0
	})
}

// splitText splits an escaped text into its lines, and the escapes that break them.
func splitText(v string) (texts, breaks []string) {
	from := 0
	for i := 0; i+1 < len(v); i++ {
		if v[i] != '\\' {
			continue
		}
		if v[i+1] == 'n' || v[i+1] == 'N' {
			texts, breaks = append(texts, v[from:i]), append(breaks, v[i:i+2])
			from = i + 2
		}
		i++
	}
	return append(texts, v[from:]), breaks
}
