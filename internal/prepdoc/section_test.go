package prepdoc

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"google.golang.org/api/docs/v1"
	"pgregory.net/rapid"

	"holdfast/internal/series"
)

var tuesday = Occurrence{Date: series.Date{Year: 2026, Month: 12, Day: 8}, Day: series.Date{Year: 2026, Month: 12, Day: 8},
	Start: time.Date(2026, 12, 8, 9, 0, 0, 0, time.UTC)}

// The section of Tue 8 Dec is written into before; after is what the document then says. A file template replaces the
// standard one.
func TestSections(t *testing.T) {
	files, err := filepath.Glob("testdata/section/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f := map[string]string{}
			for _, x := range a.Files {
				f[x.Name] = string(x.Data)
			}
			s := pair()
			s.Doc.Section = "standard"
			if f["template"] != "" {
				s.Doc.Section = f["template"]
			}
			m := parseModel(f["before"])
			requests, ok := compose(m.document(), sectionOf(s), tuesday)
			if !ok {
				t.Fatal("not to be written")
			}
			if err := m.apply(requests); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(f["after"], strings.ReplaceAll(m.String(), " \n", "\n")); d != "" {
				t.Error(d)
			}
		})
	}
}

var anyText = rapid.StringOf(rapid.SampledFrom([]rune("ab [x]-*•#é\u2028\u000b😀𝄞e\u0301\ufffd\ue907\u0001")))

func anyModel(t *rapid.T) *model {
	m := newModel()
	for range rapid.IntRange(0, 12).Draw(t, "paragraphs") {
		text := rapid.SampledFrom([]string{"", "[ ] ", "[x] ", "[]", "Actions"}).Draw(t, "begin")
		if text != "Actions" {
			text += anyText.Draw(t, "text")
		}
		p := para{rapid.SampledFrom([]string{"NORMAL_TEXT", "TITLE", "HEADING_1", "HEADING_2"}).Draw(t, "style"), rapid.Bool().Draw(t, "bullet")}
		if rapid.IntRange(0, 5).Draw(t, "section") == 0 {
			day := series.Date{Year: 2026, Month: 1, Day: 1}.AddDays(len(m.text))
			m.ranges[rangePrefix+day.String()] = [2]int{len(m.text) + 1, len(m.text) + 2}
		}
		m.add(text, p, rapid.Bool().Draw(t, "bold"), rapid.IntRange(0, 4).Draw(t, "table") == 0)
	}
	m.add("", para{style: "NORMAL_TEXT"}, false, false) // a body ends with a paragraph
	return m
}

// Whatever stands in the document: a section is one piece of text put in, all else stays as it is, style and all.
func TestSectionsOnlyAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyModel(t)
		text, bold, styles := slices.Clone(m.text), slices.Clone(m.bold), lineStyles(m)
		template := rapid.SampledFrom([]string{StandardSection, "", "{actions}\n{date}", "# {date}\n## To do\n{actions}\n"}).Draw(t, "template") + anyText.Draw(t, "more")
		open := openActions(m.document(), template)
		requests, ok := compose(m.document(), template, tuesday)
		if !ok {
			t.Fatal("not to be written")
		}
		if err := m.apply(requests); err != nil {
			t.Fatal(err)
		}
		r, marked := m.ranges[rangePrefix+tuesday.Date.String()]
		if !marked {
			t.Fatal("not marked")
		}
		at, n := r[0]-1, len(m.text)-len(text)
		if r[1] != at+n-1 {
			t.Fatalf("the mark covers %v of [%d,%d)", r, at, at+n)
		}
		if !slices.Equal(slices.Delete(slices.Clone(m.text), at, at+n), text) {
			t.Fatal("the text is not what it was")
		}
		if !slices.Equal(slices.Delete(slices.Clone(m.bold), at, at+n), bold) {
			t.Fatal("the text's style is not what it was")
		}
		now := lineStyles(m)
		added := len(now) - len(styles)
		before := strings.Count(string(utf16.Decode(m.text[1:at])), "\n")
		if d := cmp.Diff(styles, slices.Delete(slices.Clone(now), before, before+added), cmp.AllowUnexported(para{})); d != "" {
			t.Fatal("paragraphs are not what they were", d)
		}
		inserted := string(utf16.Decode(m.text[at : at+n]))
		if slices.Contains(m.bold[at:at+n], true) || slices.ContainsFunc(now[before:before+added], func(p para) bool { return p.bullet }) {
			t.Fatal("the section took over the style of its place")
		}
		for _, a := range open {
			if !strings.Contains(inserted, openBox+" "+a+"\n") {
				t.Fatalf("%q was not carried over into %q", a, inserted)
			}
		}
		if again, ok := compose(m.document(), template, tuesday); !ok || again != nil {
			t.Fatal("it would be written twice")
		}
		// It carries on from there, with lines that happen to follow, up to a heading.
		if next := openActions(m.document(), template); template == StandardSection && (len(next) < len(open) || !slices.Equal(next[:len(open)], open)) {
			t.Fatalf("%q carried on as %q", open, next)
		}
	})
}

func lineStyles(m *model) (out []para) {
	m.each(func(_, newline int) { out = append(out, m.style[newline]) })
	return out
}

func TestUnitsAreThoseOfUTF16(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), anyText).Draw(t, "text")
		if got, want := units(s), int64(len(utf16.Encode([]rune(s)))); got != want {
			t.Fatalf("%q: %d, want %d", s, got, want)
		}
		clean := insertable(s)
		if insertable(clean) != clean {
			t.Fatal("not clean after all")
		}
		for _, r := range clean {
			if r < 9 || r > 0xb && r < 0x20 || r >= 0xe000 && r <= 0xf8ff {
				t.Fatalf("%U is left", r)
			}
		}
	})
	for s, want := range map[string]int64{"": 0, "a": 1, "é": 1, "e\u0301": 2, "😀": 2, "👩‍💻": 5, "\xff": 1} {
		if got := units(s); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

// People, links to files and dates in an action are carried over as the words they show; suggestions are not yet text.
func TestElementsAsText(t *testing.T) {
	d := parseModel("## Actions\n[ ] x\n").document()
	d.Body.Content[2].Paragraph.Elements = []*docs.ParagraphElement{
		{TextRun: &docs.TextRun{Content: "[ ] ask "}},
		{Person: &docs.Person{PersonProperties: &docs.PersonProperties{Name: "Lee", Email: "lee@example.com"}}},
		{Person: &docs.Person{PersonProperties: &docs.PersonProperties{Email: "bo@example.com"}}},
		{TextRun: &docs.TextRun{Content: " maybe", SuggestedInsertionIds: []string{"s"}}},
		{TextRun: &docs.TextRun{Content: " about "}},
		{RichLink: &docs.RichLink{RichLinkProperties: &docs.RichLinkProperties{Title: "Plan", Uri: "https://x"}}},
		{RichLink: &docs.RichLink{RichLinkProperties: &docs.RichLinkProperties{Uri: "https://y"}}},
		{TextRun: &docs.TextRun{Content: " by "}},
		{DateElement: &docs.DateElement{DateElementProperties: &docs.DateElementProperties{DisplayText: "9 Dec"}}},
		{PageBreak: &docs.PageBreak{}},
		{TextRun: &docs.TextRun{Content: "\n"}},
	}
	want := []string{"ask Leebo@example.com about Planhttps://y by 9 Dec"}
	if d := cmp.Diff(want, openActions(d, StandardSection)); d != "" {
		t.Error(d)
	}
}

// A document whose body has no paragraph is left alone.
func TestNoParagraph(t *testing.T) {
	for _, d := range []*docs.Document{{}, {Body: &docs.Body{}}} {
		if r, ok := compose(d, StandardSection, tuesday); ok || r != nil {
			t.Error(r)
		}
	}
}

func pair() series.Series {
	return series.Series{Org: "acme", Pair: series.Pair{Manager: "mia", Report: "raj"}, Title: "1:1 Mia Chen / Raj Patel",
		Manager: series.Person{ID: "mia", Name: "Mia Chen", Email: "mia@example.com", Aliases: []string{"mia.chen@example.com"}},
		Report:  series.Person{ID: "raj", Name: "Raj Patel", Email: "raj@example.com"},
		Slot:    series.Slot{Weekday: time.Tuesday, At: 600, Duration: time.Hour, Every: 1, Zone: "Europe/Berlin"}}
}
