package demo

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"holdfast/internal/signin"
)

// The demo's own addresses: who to be, and the mails.
const (
	demoPath   = "/demo/"
	asPath     = demoPath + "as/"
	outboxPath = demoPath + "outbox"
)

// admin looks after Holdfast in the demo, and is nobody of the roster.
const admin = "it@example.com"

//go:embed pages.html
var pagesHTML string

var pages = template.Must(template.New("").Parse(pagesHTML))

// sample is somebody whom whoever tries the demo can be.
type sample struct{ ID, Name, Is string }

// samples are everybody, with what they are to the others.
func samples() (all []sample) {
	is := map[string]string{
		"mia": "in Berlin, manages Raj, Lee and Ana",
		"ana": "in New York, Mia's report; manages Bo and Kim",
		"raj": "in Pune, Mia's report",
		"lee": "in Berlin, Mia's report",
		"bo":  "in New York, Ana's report",
		"kim": "in London, Ana's report",
	}
	for _, p := range people {
		all = append(all, sample{p.id, p.name, is[p.id]})
	}
	return append(all, sample{admin, "the admin", "sees that all works, and nothing of how two people meet"})
}

// pages are the demo's: a page with a link for each person that signs in as them, and their mails.
func (d *demo) pages(in *signin.SignIn) map[string]http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+demoPath+"{$}", func(w http.ResponseWriter, _ *http.Request) { show(w, "people", samples()) })
	mux.HandleFunc("GET "+asPath+"{who}", func(w http.ResponseWriter, r *http.Request) {
		who := r.PathValue("who")
		if !slices.ContainsFunc(samples(), func(s sample) bool { return s.ID == who }) {
			http.NotFound(w, r)
			return
		}
		link, _, err := signin.NewLink(r.Context(), in.Journal, in.Clock, in.URL, who)
		if err != nil {
			http.Error(w, "the demo's journal takes nothing", http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, link, http.StatusSeeOther)
	})
	mux.HandleFunc("GET "+outboxPath, func(w http.ResponseWriter, _ *http.Request) {
		names, err := filepath.Glob(filepath.Join(d.outbox(), "*.txt"))
		var mails []string
		for _, name := range slices.Backward(names) {
			if text, failed := os.ReadFile(name); failed == nil {
				mails = append(mails, string(text))
			}
		}
		if err != nil {
			mails = nil
		}
		show(w, "outbox", mails)
	})
	return map[string]http.Handler{demoPath: mux}
}

func show(w http.ResponseWriter, name string, data any) {
	var text bytes.Buffer
	if err := pages.ExecuteTemplate(&text, name, data); err != nil {
		http.Error(w, "a fault of the demo", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(text.Bytes())
}
