//lint:file-ignore ST1005 the errors are in Google's own words.

package googletest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf16"
)

// document is the body of a Google Doc: paragraphs of text in UTF-16 code units, the first of them at index 1.
type document struct {
	units    []unit
	paras    []para // one per newline
	ranges   []namedRange
	revision int64
	lists    int64
}

type unit struct {
	u     uint16
	style object // textStyle; never changed in place
}

type para struct {
	style  string // namedStyleType
	list   string // "" for no bullet
	preset string
}

type namedRange struct {
	id, name   string
	start, end int
}

// newDocument makes one of text: "# " to "###### " begin headings, "= " a title, "- " bullets.
func newDocument(text string) *document {
	d := &document{revision: 1}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		p := para{style: "NORMAL_TEXT"}
		mark, rest, _ := strings.Cut(line, " ")
		switch {
		case mark != "" && len(mark) <= 6 && strings.Trim(mark, "#") == "":
			p.style, line = fmt.Sprintf("HEADING_%d", len(mark)), rest
		case mark == "=":
			p.style, line = "TITLE", rest
		case mark == "-":
			p.list, p.preset, line = "kix.list", "BULLET_DISC_CIRCLE_SQUARE", rest
		}
		for _, u := range utf16.Encode([]rune(line + "\n")) {
			d.units = append(d.units, unit{u: u})
		}
		d.paras = append(d.paras, p)
	}
	return d
}

// String is the text in the form that newDocument reads.
func (d *document) String() string {
	var out strings.Builder
	for _, p := range d.paragraphs() {
		switch {
		case strings.HasPrefix(p.style, "HEADING_"):
			out.WriteString(strings.Repeat("#", int(p.style[len(p.style)-1]-'0')) + " ")
		case p.style == "TITLE":
			out.WriteString("= ")
		case p.list != "":
			out.WriteString("- ")
		}
		out.WriteString(d.text(p.start, p.end))
	}
	return out.String()
}

func (d *document) copy() *document {
	c := *d
	c.units, c.paras, c.ranges = slices.Clone(d.units), slices.Clone(d.paras), slices.Clone(d.ranges)
	return &c
}

// end is the index behind the last newline.
func (d *document) end() int { return len(d.units) + 1 }

func (d *document) text(from, to int) string {
	var u []uint16
	for _, x := range d.units[from-1 : to-1] {
		u = append(u, x.u)
	}
	return string(utf16.Decode(u))
}

// span of a paragraph, its newline included.
type paraSpan struct {
	para
	n          int
	start, end int
}

func (d *document) paragraphs() []paraSpan {
	var out []paraSpan
	start := 1
	for i, u := range d.units {
		if u.u == '\n' {
			out = append(out, paraSpan{d.paras[len(out)], len(out), start, i + 2})
			start = i + 2
		}
	}
	return out
}

// at is the paragraph that the index lies in.
func (d *document) at(index int) paraSpan {
	ps := d.paragraphs()
	return ps[slices.IndexFunc(ps, func(p paraSpan) bool { return index < p.end })]
}

// middle: the index lies within a surrogate pair.
func (d *document) middle(index int) bool {
	return index > 1 && index < d.end() && utf16.IsSurrogate(rune(d.units[index-2].u)) && d.units[index-2].u < 0xdc00 &&
		utf16.IsSurrogate(rune(d.units[index-1].u)) && d.units[index-1].u >= 0xdc00
}

// insert puts text in before the index. New paragraphs take after the one it lies in, text after what stands before it.
func (d *document) insert(index int, text string) error {
	if index < 1 || index >= d.end() || d.middle(index) {
		return fmt.Errorf("Index %d must be inside the bounds of an existing paragraph.", index)
	}
	text = strings.Map(func(r rune) rune {
		if r <= 8 || r >= 0xc && r <= 0x1f || r >= 0xe000 && r <= 0xf8ff {
			return -1
		}
		return r
	}, text)
	p := d.at(index)
	var style object
	if index > p.start {
		style = d.units[index-2].style
	} else {
		style = d.units[index-1].style
	}
	var in []unit
	var paras []para
	for _, u := range utf16.Encode([]rune(text)) {
		in = append(in, unit{u, style})
		if u == '\n' {
			paras = append(paras, p.para)
		}
	}
	d.units = slices.Insert(d.units, index-1, in...)
	d.paras = slices.Insert(d.paras, p.n, paras...)
	for i := range d.ranges {
		r := &d.ranges[i]
		if index <= r.start {
			r.start += len(in)
		}
		if index < r.end {
			r.end += len(in)
		}
	}
	return nil
}

// remove takes [from, to) out. Where a newline goes, what is left of its paragraph joins the next.
func (d *document) remove(from, to int) error {
	if err := d.check(from, to); err != nil {
		return err
	}
	if to == d.end() {
		return fmt.Errorf("The range cannot include the newline character at the end of the segment.")
	}
	if d.middle(from) || d.middle(to) {
		return fmt.Errorf("The range should not delete one code unit of a surrogate pair.")
	}
	n := d.at(from).n
	lines := 0
	for _, u := range d.units[from-1 : to-1] {
		if u.u == '\n' {
			lines++
		}
	}
	d.paras = slices.Delete(d.paras, n, n+lines)
	d.units = slices.Delete(d.units, from-1, to-1)
	less := func(at int) int {
		switch {
		case at <= from:
			return at
		case at >= to:
			return at - (to - from)
		}
		return from
	}
	d.ranges = slices.DeleteFunc(d.ranges, func(r namedRange) bool { return r.start >= from && r.end <= to })
	for i := range d.ranges {
		d.ranges[i].start, d.ranges[i].end = less(d.ranges[i].start), less(d.ranges[i].end)
	}
	return nil
}

func (d *document) check(from, to int) error {
	if from < 1 || to <= from || to > d.end() {
		return fmt.Errorf("The range [%d, %d) is empty or outside of the segment.", from, to)
	}
	return nil
}

// restyle merges style into the text of [from, to), field by field of the mask.
func (d *document) restyle(from, to int, style object, fields []string) {
	for i := from - 1; i < to-1; i++ {
		next := maps.Clone(d.units[i].style)
		if next == nil {
			next = object{}
		}
		for _, f := range fields {
			if v, ok := style[f]; ok {
				next[f] = v
			} else {
				delete(next, f)
			}
		}
		d.units[i].style = next
	}
}

// elements are the runs of equal style of a paragraph.
func (d *document) elements(p paraSpan) []any {
	out := []any{}
	for from := p.start; from < p.end; {
		to := from + 1
		for to < p.end && sameStyle(d.units[to-1].style, d.units[from-1].style) {
			to++
		}
		style := d.units[from-1].style
		if style == nil {
			style = object{}
		}
		out = append(out, object{"startIndex": from, "endIndex": to, "textRun": object{"content": d.text(from, to), "textStyle": clone(style)}})
		from = to
	}
	return out
}

func sameStyle(a, b object) bool { return len(a)+len(b) == 0 || reflect.DeepEqual(a, b) }

// render is the body with its lists and named ranges.
func (d *document) render() object {
	content := []any{object{"endIndex": 1, "sectionBreak": object{"sectionStyle": object{"columnSeparatorStyle": "NONE"}}}}
	lists := object{}
	for _, p := range d.paragraphs() {
		body := object{"elements": d.elements(p), "paragraphStyle": object{"namedStyleType": p.style, "direction": "LEFT_TO_RIGHT"}}
		if p.list != "" {
			body["bullet"] = object{"listId": p.list, "textStyle": object{}}
			lists[p.list] = object{"listProperties": object{"nestingLevels": []any{object{"glyphType": glyph(p.preset), "bulletAlignment": "START"}}}}
		}
		content = append(content, object{"startIndex": p.start, "endIndex": p.end, "paragraph": body})
	}
	out := object{"body": object{"content": content}}
	if len(lists) > 0 {
		out["lists"] = lists
	}
	names := object{}
	for _, r := range d.ranges {
		all, _ := names[r.name].(object)
		if all == nil {
			all = object{"name": r.name, "namedRanges": []any{}}
			names[r.name] = all
		}
		all["namedRanges"] = append(list(all, "namedRanges"), object{"namedRangeId": r.id, "name": r.name, "ranges": []any{object{"startIndex": r.start, "endIndex": r.end}}})
	}
	if len(names) > 0 {
		out["namedRanges"] = names
	}
	return out
}

func glyph(preset string) string {
	if strings.HasPrefix(preset, "NUMBERED_DECIMAL") {
		return "DECIMAL"
	}
	return "GLYPH_TYPE_UNSPECIFIED"
}
