package caldav

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/encoding/charmap"
)

const (
	nsDAV    = "DAV:"
	nsCalDAV = "urn:ietf:params:xml:ns:caldav"
)

// multistatus: https://www.rfc-editor.org/rfc/rfc4918#section-14.16, sync-token:
// https://www.rfc-editor.org/rfc/rfc6578#section-6.4
type multistatus struct {
	Responses []response
	SyncToken string
	read      bool // its start tag
}

// response: https://www.rfc-editor.org/rfc/rfc4918#section-14.24
type response struct {
	Hrefs     []string   `xml:"DAV: href"`
	Status    string     `xml:"DAV: status"`
	Propstats []propstat `xml:"DAV: propstat"`
	Error     condition  `xml:"DAV: error"`
}

// propstat: https://www.rfc-editor.org/rfc/rfc4918#section-14.22
type propstat struct {
	Prop   prop   `xml:"DAV: prop"`
	Status string `xml:"DAV: status"`
}

// prop holds every property that is ever asked for.
type prop struct {
	// https://www.rfc-editor.org/rfc/rfc4918#section-15
	ResourceType struct {
		Collection    *struct{} `xml:"DAV: collection"`
		Calendar      *struct{} `xml:"urn:ietf:params:xml:ns:caldav calendar"`
		ScheduleInbox *struct{} `xml:"urn:ietf:params:xml:ns:caldav schedule-inbox"`
		ScheduleOut   *struct{} `xml:"urn:ietf:params:xml:ns:caldav schedule-outbox"`
	} `xml:"DAV: resourcetype"`
	ETag string `xml:"DAV: getetag"`
	// https://www.rfc-editor.org/rfc/rfc5397#section-3
	Principal href `xml:"DAV: current-user-principal"`
	// https://www.rfc-editor.org/rfc/rfc3744#section-5.1
	Owner href `xml:"DAV: owner"`
	// https://www.rfc-editor.org/rfc/rfc3253#section-3.1.5
	Reports struct {
		All []struct {
			Report struct {
				Any []name `xml:",any"`
			} `xml:"DAV: report"`
		} `xml:"DAV: supported-report"`
	} `xml:"DAV: supported-report-set"`
	// https://www.rfc-editor.org/rfc/rfc6578#section-4
	SyncToken string `xml:"DAV: sync-token"`
	// https://www.rfc-editor.org/rfc/rfc4791#section-6.2.1
	HomeSet hrefs `xml:"urn:ietf:params:xml:ns:caldav calendar-home-set"`
	// https://www.rfc-editor.org/rfc/rfc4791#section-5.2.3
	Components struct {
		All []struct {
			Name string `xml:"name,attr"`
		} `xml:"urn:ietf:params:xml:ns:caldav comp"`
	} `xml:"urn:ietf:params:xml:ns:caldav supported-calendar-component-set"`
	// https://www.rfc-editor.org/rfc/rfc4791#section-9.6
	CalendarData *string `xml:"urn:ietf:params:xml:ns:caldav calendar-data"`
	// https://www.rfc-editor.org/rfc/rfc6638#section-2
	Addresses       hrefs `xml:"urn:ietf:params:xml:ns:caldav calendar-user-address-set"`
	Inbox           href  `xml:"urn:ietf:params:xml:ns:caldav schedule-inbox-URL"`
	Outbox          href  `xml:"urn:ietf:params:xml:ns:caldav schedule-outbox-URL"`
	ScheduleDefault href  `xml:"urn:ietf:params:xml:ns:caldav schedule-default-calendar-URL"`
}

type href struct {
	Href string `xml:"DAV: href"`
}

type hrefs struct {
	Hrefs []string `xml:"DAV: href"`
}

// name is any element, for its name.
type name struct{ XMLName xml.Name }

// condition is the first precondition of an error, and what it points at. All else of the element is read past: it is
// as large as the server likes. https://www.rfc-editor.org/rfc/rfc4918#section-14.5
type condition struct {
	Name, Href string
}

// UnmarshalXML reads an error element.
func (c *condition) UnmarshalXML(d *xml.Decoder, _ xml.StartElement) error {
	depth := 0
	inHref := false
	for {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth == 1 && c.Name == "" {
				c.Name = t.Name.Local
			}
			inHref = depth == 2 && t.Name.Local == "href" && c.Href == ""
		case xml.CharData:
			if inHref {
				c.Href = strings.TrimSpace(string(t))
			}
		case xml.EndElement:
			if depth--; depth < 0 {
				return nil
			}
			inHref = false
		}
	}
}

// status is the response's own status, 200 where only its properties have one.
func (r response) status() int {
	if r.Status == "" {
		return 200
	}
	return statusCode(r.Status)
}

// prop is what the response says of the properties that were found.
func (r response) prop() (prop, bool) {
	for _, ps := range r.Propstats {
		if code := statusCode(ps.Status); code >= 200 && code < 300 {
			return ps.Prop, true
		}
	}
	return prop{}, false
}

// unfound is the status of the properties where none was found, 0 where one was or the response has none.
func (r response) unfound() int {
	if _, ok := r.prop(); ok || len(r.Propstats) == 0 {
		return 0
	}
	return statusCode(r.Propstats[0].Status)
}

func (p prop) supports(report string) bool {
	for _, r := range p.Reports.All {
		for _, e := range r.Report.Any {
			if e.XMLName.Local == report {
				return true
			}
		}
	}
	return false
}

// holdsEvents reports whether a collection of these properties takes events.
func (p prop) holdsEvents() bool {
	for _, c := range p.Components.All {
		if strings.EqualFold(c.Name, "VEVENT") {
			return true
		}
	}
	return len(p.Components.All) == 0
}

// statusCode reads "HTTP/1.1 404 Not Found", with or without the phrase; 0 if it cannot.
func statusCode(line string) int {
	f := strings.Fields(line)
	if len(f) < 2 {
		return 0
	}
	n, err := strconv.Atoi(f[1])
	if err != nil {
		return 0
	}
	return n
}

func decoder(body io.Reader) *xml.Decoder {
	d := xml.NewDecoder(body)
	d.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(label) {
		case "iso-8859-1", "latin1", "windows-1252":
			return charmap.Windows1252.NewDecoder().Reader(in), nil
		case "us-ascii", "ascii", "utf8":
			return in, nil
		}
		return nil, &malformed{what: "its character set is unknown"}
	}
	return d
}

// buffers are what answers are read through: nearly all are shorter than one.
var buffers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

// parseMultistatus reads one response after the other, so that no more of them is in memory than what is kept.
func parseMultistatus(body io.Reader) (*multistatus, error) {
	buffer := buffers.Get().(*bufio.Reader)
	defer buffers.Put(buffer)
	buffer.Reset(body)
	ms, d, depth := &multistatus{}, decoder(buffer), 0
	for {
		t, err := d.Token()
		if err == io.EOF && depth == 0 && ms.read {
			return ms, nil
		}
		if err != nil {
			return nil, unparsed(err)
		}
		switch t := t.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			switch is := func(local string) bool { return t.Name == xml.Name{Space: nsDAV, Local: local} }; {
			case depth == 0 && is("multistatus"):
				depth, ms.read = 1, true
				continue
			case depth == 1 && is("response") && len(ms.Responses) == maxRows:
				return nil, tooLarge("it is about more than %d objects", maxRows)
			case depth == 1 && is("response"):
				var r response
				if err = d.DecodeElement(&r, &t); err == nil {
					ms.Responses = append(ms.Responses, r)
				}
			case depth == 1 && is("sync-token"):
				err = d.DecodeElement(&ms.SyncToken, &t)
			case depth == 0:
				err = errors.New("another element")
			default:
				err = d.Skip()
			}
			if err != nil {
				return nil, unparsed(err)
			}
		}
	}
}

// unparsed is err where it says what is wrong, else that the answer makes no sense.
func unparsed(err error) error {
	if errors.As(err, new(*malformed)) {
		return err
	}
	return &malformed{what: "the multistatus does not parse"}
}

// parseCondition reads the body of an error, if there is one. Some name it in a namespace of their own.
func parseCondition(body []byte) condition {
	d := decoder(bytes.NewReader(body))
	for {
		t, err := d.Token()
		if err != nil {
			return condition{}
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		var c condition
		if start.Name.Local != "error" || c.UnmarshalXML(d, start) != nil {
			return condition{}
		}
		return c
	}
}

// escape is s as XML text.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}

const xmlHead = `<?xml version="1.0" encoding="utf-8"?>` + "\n"

// propfindBody asks for properties, named as "d:getetag" or "c:calendar-home-set".
func propfindBody(names ...string) []byte {
	return []byte(xmlHead + `<d:propfind xmlns:d="` + nsDAV + `" xmlns:c="` + nsCalDAV + `"><d:prop><` +
		strings.Join(names, "/><") + `/></d:prop></d:propfind>`)
}
