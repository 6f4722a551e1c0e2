package prepdoc

import (
	"strings"
	"unicode/utf16"

	"google.golang.org/api/docs/v1"
)

// units is the length of text as Docs counts it: in UTF-16 code units.
func units(s string) int64 {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1) // what is no rune becomes U+FFFD
	}
	return int64(n)
}

// insertable is text without what Docs takes out of inserted text (docs-api.json, InsertTextRequest.text), so that its
// length is known beforehand.
func insertable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x09 || r >= 0x0c && r < 0x20 || r >= 0xe000 && r <= 0xf8ff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// paragraph is one paragraph at the top level of a document's body.
type paragraph struct {
	start, end int64 // in UTF-16 code units; end is exclusive and behind its newline
	text       string
	style      string // named style, such as HEADING_2
	bullet     bool
}

func (p paragraph) heading() bool { return strings.HasPrefix(p.style, "HEADING_") }

func (p paragraph) title() bool { return p.style == "TITLE" || p.style == "SUBTITLE" }

// paragraphs are those at the top level of the body; tables and the like are passed over.
func paragraphs(d *docs.Document) []paragraph {
	var out []paragraph
	if d.Body == nil {
		return nil
	}
	for _, c := range d.Body.Content {
		if c.Paragraph == nil {
			continue
		}
		p := paragraph{start: c.StartIndex, end: c.EndIndex, bullet: c.Paragraph.Bullet != nil}
		if c.Paragraph.ParagraphStyle != nil {
			p.style = c.Paragraph.ParagraphStyle.NamedStyleType
		}
		var text strings.Builder
		for _, e := range c.Paragraph.Elements {
			text.WriteString(elementText(e))
		}
		p.text = strings.TrimSpace(text.String())
		out = append(out, p)
	}
	return out
}

// elementText is an element as plain text. What somebody only suggests to insert is not yet text.
func elementText(e *docs.ParagraphElement) string {
	switch {
	case e.TextRun != nil && len(e.TextRun.SuggestedInsertionIds) == 0:
		return e.TextRun.Content
	case e.Person != nil && e.Person.PersonProperties != nil && len(e.Person.SuggestedInsertionIds) == 0:
		if name := e.Person.PersonProperties.Name; name != "" {
			return name
		}
		return e.Person.PersonProperties.Email
	case e.RichLink != nil && e.RichLink.RichLinkProperties != nil && len(e.RichLink.SuggestedInsertionIds) == 0:
		if title := e.RichLink.RichLinkProperties.Title; title != "" {
			return title
		}
		return e.RichLink.RichLinkProperties.Uri
	case e.DateElement != nil && e.DateElement.DateElementProperties != nil && len(e.DateElement.SuggestedInsertionIds) == 0:
		return e.DateElement.DateElementProperties.DisplayText
	}
	return ""
}
