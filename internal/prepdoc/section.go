package prepdoc

import (
	"math"
	"slices"
	"strings"

	"google.golang.org/api/docs/v1"

	"holdfast/internal/series"
)

// StandardSection is the section that belongs to a 1:1: it is the report's meeting, so their points come first.
const StandardSection = `# {date}
## {report.name}'s points

## Updates

## Goals

## Actions
{actions}
[ ] 
`

// rangePrefix begins the names of the named ranges that mark sections. Everybody who can see the document can see them.
const rangePrefix = "holdfast-"

// actionsHeading is the heading above actions where a section's template has no other.
const actionsHeading = "Actions"

// line is a line of a section to be written.
type line struct {
	text  string
	style string // named style
}

// lines are those of a section: "# " to "###### " begin headings, {date} is the meeting's day, a line {actions} gives
// way to the open actions. A template without {date} gets it as a heading of its own, one without {actions} gets both heading and
// actions at its end: any text will do.
func lines(template, date string, actions []string) []line {
	if !strings.Contains(template, "{date}") {
		template = "# {date}\n" + template
	}
	if actionsAt(template) < 0 {
		template = strings.TrimRight(template, "\n") + "\n## " + actionsHeading + "\n{actions}\n"
	}
	var out []line
	for l := range strings.Lines(template) {
		l = strings.TrimRight(l, "\r\n")
		if strings.TrimSpace(l) == "{actions}" {
			for _, a := range actions {
				out = append(out, line{openBox + " " + a, "NORMAL_TEXT"})
			}
			continue
		}
		text, style := headingOf(strings.ReplaceAll(l, "{date}", date))
		out = append(out, line{insertable(text), style})
	}
	return append(out, line{"", "NORMAL_TEXT"}) // what follows is not stuck to the section
}

// headingOf is a template's line without its # signs, and its style.
func headingOf(l string) (text, style string) {
	text = strings.TrimLeft(l, "#")
	if n := len(l) - len(text); n > 0 && n <= 6 && strings.HasPrefix(text, " ") {
		return strings.TrimSpace(text), "HEADING_" + string(rune('0'+n))
	}
	return l, "NORMAL_TEXT"
}

// actionsAt is the number of the template's line {actions}, -1 for none.
func actionsAt(template string) int {
	return slices.IndexFunc(strings.Split(template, "\n"), func(l string) bool { return strings.TrimSpace(l) == "{actions}" })
}

// headingAboveActions is the heading below which the template's actions stand.
func headingAboveActions(template string) string {
	ls := strings.Split(template, "\n")
	for i := actionsAt(template); i >= 0; i-- {
		if text, style := headingOf(strings.TrimSpace(ls[i])); style != "NORMAL_TEXT" && !strings.Contains(text, "{date}") {
			return text
		}
	}
	return actionsHeading
}

// The boxes with which an action begins. Docs' own checklists do not say which of their items are ticked
// (docs-api.json, Bullet), so they cannot be carried over.
const (
	openBox = "[ ]"
	bareBox = "[]"
)

// openActions are the texts of the open actions in the latest section: the paragraphs beginning with [ ] between the
// heading above actions and the next heading. Without any section of ours the whole document counts as one.
func openActions(d *docs.Document, template string) []string {
	from, to := latestSection(d)
	heading, within := headingAboveActions(template), false
	var out []string
	for _, p := range paragraphs(d) {
		if p.end <= from || p.end > to {
			continue
		}
		if p.heading() || p.title() {
			if within {
				return out
			}
			within = strings.EqualFold(p.text, heading) || strings.EqualFold(p.text, actionsHeading)
			continue
		}
		text := strings.TrimSpace(strings.TrimLeft(p.text, "-*•"))
		rest, ok := strings.CutPrefix(text, openBox)
		if !ok {
			rest, ok = strings.CutPrefix(text, bareBox)
		}
		// One paragraph stays one: a newline would be the end of the action.
		rest = strings.TrimSpace(strings.ReplaceAll(insertable(rest), "\n", " "))
		if within && ok && rest != "" {
			out = append(out, rest)
		}
	}
	return out
}

// latestSection is where the marks of our topmost section and of the one below it begin, each within the first paragraph
// of its section.
func latestSection(d *docs.Document) (from, to int64) {
	var starts []int64
	for name, ranges := range d.NamedRanges {
		if !strings.HasPrefix(name, rangePrefix) {
			continue
		}
		for _, r := range ranges.NamedRanges {
			first := int64(math.MaxInt64) // people's edits can split a range
			for _, part := range r.Ranges {
				first = min(first, part.StartIndex)
			}
			if at, ok := top(d); ok && first >= at.start { // above it are titles only
				starts = append(starts, first)
			}
		}
	}
	if len(starts) == 0 {
		return 0, math.MaxInt64
	}
	from, to = slices.Min(starts), math.MaxInt64
	for _, s := range starts {
		if s > from {
			to = min(to, s)
		}
	}
	return from, to
}

// top is where a section goes: before the first paragraph below the document's own title, or before the very first.
func top(d *docs.Document) (paragraph, bool) {
	ps := paragraphs(d)
	if len(ps) == 0 {
		return paragraph{}, false
	}
	for i, p := range ps {
		if !p.title() {
			return ps[i], true
		}
	}
	return ps[0], true
}

// compose is what writes the section of an occurrence: nil if it is there. It only inserts: no request takes out or
// restyles what stands in the document. An empty document without any paragraph cannot be written (false).
func compose(d *docs.Document, template string, o Occurrence) ([]*docs.Request, bool) {
	name := rangePrefix + o.Date.String()
	if len(d.NamedRanges[name].NamedRanges) > 0 {
		return nil, true
	}
	at, ok := top(d)
	if !ok {
		return nil, false
	}
	ls := lines(template, o.Day.Long(), openActions(d, template))
	var text strings.Builder
	for _, l := range ls {
		text.WriteString(l.text + "\n")
	}
	from := at.start
	to := from + units(text.String())
	out := []*docs.Request{{InsertText: &docs.InsertTextRequest{Location: &docs.Location{Index: from}, Text: text.String()}}}
	// Inserted paragraphs take after the one they were put before; all below is theirs alone.
	all := &docs.Range{StartIndex: from, EndIndex: to}
	// A unit less at the end, for Docs may extend it to the next newline; and at the beginning of the mark, so that what is put
	// before the section later does not become part of it.
	within := &docs.Range{StartIndex: from + 1, EndIndex: to - 1}
	if at.bullet {
		out = append(out, &docs.Request{DeleteParagraphBullets: &docs.DeleteParagraphBulletsRequest{Range: all}})
	}
	out = append(out, styled(all, "NORMAL_TEXT", "namedStyleType,alignment,indentStart,indentEnd,indentFirstLine"),
		&docs.Request{UpdateTextStyle: &docs.UpdateTextStyleRequest{Range: &docs.Range{StartIndex: from, EndIndex: to - 1}, TextStyle: &docs.TextStyle{},
			Fields: "bold,italic,underline,strikethrough,foregroundColor,backgroundColor,link"}})
	for at := from; len(ls) > 0; ls = ls[1:] {
		end := at + units(ls[0].text) + 1
		if ls[0].style != "NORMAL_TEXT" {
			out = append(out, styled(&docs.Range{StartIndex: at, EndIndex: end}, ls[0].style, "namedStyleType"))
		}
		at = end
	}
	return append(out, &docs.Request{CreateNamedRange: &docs.CreateNamedRangeRequest{Name: name, Range: within}}), true
}

func styled(r *docs.Range, style, fields string) *docs.Request {
	return &docs.Request{UpdateParagraphStyle: &docs.UpdateParagraphStyleRequest{Range: r,
		ParagraphStyle: &docs.ParagraphStyle{NamedStyleType: style}, Fields: fields}}
}

// sectionOf is the pair's section template with all filled in but what differs from meeting to meeting.
func sectionOf(s series.Series) string {
	template := s.Doc.Section
	if template == "standard" {
		template = StandardSection
	}
	return strings.NewReplacer("{manager.id}", s.Manager.ID, "{manager.name}", s.Manager.Name, "{manager.email}", s.Manager.Email,
		"{report.id}", s.Report.ID, "{report.name}", s.Report.Name, "{report.email}", s.Report.Email).Replace(template)
}
