package googletest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// TB is what Strict needs of a testing.TB.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// Strict wraps a double so that the test fails where a client sends, or the double answers, what Google's discovery
// documents do not declare: a route, a parameter, a property, a type, a value, a field of a mask, a scope. Of a sign-in,
// which no discovery document is about, only the scopes are looked at.
func Strict(t TB, s http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case revokePath:
			s.ServeHTTP(w, r)
			return
		}
		all, err := discoveries()
		if err != nil {
			t.Errorf("%v", err)
			s.ServeHTTP(w, r)
			return
		}
		if r.URL.Path == authPath || r.URL.Path == tokenPath {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the client is gone
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			for _, scope := range strangeScopes(all, r.URL.RawQuery, string(body)) {
				t.Errorf("the client asks for the scope %s, which no API declares", scope)
			}
			s.ServeHTTP(w, r)
			return
		}
		api := apiOf(r.URL.Path)
		d := all[api]
		m := d.find(r.Method, r.URL.EscapedPath())
		if m == nil {
			t.Errorf("%s %s: no such method is declared", r.Method, r.URL.Path)
			s.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		for _, wrong := range d.checkRequest(m, r, body) {
			t.Errorf("%s: the client sends %s", m.id, wrong)
		}
		rec := &recorder{ResponseWriter: w, code: 200}
		s.ServeHTTP(rec, r)
		for _, wrong := range d.checkAnswer(m, rec) {
			t.Errorf("%s: the double answers %s", m.id, wrong)
		}
	})
}

// strangeScopes are the scopes that a sign-in asks for, in a query, a form or an assertion, and that no API declares.
func strangeScopes(all map[string]*discovery, forms ...string) []string {
	known := map[string]bool{"openid": true, "email": true} // of OpenID Connect
	for _, d := range all {
		for scope := range d.scopes {
			known[scope] = true
		}
	}
	var out []string
	for _, form := range forms {
		q, _ := url.ParseQuery(form) // of what is no form nothing is asked
		asked := q.Get("scope")
		var claims struct{ Scope string }
		if parts := strings.Split(q.Get("assertion"), "."); len(parts) == 3 && decode(parts[1], &claims) {
			asked += " " + claims.Scope
		}
		for scope := range strings.FieldsSeq(asked) {
			if !known[scope] {
				out = append(out, scope)
			}
		}
	}
	return out
}

func apiOf(path string) string {
	for _, api := range []string{"calendar", "drive"} {
		if strings.HasPrefix(path, roots[api]) {
			return api
		}
	}
	return "docs"
}

func (d *discovery) checkRequest(m *declared, r *http.Request, body []byte) []string {
	var out []string
	q := r.URL.Query()
	for _, name := range sorted(q) {
		p := sub(m.parameters, name)
		if p == nil {
			p = sub(d.globals, name)
		}
		out = append(out, checkParameter(p, name, q[name])...)
	}
	for _, name := range sorted(m.parameters) {
		if p := sub(m.parameters, name); yes(p, "required") && text(p, "location") == "query" && !q.Has(name) {
			out = append(out, "no parameter "+name)
		}
	}
	out = append(out, d.checkFields(object{"$ref": m.response}, q.Get("fields"))...)
	if len(body) == 0 {
		return out
	}
	var v object
	switch err := json.Unmarshal(body, &v); {
	case err != nil:
		return append(out, "a body that is no JSON object")
	case m.request == "":
		return append(out, "a body where none is declared")
	}
	return append(out, d.check(object{"$ref": m.request}, v, m.request, m.id)...)
}

// recorder keeps a copy of an answer.
type recorder struct {
	http.ResponseWriter
	code int
	body bytes.Buffer
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

// checkAnswer looks at a success with a JSON body that is whole: faults may spoil it.
func (d *discovery) checkAnswer(m *declared, r *recorder) []string {
	var v object
	if r.code != 200 || json.Unmarshal(r.body.Bytes(), &v) != nil {
		return nil
	}
	if m.response == "" {
		return []string{"a body where none is declared"}
	}
	return d.check(object{"$ref": m.response}, v, m.response, "")
}
