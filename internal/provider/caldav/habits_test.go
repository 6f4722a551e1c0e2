package caldav

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/providertest"
)

type recorder = httptest.ResponseRecorder

// serving lets the server answer.
type serving func() *recorder

// habit stands between the server and its clients. It may change the request, and the answer before it is sent.
type habit func(r *http.Request, serve serving) *recorder

func (h habit) proxy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res := h(r, func() *recorder {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			return rec
		})
		maps.Copy(w.Header(), res.Header())
		w.Header().Del("Content-Length")
		w.WriteHeader(res.Code)
		_, _ = w.Write(res.Body.Bytes())
	})
}

// rewrite changes the text of an answer.
func rewrite(res *recorder, change func(string) string) *recorder {
	text := change(res.Body.String())
	res.Body.Reset()
	res.Body.WriteString(text)
	return res
}

func refusal(status int) *recorder {
	rec := httptest.NewRecorder()
	rec.Code = status
	return rec
}

var quotedTag = regexp.MustCompile(`<D:getetag>(&#34;|&quot;|")([^<]*?)(&#34;|&quot;|")</D:getetag>`)

// habits are what has been seen between servers and clients, as far as it takes more than a switch of the server in
// memory.
var habits = map[string]habit{
	"GET without ETag": func(r *http.Request, serve serving) *recorder {
		res := serve()
		res.Header().Del("ETag")
		delete(res.Header(), "ETag")
		return res
	},
	"no ETag but in PROPFIND": func(r *http.Request, serve serving) *recorder {
		res := serve()
		delete(res.Header(), "ETag")
		if r.Method == "REPORT" {
			return rewrite(res, func(s string) string { return quotedTag.ReplaceAllString(s, "") })
		}
		return res
	},
	"tags without quotes":                     tagged(func(tag string) string { return strings.Trim(tag, `"`) }),
	"weak tags, compared as they are written": tagged(func(tag string) string { return "W/" + tag }),
	"hrefs encoded twice": func(r *http.Request, serve serving) *recorder {
		if r.Method == "REPORT" || r.Method == "PROPFIND" {
			return rewrite(serve(), func(s string) string { return strings.ReplaceAll(s, "%40", "%2540") })
		}
		return serve()
	},
}

// tagged is a server that writes tags as spell does, and knows no others.
func tagged(spell func(tag string) string) habit {
	known := func(r *http.Request) bool {
		tag := r.Header.Get("If-Match")
		strong := `"` + strings.Trim(strings.TrimPrefix(tag, "W/"), `"`) + `"`
		if tag == "" {
			return true
		}
		r.Header.Set("If-Match", strong)
		return tag == spell(strong)
	}
	return func(r *http.Request, serve serving) *recorder {
		if !known(r) {
			return refusal(http.StatusPreconditionFailed)
		}
		res := serve()
		for name, v := range res.Header() {
			if strings.EqualFold(name, "ETag") {
				v[0] = spell(v[0])
			}
		}
		return rewrite(res, func(s string) string {
			return quotedTag.ReplaceAllStringFunc(s, func(m string) string {
				tag := quotedTag.FindStringSubmatch(m)[2]
				return "<D:getetag>" + strings.ReplaceAll(spell(`"`+tag+`"`), `"`, "&quot;") + "</D:getetag>"
			})
		})
	}
}

// stripped is the server behind a proxy that takes /caldav off and knows nothing of hrefs.
func stripped(t *testing.T, discovered bool) server {
	s, _ := memBehind(t, nil, func(h http.Handler) http.Handler { return http.StripPrefix("/caldav", h) })
	s.base += "caldav/"
	s.calendar = strings.Replace(s.calendar, "/calendars/", "/caldav/calendars/", 1)
	s.configured = !discovered
	return s
}

func TestContractBehindHabits(t *testing.T) {
	t.Parallel()
	for name, h := range habits {
		if testing.Short() && name != "tags without quotes" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, func(t *testing.T) providertest.Fixture {
				s, _ := memBehind(t, nil, h.proxy)
				return s.fixture("acme")
			})
		})
	}
	for name, discovered := range map[string]bool{
		"a prefix taken off": true, "a prefix taken off, calendar configured": false,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, func(t *testing.T) providertest.Fixture { return stripped(t, discovered).fixture("acme") })
		})
	}
}

// An answer about another place than was asked for is an error with both in it, never an empty calendar.
func TestAnswerAboutSomethingElse(t *testing.T) {
	for _, sync := range []bool{true, false} {
		armed := false
		s, _ := memBehind(t, nil, habit(func(r *http.Request, serve serving) *recorder {
			if !sync && r.Method == "REPORT" {
				return refusal(http.StatusNotImplemented)
			}
			return rewrite(serve(), func(s string) string {
				if armed {
					s = strings.ReplaceAll(s, "/calendars/mia/", "/elsewhere/of-mia/")
				}
				return s
			})
		}).proxy)
		w := watch(t, s, "mia")
		w.book()
		w.look()
		armed = true
		w.last.Cursor = ""
		_, err := providertest.Observe(t.Context(), w.Calendar, w.last, interestOf("mia"))
		if err == nil || !strings.Contains(err.Error(), "/calendars/mia/default/, it is about /elsewhere/of-mia/default/") ||
			!strings.Contains(provider.HintOf(err), "proxy") {
			t.Errorf("sync %v: %v, hint %q", sync, err, provider.HintOf(err))
		}
	}
}

// One object of somebody else that the server cannot read costs that object.
func TestOneObjectThatCannotBeRead(t *testing.T) {
	for _, others := range []int{1, 3} {
		s, _ := memBehind(t, nil, habit(func(r *http.Request, serve serving) *recorder {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "broken") ||
				r.Method == "REPORT" && bytes.Contains(body, []byte("broken")) {
				return refusal(http.StatusInternalServerError)
			}
			return serve()
		}).proxy)
		w := watch(t, s, "mia")
		for i := range others {
			w.put("broken"+string(rune('0'+i))+".ics", strings.Replace(
				foreign("DTSTART:20261201T100000Z\nDTEND:20261201T110000Z"), "x1@client", string(rune('0'+i)), 1))
		}
		w.book()
		if got := w.look(); len(got.Series) != 1 {
			t.Errorf("%d others: %d series", others, len(got.Series))
		}
		w.put("broken0.ics", strings.Replace(
			foreign("DTSTART:20261202T100000Z\nDTEND:20261202T110000Z"), "x1@client", "0", 1))
		if got := w.look(); len(got.Series) != 1 || len(got.Gone) != 0 {
			t.Errorf("%d others, changed: %d series, %d gone", others, len(got.Series), len(got.Gone))
		}
		found := false
		for _, f := range w.Doctor(t.Context()) {
			said := strings.Contains(f.Text, "cannot be read and are left out, such as broken")
			found = found || f.Check == "read" && f.OK && said && f.Hint != ""
		}
		if !found {
			t.Errorf("doctor does not say it: %+v", w.Doctor(t.Context()))
		}
	}
}

// A calendar of which nothing can be read is stale, not empty.
func TestNoObjectThatCanBeRead(t *testing.T) {
	broken := false
	s, _ := memBehind(t, nil, habit(func(r *http.Request, serve serving) *recorder {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if broken && (r.Method == http.MethodGet || bytes.Contains(body, []byte("multiget"))) {
			return refusal(http.StatusInternalServerError)
		}
		return serve()
	}).proxy)
	w := watch(t, s, "mia")
	w.book()
	w.put("x.ics", foreign("DTSTART:20261201T100000Z\nDTEND:20261201T110000Z"))
	broken = true
	if _, err := w.Observe(t.Context(), noSnapshot, interestOf("mia")); provider.KindOf(err) != provider.Transient {
		t.Errorf("%v of kind %v", err, provider.KindOf(err))
	}
}

// Whatever a server says to a token, or to the question, the calendar is read; what it says of itself is not the
// token's.
func TestRefusedSync(t *testing.T) {
	for _, status := range []int{400, 403, 404, 405, 409, 410, 412, 415, 422, 500, 501, 505, 507} {
		for _, always := range []bool{false, true} {
			s, _ := memBehind(t, nil, habit(func(r *http.Request, serve serving) *recorder {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				first := bytes.Contains(body, []byte("<d:sync-token></d:sync-token>"))
				if bytes.Contains(body, []byte("sync-collection")) && (always || !first) {
					return refusal(status)
				}
				return serve()
			}).proxy)
			w := watch(t, s, "mia")
			ref := w.book()
			w.look()
			w.must(w.Delete(ref.ID))
			if got := w.look(); len(got.Series) != 0 || len(got.Gone) != 1 || !got.FullAt.Equal(w.now) {
				t.Errorf("%d, always %v: %d series, gone %v", status, always, len(got.Series), got.Gone)
			}
		}
	}
	for _, status := range []int{401, 429, 502, 503, 504} {
		refuse := false
		s, _ := memBehind(t, nil, habit(func(r *http.Request, serve serving) *recorder {
			if refuse && r.Method == "REPORT" {
				return refusal(status)
			}
			return serve()
		}).proxy)
		w := watch(t, s, "mia")
		w.look()
		refuse = true
		if _, err := providertest.Observe(t.Context(), w.Calendar, w.last, interestOf("mia")); statusOf(err) != status {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// A tombstone is any way of saying that the member is not there; a member without an ETag is not one.
func TestTombstones(t *testing.T) {
	row := regexp.MustCompile(`(?s)<D:response><D:href>([^<]*\.ics)</D:href><D:status>[^<]*</D:status></D:response>`)
	member := regexp.MustCompile(`(?s)(<D:href>[^<]*\.ics</D:href>)<D:propstat>.*?</D:propstat>`)
	propstat := func(status string) string {
		return "<D:propstat><D:prop><D:getetag/></D:prop><D:status>HTTP/1.1 " + status + "</D:status></D:propstat>"
	}
	for name, as := range map[string]string{
		"404 in the row":      "<D:response><D:href>$1</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>",
		"410 in the row":      "<D:response><D:href>$1</D:href><D:status>HTTP/1.1 410 Gone</D:status></D:response>",
		"status before href":  "<D:response><D:status>HTTP/1.1 404</D:status><D:href>$1</D:href></D:response>",
		"404 in the propstat": "<D:response><D:href>$1</D:href>" + propstat("404 Not Found") + "</D:response>",
		"410 in the propstat": "<D:response><D:href>$1</D:href>" + propstat("410 Gone") + "</D:response>",
	} {
		s, _ := memBehind(t, nil, habit(func(r *http.Request, serve serving) *recorder {
			if r.Method != "REPORT" {
				return serve()
			}
			return rewrite(serve(), func(s string) string { return row.ReplaceAllString(s, as) })
		}).proxy)
		w := watch(t, s, "mia")
		ref := w.book()
		w.look()
		w.must(w.Delete(ref.ID))
		if got := w.look(); len(got.Series) != 0 || len(got.Gone) != 1 || !got.Gone[0].Proven {
			t.Errorf("%s: %d series, gone %+v", name, len(got.Series), got.Gone)
		}
	}
	s, _ := memBehind(t, nil, habit(func(r *http.Request, serve serving) *recorder {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !bytes.Contains(body, []byte("sync-collection")) {
			return serve()
		}
		return rewrite(serve(), func(s string) string {
			return member.ReplaceAllString(s, "$1"+propstat("404 Not Found"))
		})
	}).proxy)
	w := watch(t, s, "mia")
	ref := w.book()
	w.look()
	w.must(w.Relocate(ref.ID, time.Time{}, "Lobby"))
	if got := w.look(); len(got.Series) != 1 || got.Series[0].Place != "Lobby" || len(got.Gone) != 0 {
		t.Errorf("a member without an ETag: %+v, gone %+v", got.Series, got.Gone)
	}
}
