package prepdoc

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	"google.golang.org/api/docs/v1"
)

// model is a document as Docs keeps it: UTF-16 code units, each newline ending a paragraph. Unit 0 is the section break.
type model struct {
	text   []uint16
	bold   []bool       // by unit
	style  map[int]para // by the index of a paragraph's newline
	ranges map[string][2]int
	tables map[int]bool // by the index of a newline: the line is a cell of a table
}

type para struct {
	style  string
	bullet bool
}

func newModel() *model {
	return &model{text: []uint16{0}, bold: []bool{false}, style: map[int]para{}, ranges: map[string][2]int{}, tables: map[int]bool{}}
}

// add appends a paragraph.
func (m *model) add(text string, p para, bold, table bool) {
	u := utf16.Encode([]rune(text + "\n"))
	m.text = append(m.text, u...)
	for range u {
		m.bold = append(m.bold, bold)
	}
	m.style[len(m.text)-1] = p
	if table {
		m.tables[len(m.text)-1] = true
	}
}

// each calls f with every line's bounds: start, and the index of its newline.
func (m *model) each(f func(start, newline int)) {
	start := 1
	for i := 1; i < len(m.text); i++ {
		if m.text[i] == '\n' {
			f(start, i)
			start = i + 1
		}
	}
}

func (m *model) document() *docs.Document {
	d := &docs.Document{RevisionId: "r", Body: &docs.Body{Content: []*docs.StructuralElement{{EndIndex: 1, SectionBreak: &docs.SectionBreak{}}}}}
	m.each(func(start, end int) {
		e := &docs.StructuralElement{StartIndex: int64(start), EndIndex: int64(end + 1)}
		if m.tables[end] {
			e.Table = &docs.Table{}
		} else {
			p := m.style[end]
			e.Paragraph = &docs.Paragraph{ParagraphStyle: &docs.ParagraphStyle{NamedStyleType: p.style},
				Elements: []*docs.ParagraphElement{{TextRun: &docs.TextRun{Content: string(utf16.Decode(m.text[start : end+1]))}}}}
			if p.bullet {
				e.Paragraph.Bullet = &docs.Bullet{ListId: "l"}
			}
		}
		d.Body.Content = append(d.Body.Content, e)
	})
	for name, r := range m.ranges {
		if d.NamedRanges == nil {
			d.NamedRanges = map[string]docs.NamedRanges{}
		}
		d.NamedRanges[name] = docs.NamedRanges{Name: name, NamedRanges: []*docs.NamedRange{{Name: name,
			Ranges: []*docs.Range{{StartIndex: int64(r[0]), EndIndex: int64(r[1])}}}}}
	}
	return d
}

// apply does the requests as Docs does them. An unknown one is an error.
func (m *model) apply(requests []*docs.Request) error {
	for _, r := range requests {
		switch {
		case r.InsertText != nil:
			if err := m.insert(int(r.InsertText.Location.Index), r.InsertText.Text); err != nil {
				return err
			}
		case r.UpdateParagraphStyle != nil:
			m.overlapping(r.UpdateParagraphStyle.Range, func(newline int) {
				p := m.style[newline]
				p.style = r.UpdateParagraphStyle.ParagraphStyle.NamedStyleType
				m.style[newline] = p
			})
		case r.DeleteParagraphBullets != nil:
			m.overlapping(r.DeleteParagraphBullets.Range, func(newline int) {
				p := m.style[newline]
				p.bullet = false
				m.style[newline] = p
			})
		case r.UpdateTextStyle != nil:
			x := r.UpdateTextStyle.Range
			end := int(x.EndIndex)
			if end < len(m.text) && m.text[end] == '\n' { // "may be extended to include adjacent newlines"
				end++
			}
			for i := int(x.StartIndex); i < end; i++ {
				m.bold[i] = r.UpdateTextStyle.TextStyle.Bold
			}
		case r.CreateNamedRange != nil:
			x := r.CreateNamedRange.Range
			if x.EndIndex <= x.StartIndex || int(x.EndIndex) > len(m.text) {
				return fmt.Errorf("a range of [%d,%d)", x.StartIndex, x.EndIndex)
			}
			m.ranges[r.CreateNamedRange.Name] = [2]int{int(x.StartIndex), int(x.EndIndex)}
		default:
			return fmt.Errorf("an unexpected request %+v", r)
		}
	}
	return nil
}

func (m *model) insert(at int, text string) error {
	within := false
	var old para
	m.each(func(start, newline int) {
		if start <= at && at <= newline && !m.tables[newline] {
			within, old = true, m.style[newline]
		}
	})
	if !within {
		return fmt.Errorf("index %d is in no paragraph", at)
	}
	u := utf16.Encode([]rune(text))
	moved := func(i int) int {
		if i >= at {
			return i + len(u)
		}
		return i
	}
	style, tables := map[int]para{}, map[int]bool{}
	for i, p := range m.style {
		style[moved(i)] = p
	}
	for i := range m.tables {
		tables[moved(i)] = true
	}
	for name, r := range m.ranges {
		// At its very start the text may or may not become part of a range: here it does, which is the harder case.
		if start := r[0]; start != at {
			r[0] = moved(start)
		}
		r[1] = moved(r[1])
		m.ranges[name] = r
	}
	for i, c := range u {
		if c == '\n' {
			style[at+i] = old
		}
	}
	was := at > 0 && m.bold[at-1]
	m.text = slices.Insert(m.text, at, u...)
	m.bold = slices.Insert(m.bold, at, slices.Repeat([]bool{was}, len(u))...)
	m.style, m.tables = style, tables
	return nil
}

func (m *model) overlapping(r *docs.Range, f func(newline int)) {
	m.each(func(start, newline int) {
		if int64(start) < r.EndIndex && int64(newline) >= r.StartIndex {
			f(newline)
		}
	})
}

// The text form: one line a paragraph. "= " begins a title, "# " to "###### " headings, "* " an item of a list, "| " a cell; "@DATE " before it
// begins the section of that day, which reaches to the next one.
func parseModel(text string) *model {
	m := newModel()
	last := ""
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if rest, ok := strings.CutPrefix(l, "@"); ok {
			day, line, _ := strings.Cut(rest, " ")
			l, last = line, rangePrefix+day
			m.ranges[last] = [2]int{len(m.text) + 1, len(m.text) + 2}
		}
		t, s := headingOf(l)
		p := para{style: s}
		table := false
		switch {
		case strings.HasPrefix(l, "= "):
			t, p.style = l[2:], "TITLE"
		case strings.HasPrefix(l, "* "):
			t, p.bullet = l[2:], true
		case strings.HasPrefix(l, "| "):
			t, table = l[2:], true
		}
		m.add(t, p, false, table)
		if last != "" {
			m.ranges[last] = [2]int{m.ranges[last][0], len(m.text) - 1}
		}
	}
	return m
}

func (m *model) String() string {
	var b strings.Builder
	m.each(func(start, newline int) {
		for _, name := range sorted(m.ranges) {
			if m.ranges[name][0] == start+1 {
				b.WriteString("@" + strings.TrimPrefix(name, rangePrefix) + " ")
			}
		}
		p := m.style[newline]
		switch {
		case m.tables[newline]:
			b.WriteString("| ")
		case p.style == "TITLE":
			b.WriteString("= ")
		case strings.HasPrefix(p.style, "HEADING_"):
			b.WriteString(strings.Repeat("#", int(p.style[8]-'0')) + " ")
		}
		if p.bullet {
			b.WriteString("* ")
		}
		b.WriteString(string(utf16.Decode(m.text[start:newline])) + "\n")
	})
	return b.String()
}

func sorted[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
