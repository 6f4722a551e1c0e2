package caldavtest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// XML namespaces and the prefixes they are written with.
const (
	nsDAV    = "DAV:"
	nsCalDAV = "urn:ietf:params:xml:ns:caldav"
	nsCS     = "http://calendarserver.org/ns/"
	nsApple  = "http://apple.com/ns/ical/"
)

var prefixes = map[string]string{nsDAV: "D", nsCalDAV: "C", nsCS: "CS", nsApple: "A"}

const (
	declarations = ` xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/"`
	prologue     = `<?xml version="1.0" encoding="utf-8"?>` + "\n"
	xmlType      = "application/xml; charset=utf-8"
)

// node is an element of a request's body.
type node struct {
	name xml.Name
	attr []xml.Attr
	text string // character data directly inside
	kids []*node
}

var errNoXML = errors.New("no XML body")

// parseXML reads a request's body: one element, nested up to 32 deep.
func parseXML(body []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	top := &node{}
	stack := []*node{top}
	for {
		t, err := d.Token()
		if err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		in := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.StartElement:
			n := &node{name: t.Name, attr: t.Attr}
			in.kids = append(in.kids, n)
			if stack = append(stack, n); len(stack) > 32 {
				return nil, errors.New("nested too deep")
			}
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			in.text += string(t)
		}
	}
	if len(top.kids) != 1 {
		return nil, errNoXML
	}
	return top.kids[0], nil
}

func (n *node) is(space, local string) bool {
	return n != nil && n.name == xml.Name{Space: space, Local: local}
}

// child is the first one of that name, nil for none; also of a nil node.
func (n *node) child(space, local string) *node {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.is(space, local) {
			return k
		}
	}
	return nil
}

func (n *node) value() string {
	if n == nil {
		return ""
	}
	return strings.TrimSpace(n.text)
}

func (n *node) attribute(local string) string {
	for _, a := range n.attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// inner is the content of the node as XML.
func (n *node) inner() string {
	var b strings.Builder
	b.WriteString(escape(n.text))
	for _, k := range n.kids {
		b.WriteString(element(k.name, k.inner()))
	}
	return b.String()
}

// escape is text as character data: a carriage return as a reference, so that it survives, quotes as they are.
func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return readable.Replace(b.String())
}

var readable = strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&#xA;", "\n", "&#x9;", "\t")

// element writes an element around inner XML; foreign namespaces are declared on it.
func element(name xml.Name, inner string) string {
	p, known := prefixes[name.Space]
	open, close := p+":"+name.Local, p+":"+name.Local
	if !known {
		open, close = "x:"+name.Local+` xmlns:x="`+strings.ReplaceAll(escape(name.Space), `"`, "&#34;")+`"`, "x:"+name.Local
		if name.Space == "" {
			open, close = name.Local, name.Local
		}
	}
	if inner == "" {
		return "<" + open + "/>"
	}
	return "<" + open + ">" + inner + "</" + close + ">"
}

func hrefXML(path string) string { return "<D:href>" + escape(path) + "</D:href>" }

// multistatus collects the rows of a 207 (RFC 4918 section 13).
type multistatus struct{ b bytes.Buffer }

func newMultistatus() *multistatus {
	m := &multistatus{}
	m.b.WriteString(prologue + "<D:multistatus" + declarations + ">\n")
	return m
}

func statusXML(status int) string {
	return fmt.Sprintf("<D:status>HTTP/1.1 %d %s</D:status>", status, http.StatusText(status))
}

// row is a response with properties: those found, and the names of those not there.
func (m *multistatus) row(path, found, missing string) {
	m.b.WriteString("<D:response>" + hrefXML(path))
	if found != "" || missing == "" {
		m.b.WriteString("<D:propstat><D:prop>" + found + "</D:prop>" + statusXML(http.StatusOK) + "</D:propstat>")
	}
	if missing != "" {
		m.b.WriteString("<D:propstat><D:prop>" + missing + "</D:prop>" + statusXML(http.StatusNotFound) + "</D:propstat>")
	}
	m.b.WriteString("</D:response>\n")
}

// status is a response without properties. condition is an element like "D:valid-sync-token", or "".
func (m *multistatus) status(path string, status int, condition string) {
	m.b.WriteString("<D:response>" + hrefXML(path) + statusXML(status))
	if condition != "" {
		m.b.WriteString("<D:error><" + condition + "/></D:error>")
	}
	m.b.WriteString("</D:response>\n")
}

func (m *multistatus) token(t string) {
	m.b.WriteString("<D:sync-token>" + escape(t) + "</D:sync-token>\n")
}

func (m *multistatus) reply() *reply {
	m.b.WriteString("</D:multistatus>\n")
	p := answer(http.StatusMultiStatus).with("Content-Type", xmlType)
	p.body = m.b.Bytes()
	return p
}

// refuse answers an error with its precondition (RFC 4918 section 16), e.g. "C:no-uid-conflict", around inner XML.
func refuse(status int, condition, inner string) *reply {
	p := answer(status).with("Content-Type", xmlType)
	p.condition = condition
	p.body = []byte(prologue + "<D:error" + declarations + "><" + condition + ">" + inner + "</" + condition + "></D:error>\n")
	return p
}

// wrapped is a refusal as a 207 around the status (Quirks.WrapErrorsIn207).
func wrapped(r *request, p *reply) *reply {
	switch r.Method {
	case http.MethodPut, "PROPFIND", "PROPPATCH", "REPORT", "MKCALENDAR", "MKCOL":
	default:
		return p
	}
	m := newMultistatus()
	m.status(r.URL.EscapedPath(), p.status, p.condition)
	return m.reply()
}
