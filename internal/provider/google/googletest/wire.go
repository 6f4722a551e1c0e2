package googletest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// object is a JSON object as encoding/json reads it.
type object = map[string]any

// problem is an error answer (guides/errors).
type problem struct {
	code                   int
	domain, reason, text   string
	locationType, location string
	status                 string // of the newer APIs: INVALID_ARGUMENT
	retryAfter             string
}

func (p *problem) body() object {
	e := object{"domain": p.domain, "reason": p.reason, "message": p.text}
	if p.location != "" {
		e["locationType"], e["location"] = p.locationType, p.location
	}
	out := object{"errors": []any{e}, "code": p.code, "message": p.text}
	if p.status != "" {
		out["status"] = p.status
	}
	return object{"error": out}
}

func bad(reason, text string) *problem {
	return &problem{code: 400, domain: "global", reason: reason, text: text}
}

func invalid(parameter string) *problem {
	p := bad("invalid", "Invalid Value")
	if parameter != "" {
		p.locationType, p.location = "parameter", parameter
	}
	return p
}

func required(text string) *problem { return bad("required", text) }

func notFound() *problem {
	return &problem{code: 404, domain: "global", reason: "notFound", text: "Not Found"}
}

func forbidden(domain, reason, text string) *problem {
	return &problem{code: 403, domain: domain, reason: reason, text: text}
}

func send(w http.ResponseWriter, code int, v any) {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		panic(err) // only what json read or wrote before
	}
	sendBytes(w, code, b)
}

func sendBytes(w http.ResponseWriter, code int, b []byte) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Length", fmt.Sprint(len(b)))
	w.WriteHeader(code)
	_, _ = w.Write(b) // the client may be gone
}

// clone copies v to its depth.
func clone[T any](v T) T { c, _ := cloneAny(v).(T); return c }

func cloneAny(v any) any {
	switch v := v.(type) {
	case object:
		if v == nil {
			return v
		}
		out := make(object, len(v))
		for k, x := range v {
			out[k] = cloneAny(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = cloneAny(x)
		}
		return out
	}
	return v
}

// merge is a patch: objects merge, arrays are replaced whole, null removes.
func merge(into, patch object) object {
	out := maps.Clone(into)
	if out == nil {
		out = object{}
	}
	for k, v := range patch {
		switch v := v.(type) {
		case nil:
			delete(out, k)
		case object:
			sub, _ := out[k].(object)
			if m := merge(sub, v); len(m) > 0 || len(v) == 0 {
				out[k] = m
			} else {
				delete(out, k)
			}
		default:
			out[k] = cloneAny(v)
		}
	}
	return out
}

// text, sub and list read a member of o; their zero values where it is missing.
func text(o object, key string) string { v, _ := o[key].(string); return v }
func sub(o object, key string) object  { v, _ := o[key].(object); return v }
func list(o object, key string) []any  { v, _ := o[key].([]any); return v }
func yes(o object, key string) bool    { v, _ := o[key].(bool); return v }

// texts is a list of strings.
func texts(o object, key string) []string {
	var out []string
	for _, v := range list(o, key) {
		if t, ok := v.(string); ok {
			out = append(out, t)
		}
	}
	return out
}

func anys[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

// readJSON reads a request's body: an object.
func readJSON(b []byte) (object, *problem) {
	if len(b) == 0 {
		return object{}, nil
	}
	var v object
	if err := json.Unmarshal(b, &v); err != nil || v == nil {
		return nil, bad("parseError", "Parse Error")
	}
	return v, nil
}

func milli(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// partial keeps of v what the fields parameter names: "a,b(c,d/e),f/*".
func partial(v any, fields string) any {
	if fields == "" || fields == "*" {
		return v
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = partial(x, fields)
		}
		return out
	case []object:
		return partial(anys(v), fields)
	case object:
		out := object{}
		for _, f := range splitFields(fields) {
			name, rest := fieldHead(f)
			for k, x := range v {
				if k != name && name != "*" {
					continue
				}
				kept := partial(x, rest)
				if was, ok := out[k].(object); ok {
					if more, ok := kept.(object); ok {
						kept = merge(was, more)
					}
				}
				out[k] = kept
			}
		}
		return out
	}
	return v
}

// splitFields cuts at the commas that are in no parentheses.
func splitFields(s string) []string {
	var out []string
	depth, from := 0, 0
	for i, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, s[from:i])
				from = i + 1
			}
		}
	}
	return append(out, s[from:])
}

// fieldHead splits "a/b(c)" into "a" and "b(c)", "a(b,c)" into "a" and "b,c".
func fieldHead(f string) (name, rest string) {
	f = strings.TrimSpace(f)
	i := strings.IndexAny(f, "/(")
	if i < 0 {
		return f, ""
	}
	if f[i] == '(' {
		return f[:i], strings.TrimSuffix(f[i+1:], ")")
	}
	return f[:i], f[i+1:]
}

// sorted are the keys of m in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
