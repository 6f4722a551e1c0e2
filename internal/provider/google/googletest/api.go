package googletest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// request is an API request, taken apart.
type request struct {
	method *method
	path   map[string]string
	query  url.Values
	body   object
	header http.Header
	etag   string        // of the answer
	rows   []*permission // of the file, when the request came in
	empty  bool          // a list is to hold nothing
}

// method is one method of the discovery documents.
type method struct {
	id, verb, path string
	scopes         string // names after scopeRoot, any one of which is enough
	do             func(*Server, *caller, *request) (any, *problem)
}

const scopeRoot = "https://www.googleapis.com/auth/"

// roots are where the three APIs begin below the base.
var roots = map[string]string{"calendar": "/calendar/v3/", "drive": "/drive/v3/", "docs": "/"}

// match takes the escaped path of a request apart.
func (m *method) match(verb, escaped string) (map[string]string, bool) {
	if verb != m.verb {
		return nil, false
	}
	api, _, _ := strings.Cut(m.id, ".")
	rest, ok := strings.CutPrefix(escaped, roots[api])
	want, have := strings.Split(m.path, "/"), strings.Split(rest, "/")
	if !ok || len(want) != len(have) {
		return nil, false
	}
	args := map[string]string{}
	for i, w := range want {
		h, err := url.PathUnescape(have[i])
		if err != nil {
			return nil, false
		}
		name, isArg := strings.CutPrefix(w, "{")
		if !isArg {
			if w != h {
				return nil, false
			}
			continue
		}
		name, tail, _ := strings.Cut(name, "}")
		v, ok := strings.CutSuffix(h, tail)
		if !ok || v == "" || tail == "" && api == "docs" && strings.Contains(v, ":") {
			return nil, false
		}
		args[name] = v
	}
	return args, true
}

// lookup is the method that a request calls.
func lookup(verb, escaped string) (*method, map[string]string) {
	for i := range methods {
		if args, ok := methods[i].match(verb, escaped); ok {
			return &methods[i], args
		}
	}
	return nil, nil
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		return // the client is gone
	}
	m, args := lookup(r.Method, r.URL.EscapedPath())
	if m == nil {
		send(w, 404, notFound().body())
		return
	}
	req := &request{method: m, path: args, query: r.URL.Query(), header: r.Header}
	fault := s.arrive(req)
	if fault != nil && fault.Arrived != nil {
		close(fault.Arrived)
	}
	if fault != nil && fault.Hold != nil {
		<-fault.Hold
	}
	s.mu.Lock()
	code, out := s.perform(req, raw, fault)
	bell := s.takeBell()
	s.mu.Unlock()
	bell()
	s.finish(w, req, code, out, fault)
}

// arrive is when a request comes in.
func (s *Server) arrive(r *request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.drive.files[r.path["fileId"]]; f != nil {
		r.rows = f.perms
	}
	return s.faults.next(r.method.id)
}

// perform does one request: its faults, rights, quota, and what it is for.
func (s *Server) perform(r *request, raw []byte, fault *Fault) (int, any) {
	s.settle()
	rec := Request{At: s.now(), Method: r.method.id, Units: units(r.method.id)}
	code, out := s.handle(r, raw, fault, &rec)
	rec.Status = code
	if fault != nil && fault.DropAfterCommit {
		rec.Status = 0
	}
	s.requests = append(s.requests, rec)
	return code, out
}

func (s *Server) handle(r *request, raw []byte, fault *Fault, rec *Request) (int, any) {
	fail := func(p *problem) (int, any) {
		if p.retryAfter != "" {
			r.header.Set("X-Retry-After", p.retryAfter)
		}
		if strings.HasPrefix(r.method.id, "docs.") && p.status == "" {
			p.status = statuses[p.code]
		}
		return p.code, p.body()
	}
	if fault != nil && fault.Drop {
		return 0, nil
	}
	c, p := s.authenticate(r)
	if p != nil {
		return fail(p)
	}
	rec.User = c.email
	if p := s.spend(c, r, rec.Units); p != nil {
		return fail(p)
	}
	if fault != nil && fault.Status != 0 && !fault.After {
		return fail(fault.problem())
	}
	if !c.allowed(r.method) {
		return fail(insufficient())
	}
	if r.body, p = readJSON(raw); p != nil {
		return fail(p)
	}
	r.empty = fault != nil && fault.EmptyList
	out, p := r.method.do(s, c, r)
	if p != nil {
		return fail(p)
	}
	if fault != nil && fault.Status != 0 {
		return fail(fault.problem())
	}
	if out == nil {
		return 204, nil
	}
	return 200, partial(out, r.query.Get("fields"))
}

var statuses = map[int]string{400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}

// finish sends the answer, as far as the fault lets it.
func (s *Server) finish(w http.ResponseWriter, r *request, code int, out any, fault *Fault) {
	if fault != nil && fault.Slow != nil {
		<-fault.Slow
	}
	if fault != nil && (fault.Drop || fault.DropAfterCommit) {
		panic(http.ErrAbortHandler)
	}
	if v := r.header.Get("X-Retry-After"); v != "" {
		w.Header().Set("Retry-After", v)
	}
	if r.etag != "" && code < 300 {
		w.Header().Set("ETag", r.etag)
	}
	if code == 204 || code == 304 {
		w.WriteHeader(code)
		return
	}
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		panic(err) // only what json read or wrote before
	}
	switch {
	case fault != nil && fault.HTML:
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "<!DOCTYPE html><title>Sorry</title>") // the client may be gone
	case fault != nil && fault.TruncateJSON:
		sendBytes(w, code, b[:len(b)/2])
	default:
		sendBytes(w, code, b)
	}
}
