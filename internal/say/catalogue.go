// Package say makes every sentence that a person reads, from values: what is different and what can be done about it,
// outcomes, slots and times on the reader's clock, what is out, and the messages that tell of all that. The sentences
// themselves stand in text, in one catalogue for each language; here is what they are filled with. It is pure.
package say

import (
	"embed"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed text
var files embed.FS

// catalogue is all that is said in one language, and how that language counts and lists.
type catalogue struct {
	tag    language.Tag
	texts  *template.Template
	simple map[string][]part   // those that choose and count nothing, as lists of thousands are made of
	words  map[string][]string // and those without any fact, word by word
}

// part is some text, or the fact of that field.
type part struct {
	text  string
	field []int // nil: it is text
}

// english is the language of those who name none, or one that there is no catalogue of.
const english = "en"

// catalogues are those of all languages, by tag.
var catalogues = sync.OnceValue(func() map[string]*catalogue {
	out := map[string]*catalogue{}
	all, err := files.ReadDir("text")
	for _, f := range all {
		if tag, ok := strings.CutSuffix(f.Name(), ".txt"); ok && err == nil {
			var b []byte
			if b, err = files.ReadFile("text/" + f.Name()); err == nil {
				out[tag], err = read(tag, string(b))
			}
		}
	}
	if err != nil {
		panic("say: " + err.Error()) // they are part of the program, and tested
	}
	return out
})

// read reads a catalogue: texts in lines "name: text", each of which may go on in lines that begin with spaces.
func read(tag, file string) (*catalogue, error) {
	t, err := language.Parse(tag)
	if err != nil {
		return nil, err
	}
	c := &catalogue{tag: t, simple: map[string][]part{}, words: map[string][]string{}}
	c.texts = template.New(tag).Delims("{", "}").Funcs(template.FuncMap{"count": c.count, "plural": c.plural})
	name, text := "", ""
	add := func(n int) error {
		if name == "" {
			return nil
		}
		parsed, err := c.texts.New(name).Parse(text)
		if err != nil {
			return fmt.Errorf("%s.txt:%d: %w", tag, n, err)
		}
		c.simplify(name, parsed.Root)
		return nil
	}
	lines := strings.Split(file, "\n")
	for i, line := range lines {
		switch key, rest, ok := strings.Cut(line, ":"); {
		case strings.TrimSpace(line) == "", strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " "):
			text += strings.TrimSpace(line)
		case !ok:
			return nil, fmt.Errorf("%s.txt:%d: want \"name: text\"", tag, i+1)
		default:
			if err := add(i); err != nil {
				return nil, err
			}
			if name, text = key, strings.TrimSpace(rest); c.has(name) {
				return nil, fmt.Errorf("%s.txt:%d: %s is there twice", tag, i+1, name)
			}
		}
	}
	return c, add(len(lines))
}

// has reports whether the catalogue has that text.
func (c *catalogue) has(name string) bool { return c.texts.Lookup(name) != nil }

// simplify notes a text that is nothing but texts and facts.
func (c *catalogue) simplify(name string, root *parse.ListNode) {
	var parts []part
	for _, n := range root.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			parts = append(parts, part{text: string(n.Text)})
		case *parse.ActionNode:
			field, ok := reflect.TypeFor[facts]().FieldByName(strings.TrimPrefix(n.Pipe.String(), "."))
			if !ok || field.Type.Kind() == reflect.Bool {
				return
			}
			parts = append(parts, part{field: field.Index})
		default:
			return
		}
	}
	if c.simple[name] = parts; len(parts) == 1 && parts[0].field == nil {
		c.words[name] = strings.Fields(parts[0].text)
	}
}

// say is the text of that name, filled in.
func (c *catalogue) say(name string, f facts) string {
	var b strings.Builder
	if parts, ok := c.simple[name]; ok {
		values := reflect.ValueOf(&f).Elem()
		for _, p := range parts {
			b.WriteString(p.text)
			switch {
			case p.field == nil:
			case values.FieldByIndex(p.field).CanInt():
				b.WriteString(strconv.FormatInt(values.FieldByIndex(p.field).Int(), 10))
			default:
				b.WriteString(values.FieldByIndex(p.field).String())
			}
		}
		return b.String()
	}
	if err := c.texts.ExecuteTemplate(&b, name, f); err != nil {
		panic("say: " + err.Error()) // a test fills in every text of every catalogue
	}
	return b.String()
}

// count is so many of what count.noun names.
func (c *catalogue) count(n int, noun string) string { return c.say("count."+noun, facts{N: n}) }

// forms are the names of the forms that languages have for numbers.
var forms = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many",
	plural.Other: "other",
}

// plural chooses of "form", "text", ... the text for n by the rules of the language, with n for each # in it.
func (c *catalogue) plural(n int, texts ...string) (string, error) {
	form := forms[plural.Cardinal.MatchPlural(c.tag, n, 0, 0, 0, 0)]
	i := slices.Index(texts, form)
	if i < 0 {
		i = slices.Index(texts, "other")
	}
	if i < 0 || i+1 >= len(texts) {
		return "", fmt.Errorf("plural: no text for %q", form)
	}
	return strings.ReplaceAll(texts[i+1], "#", strconv.Itoa(n)), nil
}

// list is "ana", "ana and bo", "ana, bo and kim".
func (c *catalogue) list(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	n := len(all) - 1
	return strings.Join(all[:n], c.say("list.between", facts{})) + c.say("list.last", facts{}) + all[n]
}

// facts are what texts are filled in with; of each only some are given.
type facts struct {
	Meeting, Day, Weekday, Month, MonthLong, Year, Clock         string
	From, To, Zone, Length, Detail, Dates, By, Text, List, Other string
	Manager, Report, OfManager, OfReport                         string
	Pair, Occurrence, Time                                       string
	N                                                            int
	Series, Until                                                bool
}
