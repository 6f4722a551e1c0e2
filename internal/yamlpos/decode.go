package yamlpos

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"
)

// Text is a scalar that reads as text or as a date.
type Text struct {
	Pos
	V string
}

// Int is a whole number.
type Int struct {
	Pos
	V int
}

// Bool is true or false.
type Bool struct {
	Pos
	V bool
}

// Map is a mapping with free keys, in the order of the file.
type Map[T any] []Entry[T]

// Entry is one key of a Map.
type Entry[T any] struct {
	Key   Text
	Value T
}

// Mapping is what every Map is; schema generators tell it from a list by this.
type Mapping interface{ mapping() }

func (Map[T]) mapping() {}

// Short is a struct that may also be written as a single text.
type Short interface{ SetText(Text) }

// Listed is a struct that may also be written as a list of texts.
type Listed interface{ SetList([]Text) }

// Decode reads one YAML document into out, a pointer to a struct. Its fields, named by their `yaml` tags, are Text,
// Int, Bool, Map, slices, structs and pointers to structs (nil unless given as such); embedded structs lend their keys,
// an embedded Pos gets the place of its struct. A `jsonschema` tag with "required" or "enum=…" is obeyed, so that file
// and schema cannot differ. Unknown, repeated and missing keys and values of another type are all reported; out then
// holds what could be read. Anchors, aliases and merge keys are followed.
func Decode(file string, data []byte, out any) Problems {
	d := decoder{file: file, budget: 1000 + 10*len(data)}
	var docs []yaml.Node
	err := yaml.Load(data, &docs, yaml.WithAllDocuments())
	first := Pos{file, 1, 1}
	switch e := (*yaml.LoadError)(nil); {
	case errors.As(err, &e):
		d.Add(Pos{file, max(e.Mark.Line, 1), max(e.Mark.Column, 1)}, "", "not YAML: %s", e.Message)
	case err != nil:
		d.Add(first, "", "not YAML: %v", err)
	case len(docs) == 0 || len(docs[0].Content) == 0:
		d.Add(first, "", "the file is empty")
	case len(docs) > 1:
		d.Add(d.pos(&docs[1]), "", "a second document begins here: a file holds one, without --- in between")
	default:
		d.value(docs[0].Content[0], reflect.ValueOf(out).Elem(), nil)
	}
	return d.Problems
}

type decoder struct {
	Problems
	file string
	// budget is how many nodes may still be visited: aliases of aliases can make a small file a huge one.
	budget int
	spent  bool
}

// path is the way of keys to a value.
type path struct {
	up  *path
	key string
}

func (p *path) String() string {
	if p == nil {
		return ""
	}
	up := p.up.String()
	if up == "" || strings.HasPrefix(p.key, "[") {
		return up + p.key
	}
	return up + "." + p.key
}

func (d *decoder) pos(n *yaml.Node) Pos { return Pos{d.file, max(n.Line, 1), max(n.Column, 1)} }

// node follows an alias; nil when the budget is used up.
func (d *decoder) node(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil && d.budget > 0 {
		d.budget--
		n = n.Alias
	}
	if d.budget--; d.budget > 0 {
		return n
	}
	if !d.spent {
		d.spent = true
		d.Add(d.pos(n), "", "too many aliases")
	}
	return nil
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, at *path) {
	if n = d.node(n); n == nil {
		return
	}
	if p, ok := v.Addr().Interface().(Listed); ok && n.Kind == yaml.SequenceNode {
		var list []Text
		d.value(n, reflect.ValueOf(&list).Elem(), at)
		p.SetList(list)
		return
	}
	switch p := v.Addr().Interface().(type) {
	case *Text:
		d.text(n, p, at)
		return
	case *Int:
		d.int(n, p, at)
		return
	case *Bool:
		d.bool(n, p, at)
		return
	case Short:
		if n.Kind == yaml.ScalarNode {
			var t Text
			d.text(n, &t, at)
			p.SetText(t)
			return
		}
	}
	_, isMap := v.Interface().(Mapping)
	switch {
	case v.Kind() == reflect.Pointer:
		to := reflect.New(v.Type().Elem())
		if d.value(n, to.Elem(), at); n.Kind == yaml.MappingNode {
			v.Set(to)
		}
	case v.Kind() == reflect.Struct && d.is(n, yaml.MappingNode, at):
		d.keys(n, v, at)
	case isMap && d.is(n, yaml.MappingNode, at):
		v.Set(reflect.MakeSlice(v.Type(), 0, len(n.Content)/2))
		d.pairs(n, at, func(k Text, c *yaml.Node) {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Field(0).Set(reflect.ValueOf(k))
			d.value(c, e.Field(1), &path{at, k.V})
			v.Set(reflect.Append(v, e))
		})
	case v.Kind() == reflect.Slice && !isMap && d.is(n, yaml.SequenceNode, at):
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, c := range n.Content {
			d.value(c, v.Index(i), &path{at, fmt.Sprintf("[%d]", i)})
		}
	}
}

// is reports whether n is of the kind, and complains if not.
func (d *decoder) is(n *yaml.Node, want yaml.Kind, at *path) bool {
	if n.Kind != want {
		d.Add(d.pos(n), at.String(), "want %s, found %s", kinds[want], kindOf(n))
	}
	return n.Kind == want
}

var kinds = map[yaml.Kind]string{yaml.MappingNode: "keys with values", yaml.SequenceNode: "a list"}

func kindOf(n *yaml.Node) string {
	if k, ok := kinds[n.Kind]; ok {
		return k
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "a number" // not which: it may be a password
	case "!!bool":
		return n.Value
	case "!!str", "!!timestamp":
		return "text"
	}
	return "a value tagged " + n.ShortTag()
}

// text reads a scalar; where it is none, t stays as if it was not given, so that nobody complains again.
func (d *decoder) text(n *yaml.Node, t *Text, at *path) {
	switch tag := n.ShortTag(); {
	case n.Kind != yaml.ScalarNode || tag == "!!null":
		d.Add(d.pos(n), at.String(), "want text, found %s", kindOf(n))
	case tag == "!!str" || tag == "!!timestamp":
		*t = Text{d.pos(n), n.Value}
	default:
		d.Add(d.pos(n), at.String(), "want text, found %s (in quotes it would be text)", kindOf(n))
	}
}

func (d *decoder) int(n *yaml.Node, i *Int, at *path) {
	v, err := strconv.Atoi(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" && n.ShortTag() != "!!float":
		d.Add(d.pos(n), at.String(), "want a whole number, found %s", kindOf(n))
	case err != nil || strconv.Itoa(v) != n.Value: // a leading zero means octal to some readers and nothing to others
		d.Add(d.pos(n), at.String(), "want a whole number, written like 20")
	default:
		*i = Int{d.pos(n), v}
	}
}

func (d *decoder) bool(n *yaml.Node, b *Bool, at *path) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		d.Add(d.pos(n), at.String(), "want true or false, found %s", kindOf(n))
		return
	}
	*b = Bool{d.pos(n), strings.EqualFold(n.Value, "true")}
}

// pairs calls f for each key of the mapping, its own first, then those of merged mappings it does not have.
func (d *decoder) pairs(n *yaml.Node, at *path, f func(Text, *yaml.Node)) {
	seen := map[string]Pos{}
	var each func(n *yaml.Node, merged bool, depth int)
	each = func(n *yaml.Node, merged bool, depth int) {
		var merges []*yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := d.node(n.Content[i])
			if k == nil {
				return
			}
			if k.ShortTag() == "!!merge" {
				merges = append(merges, n.Content[i+1])
				continue
			}
			var key Text
			before := len(d.Problems)
			d.text(k, &key, at)
			first, again := seen[key.V]
			switch {
			case len(d.Problems) > before:
			case again && !merged:
				d.Add(key.Pos, at.String(), "key %q is given twice (first in line %d)", key.V, first.Line)
			case !again:
				seen[key.V] = key.Pos
				f(key, n.Content[i+1])
			}
		}
		for _, m := range merges {
			list := []*yaml.Node{m}
			if s := d.node(m); s != nil && s.Kind == yaml.SequenceNode {
				list = s.Content
			}
			for _, m := range list {
				if m = d.node(m); m != nil && depth < 10 && d.is(m, yaml.MappingNode, at) {
					each(m, true, depth+1)
				}
			}
		}
	}
	each(n, false, 0)
}

// field is a key of a struct.
type field struct {
	name     string
	index    []int
	required bool
	enum     []string
}

type shape struct {
	fields []field
	names  []string
	pos    []int // index of the embedded Pos, nil for none
}

var shapes sync.Map // reflect.Type -> *shape

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := &shape{}
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("yaml")
		switch {
		case f.Type == reflect.TypeFor[Pos]():
			s.pos = f.Index
		case name != "" && name != "-":
			tags := strings.Split(f.Tag.Get("jsonschema"), ",")
			x := field{name: name, index: f.Index, required: slices.Contains(tags, "required")}
			for _, tag := range tags {
				if v, ok := strings.CutPrefix(tag, "enum="); ok {
					x.enum = append(x.enum, v)
				}
			}
			s.fields, s.names = append(s.fields, x), append(s.names, name)
		}
	}
	shapes.Store(t, s)
	return s
}

func (d *decoder) keys(n *yaml.Node, v reflect.Value, at *path) {
	s := shapeOf(v.Type())
	if s.pos != nil {
		v.FieldByIndex(s.pos).Set(reflect.ValueOf(d.pos(n)))
	}
	given := make([]bool, len(s.fields))
	d.pairs(n, at, func(k Text, c *yaml.Node) {
		i := slices.Index(s.names, k.V)
		if i < 0 {
			d.Add(k.Pos, at.String(), "unknown key %q%s", k.V, d.Suggest(k.V, s.names))
			return
		}
		given[i] = true
		f := s.fields[i]
		to := v.FieldByIndex(f.index)
		d.value(c, to, &path{at, k.V})
		if t, ok := to.Interface().(Text); ok && t.V != "" && f.enum != nil && !slices.Contains(f.enum, t.V) {
			d.Add(t.Pos, (&path{at, k.V}).String(), "%q is none of %s%s", t.V, strings.Join(f.enum, ", "), d.Suggest(t.V, f.enum))
		}
	})
	for i, f := range s.fields {
		if f.required && !given[i] {
			d.Add(d.pos(n), at.String(), "key %q is missing", f.name)
		}
	}
}
