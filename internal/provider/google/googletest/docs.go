//lint:file-ignore ST1005 the errors are in Google's own words.

package googletest

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// revisionOf is the opaque revision of a document as one user sees it.
func (f *file) revisionOf(user string) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(f.id, f.doc.revision, user)))
	return "ALm" + base32hex.EncodeToString(sum[:20])
}

// docOf is the document of a request.
func (s *Server) docOf(c *caller, r *request) (*file, string, *problem) {
	f, role, p := s.seen(c, r, r.path["documentId"])
	if p != nil || f.doc == nil {
		return nil, "", &problem{code: 404, domain: "global", reason: "notFound", text: "Requested entity was not found."}
	}
	return f, role, nil
}

func (s *Server) documentsGet(c *caller, r *request) (any, *problem) {
	f, role, p := s.docOf(c, r)
	if p != nil {
		return nil, p
	}
	out := f.doc.render()
	if r.query.Get("includeTabsContent") == "true" {
		out = object{"tabs": []any{object{"tabProperties": object{"tabId": "t.0", "title": "Tab 1", "index": 0}, "documentTab": out}}}
	}
	out["documentId"], out["title"], out["suggestionsViewMode"] = f.id, f.name, or(r.query.Get("suggestionsViewMode"), "SUGGESTIONS_INLINE")
	if roleRanks[role] >= roleRanks["writer"] {
		out["revisionId"] = f.revisionOf(c.email)
	}
	return out, nil
}

func (s *Server) documentsCreate(c *caller, r *request) (any, *problem) {
	f := s.newFile(s.users[c.email], or(text(r.body, "title"), "Untitled document"), DocMIME, "")
	f.apps[c.app] = true
	out := f.doc.render()
	out["documentId"], out["title"], out["revisionId"] = f.id, f.name, f.revisionOf(c.email)
	return out, nil
}

// documentsUpdate does all requests, or none.
func (s *Server) documentsUpdate(c *caller, r *request) (any, *problem) {
	f, role, p := s.docOf(c, r)
	if p != nil {
		return nil, p
	}
	if roleRanks[role] < roleRanks["writer"] {
		return nil, forbidden("global", "forbidden", "The caller does not have permission")
	}
	control := sub(r.body, "writeControl")
	if want := text(control, "requiredRevisionId"); want != "" && want != f.revisionOf(c.email) {
		return nil, &problem{code: 400, domain: "global", reason: "failedPrecondition", status: "FAILED_PRECONDITION",
			text: "The required revision ID '" + want + "' does not match the latest revision."}
	}
	next := f.doc.copy()
	replies := []any{}
	for i, q := range list(r.body, "requests") {
		q, _ := q.(object)
		reply, name, err := s.docRequest(next, q)
		if err != nil {
			return nil, &problem{code: 400, domain: "global", reason: "badRequest", status: "INVALID_ARGUMENT", text: fmt.Sprintf("Invalid requests[%d].%s: %s", i, name, err)}
		}
		replies = append(replies, reply)
	}
	if len(replies) == 0 {
		return nil, &problem{code: 400, domain: "global", reason: "badRequest", status: "INVALID_ARGUMENT", text: "Must specify at least one request."}
	}
	next.revision++
	f.doc = next
	s.changed(f)
	return object{"documentId": f.id, "replies": replies, "writeControl": object{"requiredRevisionId": f.revisionOf(c.email)}}, nil
}

// docRequests are those that the double does; no other is taken.
var docRequests = map[string]func(s *Server, d *document, q object) (object, error){
	"insertText": func(_ *Server, d *document, q object) (object, error) {
		if at := sub(q, "location"); at != nil {
			return nil, d.insert(number(at, "index"), text(q, "text"))
		}
		return nil, d.insert(d.end()-1, text(q, "text"))
	},
	"deleteContentRange": func(_ *Server, d *document, q object) (object, error) {
		from, to := rangeOf(q)
		return nil, d.remove(from, to)
	},
	"replaceAllText": func(_ *Server, d *document, q object) (object, error) {
		n, err := d.replaceAll(text(sub(q, "containsText"), "text"), text(q, "replaceText"), yes(sub(q, "containsText"), "matchCase"))
		return object{"replaceAllText": object{"occurrencesChanged": n}}, err
	},
	"createNamedRange": func(s *Server, d *document, q object) (object, error) {
		from, to := rangeOf(q)
		name := text(q, "name")
		if err := d.check(from, to); err != nil || name == "" || len(name) > 256 {
			return nil, fmt.Errorf("The name must be 1 to 256 characters, and the range inside of the segment.")
		}
		id := "kix." + s.newID()[:12]
		d.ranges = append(d.ranges, namedRange{id, name, from, to})
		return object{"createNamedRange": object{"namedRangeId": id}}, nil
	},
	"deleteNamedRange": func(_ *Server, d *document, q object) (object, error) {
		before := len(d.ranges)
		d.ranges = slices.DeleteFunc(d.ranges, func(r namedRange) bool {
			return r.id == text(q, "namedRangeId") || r.name == text(q, "name") && text(q, "name") != ""
		})
		if len(d.ranges) == before && text(q, "namedRangeId") != "" {
			return nil, fmt.Errorf("The named range does not exist.")
		}
		return nil, nil
	},
	"updateParagraphStyle": func(_ *Server, d *document, q object) (object, error) {
		fields := strings.Split(text(q, "fields"), ",")
		return nil, d.eachPara(q, func(p *para) {
			if slices.Contains(fields, "namedStyleType") || slices.Contains(fields, "*") {
				p.style = or(text(sub(q, "paragraphStyle"), "namedStyleType"), "NORMAL_TEXT")
			}
		})
	},
	"updateTextStyle": func(_ *Server, d *document, q object) (object, error) {
		from, to := rangeOf(q)
		if err := d.check(from, to); err != nil {
			return nil, err
		}
		d.restyle(from, to, sub(q, "textStyle"), strings.Split(text(q, "fields"), ","))
		return nil, nil
	},
	"createParagraphBullets": func(_ *Server, d *document, q object) (object, error) {
		d.lists++
		return nil, d.eachPara(q, func(p *para) { p.list, p.preset = fmt.Sprintf("kix.list%d", d.lists), text(q, "bulletPreset") })
	},
	"deleteParagraphBullets": func(_ *Server, d *document, q object) (object, error) {
		return nil, d.eachPara(q, func(p *para) { p.list, p.preset = "", "" })
	},
}

func (s *Server) docRequest(d *document, q object) (object, string, error) {
	if len(q) != 1 {
		return nil, "request", fmt.Errorf("exactly one kind of request must be set")
	}
	name := sorted(q)[0]
	do, ok := docRequests[name]
	if !ok {
		return nil, name, fmt.Errorf("the double does not do this request")
	}
	out, err := do(s, d, sub(q, name))
	if out == nil {
		out = object{}
	}
	return out, name, err
}

func number(o object, key string) int { n, _ := o[key].(float64); return int(n) }

func rangeOf(q object) (int, int) {
	r := sub(q, "range")
	return number(r, "startIndex"), number(r, "endIndex")
}

// eachPara changes the paragraphs that overlap the request's range.
func (d *document) eachPara(q object, change func(*para)) error {
	from, to := rangeOf(q)
	if err := d.check(from, to); err != nil {
		return err
	}
	for _, p := range d.paragraphs() {
		if p.start < to && p.end > from {
			change(&d.paras[p.n])
		}
	}
	return nil
}

// replaceAll replaces every occurrence, and counts them.
func (d *document) replaceAll(old, new string, matchCase bool) (int, error) {
	if old == "" {
		return 0, fmt.Errorf("The text to search for must not be empty.")
	}
	n := 0
	for from := 1; ; {
		hay, needle := d.text(from, d.end()), old
		if !matchCase {
			hay, needle = strings.ToLower(hay), strings.ToLower(needle)
		}
		i := strings.Index(hay, needle)
		if i < 0 {
			return n, nil
		}
		at := from + units16(hay[:i])
		if err := d.insert(at, new); err != nil {
			return n, err
		}
		at += units16(new)
		if err := d.remove(at, at+units16(old)); err != nil {
			return n, err
		}
		from, n = at, n+1
	}
}
