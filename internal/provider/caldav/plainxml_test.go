package caldav

import (
	"fmt"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// answers are multistatuses as servers write them, and as they should not.
var answers = []string{
	`<?xml version="1.0" encoding="utf-8"?>` + "\n" +
		`<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">` +
		`<d:response><d:href>/mia/a%20b.ics</d:href><d:propstat><d:prop><d:getetag>"1"</d:getetag><c:calendar-data>` +
		"BEGIN:VCALENDAR\r\nSUMMARY:a &lt;b&gt; &amp; &#x1F642; &#13;\nEND:VCALENDAR</c:calendar-data></d:prop>" +
		`<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response><d:sync-token>x</d:sync-token></d:multistatus>`,
	`<?xml version='1.0' encoding='UTF-8'?><multistatus xmlns='DAV:'><response><href>/a</href>` +
		`<status>HTTP/1.1 404 Not Found</status></response><response><href>/b</href><propstat><prop>` +
		`<resourcetype><collection/><C:calendar xmlns:C="urn:ietf:params:xml:ns:caldav"/></resourcetype></prop>` +
		`<status>HTTP/1.1 200 OK</status></propstat></response></multistatus>`,
	`<D:multistatus xmlns:D="DAV:"><D:response><D:href>/ü</D:href><X><D:href>/y</D:href></X>` +
		"<D:status>\rHTTP/1.1 507\r\n</D:status></D:response></D:multistatus> \n",
	`<multistatus xmlns="DAV:"><response><href>/a</href><error><x><href>/y</href></x></error></response></multistatus>`,
	`<multistatus xmlns="DAV:"><!-- c --><response><href><![CDATA[/a]]></href></response></multistatus>`,
	`<?xml version="1.0" encoding="ISO-8859-1"?><multistatus xmlns="DAV:"><response><href>/` + "\xfc" +
		`</href></response></multistatus>`,
	`<!DOCTYPE x [<!ENTITY e "y">]><multistatus xmlns="DAV:"><response><href>&e;</href></response></multistatus>`,
	`<multistatus xmlns="DAV:"><response><href>/a]]></href></response></multistatus>`,
	`<multistatus xmlns="DAV:"><response><href>/a` + "\x01" + `</href></response></multistatus>`,
	`<multistatus xmlns="DAV:"><response><href>/a` + "\uffff" + `</href></response></multistatus>`,
	`<multistatus xmlns="DAV:"><response a="&lt;" b=c><href>/a</href></response></multistatus>`,
	`<multistatus xmlns="DAV:"><response></multistatus></response>`,
	`<multistatus xmlns="DAV:"><a:b:c/></multistatus>`,
	`<multistatus xmlns="DAV:"><response/>`,
	`<multistatus xmlns="DAV:">` + strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100) + `<b></multistatus>`,
	`<html><body>Log in</body></html>`,
}

// FuzzMultistatus: what plainXML reads, encoding/xml reads as the same.
func FuzzMultistatus(f *testing.F) {
	for _, text := range answers {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := plainMultistatus([]byte(text))
		if !ok {
			return
		}
		want, err := readMultistatus(decoder(strings.NewReader(text)))
		if err != nil {
			t.Fatalf("encoding/xml does not read it: %v", err)
		}
		if d := diff.Diff(want, got, diff.AllowUnexported(multistatus{}), cmpopts.EquateEmpty()); d != "" {
			t.Error(d)
		}
	})
}

// What servers mostly answer is plain; the rest is read all the same, or refused.
func TestPlainXML(t *testing.T) {
	for i, text := range answers {
		if _, ok := plainMultistatus([]byte(text)); ok != (i < 3) {
			t.Errorf("answer %d is plain: %v", i, ok)
		}
		if _, err := parseMultistatus(strings.NewReader(text)); (err == nil) != (i < 6) {
			t.Errorf("answer %d: %v", i, err)
		}
	}
}

// BenchmarkMultistatus is an answer with the objects of a calendar of some weeks.
func BenchmarkMultistatus(b *testing.B) {
	var text strings.Builder
	text.WriteString(xmlHead + `<d:multistatus xmlns:d="DAV:" xmlns:c="` + nsCalDAV + `">`)
	for i := range 13 {
		fmt.Fprintf(&text, `<d:response><d:href>/calendars/mia/default/other-%d.ics</d:href><d:propstat><d:prop>`+
			`<d:getetag>&quot;%[1]d&quot;</d:getetag><c:calendar-data>%s</c:calendar-data></d:prop>`+
			`<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`,
			i, strings.Repeat("SUMMARY:Something with some words in it\r\n", 8))
	}
	text.WriteString(`</d:multistatus>`)
	for name, parse := range map[string]func() (*multistatus, error){
		"ours": func() (*multistatus, error) {
			return parseMultistatus(strings.NewReader(text.String()))
		},
		"encoding/xml": func() (*multistatus, error) {
			return readMultistatus(decoder(strings.NewReader(text.String())))
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if ms, err := parse(); err != nil || len(ms.Responses) != 13 {
					b.Fatal(err)
				}
			}
		})
	}
}
