package caldav

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// pages is a server that answers each REPORT and PROPFIND with the next of these bodies, and has no objects.
func pages(t *testing.T, bodies ...string) (*client, *collection) {
	n := 0
	s, o := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", xmlType)
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = io.WriteString(w, `<d:multistatus xmlns:d="DAV:">`+bodies[n]+`</d:multistatus>`)
		n++
	})
	return newClient(o.withDefaults()), &collection{url: mustURL(t, s.URL+"/cal/"), sync: true}
}

const (
	there = `<d:response><d:href>/cal/%s</d:href><d:propstat><d:prop><d:getetag>"%s"</d:getetag></d:prop>` +
		`<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`
	notThem  = `<d:response><d:href>/cal/%s</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>`
	cutShort = `<d:response><d:href>/cal/</d:href><d:status>HTTP/1.1 507 Insufficient Storage</d:status></d:response>`
)

func token(n int) string { return fmt.Sprintf("<d:sync-token>t%d</d:sync-token>", n) }

// What a later page says of a member counts: deleted after it was there, and there after it was deleted.
func TestPagesThatDiffer(t *testing.T) {
	c, cal := pages(t,
		fmt.Sprintf(there, "a.ics", "1")+fmt.Sprintf(notThem, "b.ics")+cutShort+token(2),
		fmt.Sprintf(notThem, "a.ics")+fmt.Sprintf(there, "b.ics", "2")+token(3))
	l, err := c.syncCollection(t.Context(), cal, "t1")
	if err != nil || l.token != "t3" || !maps.Equal(l.members, map[string]string{"/cal/b.ics": `"2"`}) ||
		!slices.Equal(l.removed, []string{"/cal/a.ics"}) {
		t.Errorf("%+v, %v", l, err)
	}
}

// A server that cuts its answer short and gives the same token again would be asked for ever.
func TestPagesThatDoNotGoOn(t *testing.T) {
	c, cal := pages(t,
		fmt.Sprintf(there, "a.ics", "1")+cutShort+token(2),
		fmt.Sprintf(there, "b.ics", "1")+cutShort+token(2))
	l, err := c.syncCollection(t.Context(), cal, "t1")
	if err == nil || !strings.Contains(err.Error(), "does not go on") {
		t.Errorf("%+v, %v", l, err)
	}
}

// A listing by PROPFIND has no collections, and nothing of which it says that it is not there.
func TestListingWithoutSync(t *testing.T) {
	c, cal := pages(t, fmt.Sprintf(there, "a.ics", "1")+fmt.Sprintf(notThem, "b.ics")+
		`<d:response><d:href>/cal/sub</d:href><d:propstat><d:prop><d:getetag>"3"</d:getetag><d:resourcetype><d:collection/>`+
		`</d:resourcetype></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`)
	l, err := c.listAll(t.Context(), cal)
	if err != nil || !maps.Equal(l.members, map[string]string{"/cal/a.ics": `"1"`}) {
		t.Errorf("%+v, %v", l, err)
	}
}

// Names with a percent sign of their own are not those of a server that encodes twice.
func TestNamesWithAPercentSign(t *testing.T) {
	w := watch(t, plain(t, unchanged), "mia")
	for _, name := range []string{"%2541.ics", "A.ics"} {
		w.put(name, strings.Replace(foreign("DTSTART:20261203T100000Z\nDTEND:20261203T110000Z"), "x1@client", name[1:2], 1))
	}
	if got := w.look(); len(got.Objects) != 2 || len(got.Busy) != 2 {
		t.Errorf("%d objects, %d busy", len(got.Objects), len(got.Busy))
	}
}
