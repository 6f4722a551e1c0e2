package googletest

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// discovery is one of Google's own descriptions of an API, as it lies in the Go module.
type discovery struct {
	schemas object
	globals object // parameters of every method
	scopes  object
	methods []declared
}

// declared is a method as it is declared there.
type declared struct {
	method
	parameters        object
	scopes            []string
	request, response string // schemas
}

// discoveries are those of the three APIs, in the module that this one is built with.
var discoveries = sync.OnceValues(func() (map[string]*discovery, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil {
		return nil, fmt.Errorf("find the discovery documents: %w", err)
	}
	all := map[string]*discovery{}
	for api, file := range map[string]string{"calendar": "calendar/v3/calendar-api.json", "drive": "drive/v3/drive-api.json", "docs": "docs/v1/docs-api.json"} {
		b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), file))
		if err != nil {
			return nil, err
		}
		var doc object
		if err := json.Unmarshal(b, &doc); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		d := &discovery{schemas: sub(doc, "schemas"), globals: sub(doc, "parameters"), scopes: sub(sub(sub(doc, "auth"), "oauth2"), "scopes")}
		d.collect(doc)
		all[api] = d
	}
	return all, nil
})

// collect reads the methods of a resource and those below it.
func (d *discovery) collect(resource object) {
	for _, name := range sorted(sub(resource, "methods")) {
		m := sub(sub(resource, "methods"), name)
		d.methods = append(d.methods, declared{method: method{id: text(m, "id"), verb: text(m, "httpMethod"), path: text(m, "path")},
			parameters: sub(m, "parameters"), scopes: texts(m, "scopes"), request: text(sub(m, "request"), "$ref"), response: text(sub(m, "response"), "$ref")})
	}
	for _, name := range sorted(sub(resource, "resources")) {
		d.collect(sub(sub(resource, "resources"), name))
	}
}

// find is the declared method that a request calls.
func (d *discovery) find(verb, escaped string) *declared {
	for i := range d.methods {
		if _, ok := d.methods[i].match(verb, escaped); ok {
			return &d.methods[i]
		}
	}
	return nil
}

func (d *discovery) method(id string) *declared {
	i := slices.IndexFunc(d.methods, func(m declared) bool { return m.id == id })
	if i < 0 {
		return nil
	}
	return &d.methods[i]
}

// schema follows references.
func (d *discovery) schema(s object) object {
	for text(s, "$ref") != "" {
		s = sub(d.schemas, text(s, "$ref"))
	}
	return s
}

// check compares a value with its schema and tells what is not declared. In requests null stands for removal, and what the
// method requires has to be there.
func (d *discovery) check(schema object, v any, path, requestOf string) []string {
	schema = d.schema(schema)
	wrong := func(format string, args ...any) []string { return []string{path + ": " + fmt.Sprintf(format, args...)} }
	if v == nil {
		if requestOf != "" {
			return nil
		}
		return wrong("is null")
	}
	switch v := v.(type) {
	case object:
		if schema["properties"] == nil && schema["additionalProperties"] == nil {
			if text(schema, "type") == "object" || text(schema, "type") == "any" {
				return nil // an object without declared members, such as an empty message
			}
			return wrong("is an object, want %s", text(schema, "type"))
		}
		return d.checkMembers(schema, v, path, requestOf)
	case []any:
		if text(schema, "type") != "array" {
			return wrong("is an array, want %s", text(schema, "type"))
		}
		var out []string
		for i, x := range v {
			out = append(out, d.check(sub(schema, "items"), x, fmt.Sprintf("%s[%d]", path, i), requestOf)...)
		}
		return out
	}
	if !fits(schema, v) {
		return wrong("%v does not fit %s %s %v", v, text(schema, "type"), text(schema, "format"), valuesOf(schema))
	}
	return nil
}

func (d *discovery) checkMembers(schema, v object, path, requestOf string) []string {
	var out []string
	for _, k := range sorted(v) {
		member := sub(sub(schema, "properties"), k)
		if member == nil {
			member = sub(schema, "additionalProperties")
		}
		if member == nil {
			out = append(out, path+"."+k+": is not declared")
			continue
		}
		out = append(out, d.check(member, v[k], path+"."+k, requestOf)...)
	}
	for _, k := range sorted(sub(schema, "properties")) {
		needs := texts(sub(sub(sub(schema, "properties"), k), "annotations"), "required")
		if _, has := v[k]; !has && requestOf != "" && slices.Contains(needs, requestOf) {
			out = append(out, path+"."+k+": is required")
		}
	}
	return out
}

var (
	saysValues = regexp.MustCompile(`(?i)possible values are`)
	oneValue   = regexp.MustCompile(`(?m)^\s*- "([A-Za-z]+)"`)
)

// valuesOf are the values that a schema allows: by its enum, or by a list in its description.
func valuesOf(schema object) []string {
	if e := texts(schema, "enum"); len(e) > 0 {
		return e
	}
	says := text(schema, "description")
	if known, ok := listed.Load(says); ok {
		return known.([]string)
	}
	var out []string
	if saysValues.MatchString(says) {
		for _, m := range oneValue.FindAllStringSubmatch(says, -1) {
			out = append(out, m[1])
		}
	}
	listed.Store(says, out)
	return out
}

// listed are the values by the description that lists them: reading it for each value of each answer would take a fifth
// of a test's time.
var listed sync.Map

// fits is whether a plain value has the type, format and values of its schema. A number of 64 bits is a string.
func fits(schema object, v any) bool {
	switch v := v.(type) {
	case bool:
		return text(schema, "type") == "boolean"
	case float64:
		return text(schema, "type") == "number" || text(schema, "type") == "integer" && v == math.Trunc(v)
	case int, int64:
		return text(schema, "type") == "integer" || text(schema, "type") == "number"
	case string:
		if text(schema, "type") == "any" {
			return true
		}
		if values := valuesOf(schema); text(schema, "type") != "string" || len(values) > 0 && !slices.Contains(values, v) {
			return false
		}
		var err error
		switch text(schema, "format") {
		case "int64", "uint64":
			_, err = strconv.ParseInt(v, 10, 64)
		case "date-time":
			if _, err = time.Parse(time.RFC3339, v); err != nil {
				_, err = time.Parse("2006-01-02T15:04:05", v) // an event's time beside its timeZone
			}
		case "date":
			_, err = time.Parse(time.DateOnly, v)
		}
		return err == nil
	}
	return false
}

// checkParameter compares the values of a query parameter with its declaration.
func checkParameter(declared object, name string, values []string) []string {
	if declared == nil || text(declared, "location") == "path" {
		return []string{"parameter " + name + ": is not declared"}
	}
	if len(values) > 1 && !yes(declared, "repeated") {
		return []string{"parameter " + name + ": is repeated"}
	}
	var out []string
	for _, v := range values {
		ok := true
		switch text(declared, "type") {
		case "boolean":
			ok = v == "true" || v == "false"
		case "integer":
			n, err := strconv.ParseInt(v, 10, 64)
			low, lowErr := strconv.ParseInt(text(declared, "minimum"), 10, 64)
			high, highErr := strconv.ParseInt(text(declared, "maximum"), 10, 64)
			ok = err == nil && (lowErr != nil || n >= low) && (highErr != nil || n <= high)
		case "string":
			if e := texts(declared, "enum"); len(e) > 0 {
				ok = slices.Contains(e, v)
			}
			if text(declared, "format") == "date-time" {
				_, err := time.Parse(time.RFC3339, v)
				ok = ok && err == nil
			}
		}
		if !ok {
			out = append(out, "parameter "+name+": "+v+" does not fit its declaration")
		}
	}
	return out
}

// checkFields compares a partial-response mask with the schema of the answer.
func (d *discovery) checkFields(schema object, fields string) []string {
	var out []string
	if fields == "" || fields == "*" {
		return nil
	}
	schema = d.schema(schema)
	for text(schema, "type") == "array" {
		schema = d.schema(sub(schema, "items"))
	}
	for _, f := range splitFields(fields) {
		name, rest := fieldHead(f)
		if name == "*" {
			continue
		}
		member := sub(sub(schema, "properties"), name)
		if member == nil {
			member = sub(schema, "additionalProperties")
		}
		if member == nil {
			out = append(out, "fields: "+name+" is not declared")
			continue
		}
		out = append(out, d.checkFields(member, rest)...)
	}
	return out
}
