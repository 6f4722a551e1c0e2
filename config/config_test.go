package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"holdfast/internal/roster"
	"holdfast/internal/settings"
	"holdfast/internal/yamlpos"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "write the JSON Schemas anew")

// schemas are the generated files with the types they are made from.
var schemas = map[string]struct {
	title string
	of    any
}{
	"roster.schema.json":   {"Holdfast roster", roster.File{}},
	"holdfast.schema.json": {"Holdfast settings", settings.File{}},
}

// comments are those of the fields, by package, type and field: the schemas describe with them.
var comments = sync.OnceValue(func() map[string]string {
	var r jsonschema.Reflector
	for _, name := range []string{"roster", "settings"} {
		if err := r.AddGoComments("holdfast/config", "../internal/"+name); err != nil {
			panic(err)
		}
	}
	return r.CommentMap
})

func generate(title string, of any) []byte {
	r := jsonschema.Reflector{Anonymous: true, DoNotReference: true, FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true}
	r.LookupComment = func(t reflect.Type, field string) string {
		if field == "" {
			return ""
		}
		return strings.ReplaceAll(comments()[t.PkgPath()+"."+t.Name()+"."+field], "\n", " ")
	}
	r.Mapper = func(t reflect.Type) *jsonschema.Schema {
		switch {
		case t == reflect.TypeFor[yamlpos.Text]():
			return &jsonschema.Schema{Type: "string"}
		case t == reflect.TypeFor[yamlpos.Int]():
			return &jsonschema.Schema{Type: "integer"}
		case t == reflect.TypeFor[yamlpos.Bool]():
			return &jsonschema.Schema{Type: "boolean"}
		case t.Implements(reflect.TypeFor[yamlpos.Mapping]()):
			return &jsonschema.Schema{Type: "object", AdditionalProperties: inner(r, t.Elem().Field(1).Type)}
		case reflect.PointerTo(t).Implements(reflect.TypeFor[yamlpos.Short]()):
			long := r
			long.Mapper = func(u reflect.Type) *jsonschema.Schema {
				if u == t {
					return nil
				}
				return r.Mapper(u)
			}
			short := &jsonschema.Schema{Type: "string"}
			if p, ok := reflect.Zero(t).Interface().(interface{ TextPattern() string }); ok {
				short.Pattern = p.TextPattern()
			}
			forms := []*jsonschema.Schema{short, inner(long, t)}
			if l, ok := reflect.New(t).Interface().(interface {
				yamlpos.Listed
				ItemPattern() string
			}); ok {
				item := &jsonschema.Schema{Type: "string", Pattern: l.ItemPattern()}
				forms = append(forms, &jsonschema.Schema{Type: "array", Items: item, UniqueItems: true})
			}
			return &jsonschema.Schema{OneOf: forms}
		}
		return nil
	}
	s := r.Reflect(of)
	s.Title = title
	if people, ok := s.Properties.Get("people"); ok {
		people.PropertyNames = &jsonschema.Schema{Pattern: "^[a-z0-9][a-z0-9_-]*$"}
	}
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err)
	}
	return append(out, '\n')
}

// inner is the schema of a type within another.
func inner(r jsonschema.Reflector, t reflect.Type) *jsonschema.Schema {
	s := r.ReflectFromType(t)
	s.Version = ""
	return s
}

func TestSchemasAreThoseOfTheTypes(t *testing.T) {
	for name, s := range schemas {
		want := generate(s.title, s.of)
		if *update {
			if err := os.WriteFile(name, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s is not up to date: go test ./config -update\n%s", name, d)
		}
	}
}

// check validates YAML text by the schema file.
func check(t *testing.T, schema string, text []byte) error {
	t.Helper()
	data, err := os.ReadFile(schema)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := validator.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(schema, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	var n yaml.Node
	if err := yaml.Load(text, &n); err != nil {
		t.Fatal(err)
	}
	return s.Validate(plain(&n))
}

// plain is the node as editors see it: dates are text.
func plain(n *yaml.Node) any {
	switch {
	case n.Kind == yaml.DocumentNode:
		return plain(n.Content[0])
	case n.Kind == yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = plain(n.Content[i+1])
		}
		return m
	case n.Kind == yaml.SequenceNode:
		l := []any{}
		for _, c := range n.Content {
			l = append(l, plain(c))
		}
		return l
	case n.ShortTag() == "!!int":
		return json.Number(n.Value)
	case n.ShortTag() == "!!null":
		return nil
	}
	return n.Value
}

// parse reads a file of either kind as Holdfast does.
func parse(kind, name string, text []byte) error {
	if kind == "roster" {
		_, err := roster.Parse([]roster.Input{{Name: name, Data: text}}, nil, nil)
		return err
	}
	_, err := settings.Parse(name, text, func(string) (string, bool) { return "", false })
	return err
}

func TestExamplesLoad(t *testing.T) {
	s, err := settings.Load("holdfast.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Warnings) > 0 {
		t.Error(s.Warnings)
	}
	r, err := roster.NewSource(s.Dir, s.Roster, s.CalendarNames()).Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.People) != 3 || len(r.Pairs) != 2 {
		t.Errorf("%d people and %d pairs, want 3 and 2", len(r.People), len(r.Pairs))
	}
	for _, kind := range []string{"roster", "holdfast"} {
		text, err := Files.ReadFile(kind + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "# yaml-language-server: $schema="+kind+".schema.json\n") {
			t.Errorf("%s.yaml does not name its schema in the first line", kind)
		}
		if err := check(t, kind+".schema.json", text); err != nil {
			t.Error(err)
		}
	}
}

// What the README shows of notices and of signing in is as the settings want it.
func TestReadmeSettings(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, block := range strings.Split(string(readme), "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if !strings.HasPrefix(text, "notify:") && !strings.HasPrefix(text, "web:") {
			continue
		}
		n++
		text = "org: acme\nroster: [roster.yaml]\ncalendars: {}\n" + text
		if err := parse("holdfast", "README.md", []byte(text)); err != nil {
			t.Error(err)
		}
		if err := check(t, "holdfast.schema.json", []byte(text)); err != nil {
			t.Error(err)
		}
	}
	if n != 4 {
		t.Errorf("%d blocks of notices and pages", n)
	}
}

// Every file in testdata is named for its kind and what is wrong with it.
func TestSchemasRefuseBadFiles(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.yaml")
	if len(files) < 10 {
		t.Fatalf("only %d bad files", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := strings.Cut(filepath.Base(file), "-")
		if check(t, kind+".schema.json", text) == nil {
			t.Errorf("%s: the schema accepts it", file)
		}
		if parse(kind, file, text) == nil {
			t.Errorf("%s: Holdfast accepts it", file)
		}
	}
}
