package say

import (
	"html/template"
	"strings"
	"sync"
)

// Message is what is sent: a subject, and the same in plain text and in simple HTML without images.
type Message struct{ Subject, Text, HTML string }

// page is a message before it is written.
type page struct {
	Lang, Subject string
	Lead          string // the first line, complete in itself
	Blocks        []block
	Foot          []offer // why the reader gets it, and how to stop it
}

type block struct {
	Heading string
	Items   []item
}

// item is one thing that is told: a sentence, facts, what can be done.
type item struct {
	Text   string
	Facts  []fact
	Offers []offer
}

type fact struct{ Name, Text, Link string }

// offer is a text, and where it leads.
type offer struct{ Text, Link string }

var letter = sync.OnceValue(func() *template.Template {
	return template.Must(template.ParseFS(files, "text/letter.html"))
})

// message writes the page.
func (r Reader) message(p page) Message {
	p.Lang = r.catalogue().tag.String()
	var html strings.Builder
	if err := letter().Execute(&html, p); err != nil {
		panic("say: " + err.Error()) // as of a catalogue
	}
	return Message{Subject: p.Subject, Text: p.plain(), HTML: html.String()}
}

// plain is the page as plain text.
func (p page) plain() string {
	var parts []string
	add := func(lines ...string) { parts = append(parts, strings.Join(lines, "\n")) }
	if p.Lead != "" {
		add(p.Lead)
	}
	for _, b := range p.Blocks {
		if b.Heading != "" {
			add(b.Heading + "\n" + strings.Repeat("-", len([]rune(b.Heading))))
		}
		for _, i := range b.Items {
			var lines []string
			if i.Text != "" {
				lines = append(lines, i.Text)
			}
			for _, f := range i.Facts {
				text := f.Text
				if f.Link != "" {
					text = f.Link
				}
				lines = append(lines, "  "+f.Name+": "+text)
			}
			for _, o := range i.Offers {
				lines = append(lines, "  "+o.line())
			}
			add(lines...)
		}
	}
	var foot []string
	for _, o := range p.Foot {
		foot = append(foot, o.line())
	}
	add(append([]string{"-- "}, foot...)...)
	return strings.Join(parts, "\n\n") + "\n"
}

func (o offer) line() string {
	switch {
	case o.Link == "":
		return o.Text
	case strings.HasSuffix(o.Text, ":"):
		return o.Text + " " + o.Link
	}
	return o.Text + ": " + o.Link
}
