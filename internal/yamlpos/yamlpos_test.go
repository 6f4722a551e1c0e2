package yamlpos

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type shelf struct {
	Pos   `yaml:"-"`
	Owner Text       `yaml:"owner" jsonschema:"required"`
	Kind  Text       `yaml:"kind" jsonschema:"enum=oak,enum=steel"`
	Rows  Int        `yaml:"rows"`
	Books []book     `yaml:"books"`
	Notes Map[Text]  `yaml:"notes"`
	Below *shelf     `yaml:"below"`
	More  Map[shelf] `yaml:"more"`
	common
}

type common struct {
	Room Text `yaml:"room"`
}

// book is a title, or keys with a title.
type book struct {
	Title Text `yaml:"title"`
}

func (b *book) SetText(t Text) { b.Title = t }

func at(line, column int) Pos { return Pos{"f.yaml", line, column} }

func TestDecodeKeepsPlaces(t *testing.T) {
	var got shelf
	ps := Decode("f.yaml", []byte(`# a shelf
owner: Mia
rows: 3
room: 2026-12-01
books:
  - Emma
  - {title: "Ulysses"}
notes: {b: two, a: one}
below:
  owner: Raj
  kind: oak
`), &got)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	want := shelf{Pos: at(2, 1), Owner: Text{at(2, 8), "Mia"}, Rows: Int{at(3, 7), 3}, common: common{Text{at(4, 7), "2026-12-01"}},
		Books: []book{{Text{at(6, 5), "Emma"}}, {Text{at(7, 13), "Ulysses"}}},
		Notes: Map[Text]{{Text{at(8, 9), "b"}, Text{at(8, 12), "two"}}, {Text{at(8, 17), "a"}, Text{at(8, 20), "one"}}},
		Below: &shelf{Pos: at(10, 3), Owner: Text{at(10, 10), "Raj"}, Kind: Text{at(11, 9), "oak"}}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(shelf{})); d != "" {
		t.Error(d)
	}
}

func TestMergeKeys(t *testing.T) {
	for name, x := range map[string]struct{ text, want string }{
		"own keys go first":       {"more: {a: &a {owner: A, kind: oak}}\nbelow: {<<: *a, owner: B}\nowner: x", "B oak"},
		"wherever they stand":     {"more: {a: &a {owner: A, kind: oak}}\nbelow: {owner: B, <<: *a}\nowner: x", "B oak"},
		"first of a list":         {"more: {a: &a {owner: A}, b: &b {owner: B, kind: steel}}\nbelow: {<<: [*a, *b]}\nowner: x", "A steel"},
		"merged into the merged":  {"more: {a: &a {owner: A}, b: &b {<<: *a, kind: steel}}\nbelow: {<<: *b}\nowner: x", "A steel"},
		"quoted it is a key":      {"below: {\"<<\": {owner: B}}\nowner: x", `f.yaml:1:8: below: key "owner" is missing; f.yaml:1:9: below: unknown key "<<"`},
		"text cannot be merged":   {"below: {<<: x, owner: B}\nowner: x", "f.yaml:1:13: below: want keys with values, found text"},
		"nor can it merge itself": {"below: &a {<<: *a, owner: B}\nowner: x", "B "},
	} {
		var s shelf
		ps := Decode("f.yaml", []byte(x.text), &s)
		var got string
		if err := ps.Err(); err != nil {
			got = strings.ReplaceAll(err.Error(), "\n", "; ")
		} else {
			got = s.Below.Owner.V + " " + s.Below.Kind.V
		}
		if got != x.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, x.want)
		}
	}
}

func TestEveryProblemHasItsPath(t *testing.T) {
	var s shelf
	err := Decode("f.yaml", []byte(`rows: 1.5
kind: stone
books: [[x], {titel: y}]
notes: {7: x, "": [z]}
below: {more: {x: {rows: 08}}}
`), &s).Err()
	want := `f.yaml:1:1: key "owner" is missing
f.yaml:1:7: rows: want a whole number, written like 20
f.yaml:2:7: kind: "stone" is none of oak, steel
f.yaml:3:9: books[0]: want keys with values, found a list
f.yaml:3:15: books[1]: unknown key "titel" (did you mean title?)
f.yaml:4:9: notes: want text, found a number (in quotes it would be text)
f.yaml:4:19: notes.: want text, found a list
f.yaml:5:8: below: key "owner" is missing
f.yaml:5:19: below.more.x: key "owner" is missing
f.yaml:5:26: below.more.x.rows: want a whole number, written like 20`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestErrSortsAndTellsEachOnce(t *testing.T) {
	var ps Problems
	if ps.Err() != nil {
		t.Error("no problem is an error")
	}
	ps.Add(Pos{"b", 1, 1}, "", "x")
	ps.Add(Pos{"a", 10, 1}, "", "x")
	ps.Add(Pos{"a", 2, 2}, "w", "second")
	ps.Add(Pos{"a", 2, 1}, "w", "first")
	ps.Add(Pos{"a", 2, 2}, "w", "second")
	err := fmt.Errorf("roster: %w", ps.Err())
	want := "roster: a:2:1: w: first\na:2:2: w: second\na:10:1: x\nb:1:1: x"
	if err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if got := (Problems)(nil); !errors.As(err, &got) || len(got) != 4 {
		t.Errorf("errors.As finds %v", got)
	}
}

// A name may be as long as a file, and hold what moves the cursor or turns the line around.
func TestProblemsCanBeShown(t *testing.T) {
	var ps Problems
	ps.Add(at(1, 1), "person \x1b[2J", "%s\u202e is not \n ü", "x")
	ps.Add(at(2, 1), "", "%q", strings.Repeat("é", 100_000))
	if got, want := ps[0].Error(), `f.yaml:1:1: person \x1b[2J: x\u202e is not \n ü`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n := len([]rune(ps[1].Text)); n != maxShown+1 {
		t.Errorf("%d characters are shown", n)
	}
}

func TestNearest(t *testing.T) {
	words := []string{"Europe/Paris", "Europe/Prague", "Europe/Berlin", "report", "reports", "manager", "DE", "DK"}
	for word, want := range map[string]string{
		"Europe/Pari": "Europe/Paris", "europe/berlin": "Europe/Berlin", "Eurpoe/Paris": "Europe/Paris", "reprot": "report", "reportss": "reports",
		"mnager": "manager", "de": "DE", "DX": "", "": "", "nothing": "", "Asia/Tokyo": "", strings.Repeat("x", 1000): "",
	} {
		if got := Nearest(word, words); got != want {
			t.Errorf("%.20q: got %q, want %q", word, got, want)
		}
	}
}

// ways is a struct in all of its forms.
type ways struct {
	Pos   `yaml:"-"`
	Names []Text `yaml:"-"`
	Mail  Text   `yaml:"mail"`
}

func (w *ways) SetText(t Text)   { w.Names = []Text{t} }
func (w *ways) SetList(l []Text) { w.Names = l }

func TestFormsOfAStruct(t *testing.T) {
	for text, want := range map[string]string{
		"x: a":         "[a] ",
		"x: [a, b]":    "[a b] ",
		"x: []":        "[] ",
		"x: {mail: a}": "[] a",
		"x: [a, [b]]":  "f.yaml:1:8: x[1]: want text, found a list",
		"x: {pig: a}":  `f.yaml:1:5: x: unknown key "pig"`,
		"x: 7":         "f.yaml:1:4: x: want text, found a number (in quotes it would be text)",
	} {
		var s struct {
			X ways `yaml:"x"`
		}
		got := ""
		if err := Decode("f.yaml", []byte(text), &s).Err(); err != nil {
			got = err.Error()
		} else {
			var names []string
			for _, n := range s.X.Names {
				names = append(names, n.V)
			}
			got = fmt.Sprintf("%v %s", names, s.X.Mail.V)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
