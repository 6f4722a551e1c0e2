package google

import (
	"cmp"
	"html"
	"net/url"
	"regexp"
	"strings"

	"google.golang.org/api/calendar/v3"

	"holdfast/internal/series"
)

// agenda is the part of a description that is ours, in plain text or in the HTML that Google's page makes of it. It stands
// at the beginning of a line.
var agenda = regexp.MustCompile(`(?i)(^|\n|<br[ /]*>|<(?:p|div|li|span)[^<>]*>)([ \t\r]*)(` +
	`(?:<(?:b|strong|i|em|u|span)(?:\s[^<>]*)?>\s*)*Agenda(?:\s*</(?:b|strong|i|em|u|span)>)*:` +
	`(?:\s|&nbsp;|</?(?:b|strong|i|em|u|span)(?:\s[^<>]*)?>)*` +
	`(?:<a\s[^<>]*?href="([^"<>]*)"[^<>]*>[^<>]*</a>|&lt;([^\s<>]+?)&gt;|<?([a-z][a-z0-9+.-]*:[^\s<>]+)>?))`)

// agendaLine is one match of agenda: where our part is, and the link it has.
type agendaLine struct {
	start, end int // of "Agenda: …"
	link       string
}

func agendaLines(description string) []agendaLine {
	var out []agendaLine
	for _, m := range agenda.FindAllStringSubmatchIndex(description, -1) {
		x := agendaLine{start: m[6], end: m[7]}
		for _, g := range []int{8, 10, 12} {
			if m[g] >= 0 {
				x.link = description[m[g]:m[g+1]]
			}
		}
		if m[8] >= 0 || m[10] >= 0 || isHTML(description) {
			x.link = html.UnescapeString(x.link)
		}
		x.link = unwrapped(x.link)
		out = append(out, x)
	}
	return out
}

// unwrapped is where a link leads that Google's page led through its own redirector.
func unwrapped(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Host != "www.google.com" && u.Host != "google.com" || u.Path != "/url" {
		return link
	}
	if to := cmp.Or(u.Query().Get("q"), u.Query().Get("url")); to != "" {
		return to
	}
	return link
}

var tag = regexp.MustCompile(`(?i)</?(a|b|i|u|em|strong|br|p|div|span|ul|ol|li|html-blob)[ />]`)

// isHTML reports whether a description was written by Google's page.
func isHTML(description string) bool { return tag.MatchString(description) }

// linkOf is the prep link as it can be seen on an event: in the Agenda line of its description, or as an attachment. Both
// are changed by people and servers: with written, the digest of the link that we last wrote, it is there while one of them
// still has it. An attachment that is not known to be ours is no prep link.
func linkOf(e *calendar.Event, written string) string {
	described := ""
	for _, x := range agendaLines(e.Description) {
		if described == "" || series.Digest(x.link) == written {
			described = x.link
		}
	}
	found := []string{described}
	for _, a := range e.Attachments {
		found = append(found, unwrapped(a.FileUrl))
	}
	for _, u := range found {
		if written != "" && u != "" && series.Digest(u) == written {
			return u
		}
	}
	return described
}

// setLink is description and attachments of e with the link in the one, and in the other if it leads to Drive; with "" in
// neither. All that is not ours stays as it is.
func setLink(e *calendar.Event, link, written string) (string, []*calendar.EventAttachment) {
	old := linkOf(e, written)
	ours := func(u string) bool { return u != "" && (u == old || u == link || series.Digest(u) == written) }
	var files []*calendar.EventAttachment
	missing := inDrive(link)
	for _, a := range e.Attachments {
		switch {
		case !ours(a.FileUrl):
		case !missing:
			continue
		default:
			missing = false
			if a.FileUrl != link {
				a = attachment(link)
			}
		}
		files = append(files, a)
	}
	if missing && len(files) < maxAttachments {
		files = append(files, attachment(link))
	}
	return setAgenda(e.Description, link, written), files
}

// inDrive reports whether the link leads to a file in Drive: Google promises to attach no other (reference of events,
// attachments.fileUrl).
func inDrive(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Scheme == "https" && (u.Host == "docs.google.com" || u.Host == "drive.google.com")
}

// maxAttachments is what Google lets one event have.
const maxAttachments = 25

func attachment(link string) *calendar.EventAttachment {
	a := &calendar.EventAttachment{FileUrl: link, Title: "Agenda", MimeType: "text/html"}
	if strings.HasPrefix(link, "https://docs.google.com/document/") {
		a.MimeType = "application/vnd.google-apps.document" // by which Calendar shows its sign
	}
	return a
}

// setAgenda is the description with our line saying link, or without it.
func setAgenda(description, link, written string) string {
	var line *agendaLine
	for _, x := range agendaLines(description) {
		if line == nil || series.Digest(x.link) == written {
			line = &x
		}
	}
	text, end := "Agenda: "+link, "\n"
	if isHTML(description) {
		escaped := html.EscapeString(link)
		text, end = `Agenda: <a href="`+escaped+`">`+escaped+`</a>`, "<br>"
	}
	switch {
	case line == nil && link == "", line != nil && line.link == link:
		return description
	case line == nil && description == "":
		return text
	case line == nil:
		return description + end + text
	case link != "":
		return description[:line.start] + text + description[line.end:]
	}
	before, after := description[:line.start], description[line.end:]
	if cut, ok := strings.CutSuffix(before, end); ok {
		return cut + after
	}
	return before + strings.TrimPrefix(after, end)
}
