package signin

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkWho is what it costs each page to know who asks.
func BenchmarkWho(b *testing.B) {
	h := open(b, shell)
	link, _, err := NewLink(b.Context(), h.journal, h.now, "", "mia")
	if err != nil {
		b.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.handler().ServeHTTP(w, httptest.NewRequest("POST", link, nil))
	r := httptest.NewRequest("GET", "/", nil)
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	page := h.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if who, ok := h.Who(r); !ok || who.Person != "mia" {
			b.Fatal("it is nobody")
		}
	}))
	for b.Loop() {
		page.ServeHTTP(httptest.NewRecorder(), r)
	}
}
