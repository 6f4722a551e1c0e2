package browser

import (
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// site is a small site: a page with a form, one that greets, and one with all faults that the tool is to find.
func site(t *testing.T) string {
	page := func(body string) string {
		return `<!doctype html><html lang="en"><head><title>A page</title>
			<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/style.css">
			<script src="/script.js"></script></head><body><main><h1>Your 1:1s</h1>` + body + `</main></body></html>`
	}
	pages := map[string]string{
		"GET /{$}": page(`<form method="post" action="/hello"><label>Your name <input name="name" value="Lee"></label>
			<label>When <input type="date" name="day"></label>
			<button>Greet me</button></form>
			<details><summary>More</summary><p>There is <b>more</b> of it.</p></details>
			<p class="scheme"></p><p id="live">still</p>`),
		"GET /faults": page(`<p style="color: red">Red</p><script>document.title = "changed"</script>
			<img src="/none.png"><p class="faint">Who can read this?</p><input>`),
	}
	mux := http.NewServeMux()
	for pattern, body := range pages {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Security-Policy",
				"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'")
			_, _ = fmt.Fprint(w, body)
		})
	}
	mux.HandleFunc("POST /hello", func(w http.ResponseWriter, r *http.Request) {
		who := "nobody"
		if c, err := r.Cookie("session"); err == nil {
			who = c.Value
		}
		w.WriteHeader(http.StatusAccepted)
		_, _ = fmt.Fprint(w, page("<p>Hello "+r.PostFormValue("name")+" of "+who+" on "+r.PostFormValue("day")+"</p>"))
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		_, _ = fmt.Fprint(w, `body { margin: 1em; color: black; background: white } .faint { color: #eee }
			.scheme::before { content: "light" } main { min-width: 500px }
			@media (prefers-color-scheme: dark) { body { color: white; background: black } }
			@media print { form { display: none } }`)
	})
	mux.HandleFunc("GET /script.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = fmt.Fprint(w, `addEventListener("load", () => setTimeout(() => {
			let live = document.getElementById("live"); if (live) live.textContent = "come alive"
		}, 50))`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// A page is used as a person does it, with a script and without.
func TestUse(t *testing.T) {
	b, url := Start(t), site(t)
	for _, l := range []Look{{}, {NoScript: true}} {
		p := b.Open(url, l, &http.Cookie{Name: "session", Value: "mia", HttpOnly: true})
		if p.Text("#live"); !l.NoScript {
			p.See("come alive")
		}
		if !l.NoScript == strings.Contains(Eval[string](p, "document.body.innerText"), "still") {
			t.Errorf("%+v: the script ran, or did not", l)
		}
		p.Press("More")
		p.See("There is more of it.")
		p.Fill("Your name", "Raj")
		p.Fill("When", "2026-12-15")
		if status := p.Follow("Greet me"); status != http.StatusAccepted {
			t.Errorf("%+v: answered with %d", l, status)
		}
		p.See("Hello Raj of mia on 2026-12-15")
		if p.Path() != "/hello" || p.Count("p") != 1 {
			t.Errorf("%+v: at %s with %d paragraphs", l, p.Path(), p.Count("p"))
		}
		p.Accessible("the greeting")
		p.Go(url)
		p.Press("Greet me") // and what is seen may be on the next page
		p.See("Hello Lee of mia")
	}
}

// Another page is opened with nothing of what is known on the first.
func TestApart(t *testing.T) {
	b, url := Start(t), site(t)
	b.Open(url, Look{}, &http.Cookie{Name: "session", Value: "mia"})
	p := b.Open(url, Look{})
	p.Follow("Greet me")
	p.See("of nobody")
}

func TestLooks(t *testing.T) {
	shots := t.TempDir()
	t.Setenv("HOLDFAST_TEST_SHOTS", shots)
	p := Start(t).Open(site(t), Look{})
	for _, test := range []struct {
		name  string
		look  Look
		width int // of the window, as the page sees it
		back  string
		form  bool // is seen
		wide  bool
		shot  int // pixels across
	}{
		{"plain", Look{}, 1280, "rgb(255, 255, 255)", true, false, 1280},
		{"narrow", Look{Width: 360}, 360, "rgb(255, 255, 255)", true, true, 0},
		{"dark", Look{Dark: true}, 1280, "rgb(0, 0, 0)", true, false, 1280},
		{"large", Look{Zoom: 2}, 640, "rgb(255, 255, 255)", true, false, 1280},
		{"paper", Look{Print: true}, 1280, "rgb(255, 255, 255)", false, false, 1280},
	} {
		p.Look(test.look)
		if n := Eval[int](p, "innerWidth"); n != test.width && !test.wide {
			t.Errorf("%s: %d pixels wide, want %d", test.name, n, test.width)
		}
		if back := Eval[string](p, "getComputedStyle(document.body).backgroundColor"); back != test.back {
			t.Errorf("%s: on %s, want %s", test.name, back, test.back)
		}
		if seen := Eval[bool](p, `document.querySelector("form").checkVisibility()`); seen != test.form {
			t.Errorf("%s: the form is seen: %t", test.name, seen)
		}
		if p.Wide() != test.wide {
			t.Errorf("%s: wide: %t", test.name, p.Wide())
		}
		p.Accessible(test.name)
		p.Shot(test.name)
		f, err := os.Open(filepath.Join(shots, test.name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.DecodeConfig(f)
		if f.Close(); err != nil || test.shot > 0 && picture.Width != test.shot {
			t.Errorf("%s: a picture of %d pixels: %v", test.name, picture.Width, err)
		}
	}
}

// What is planted is found: by axe-core, and in what the browser complains of.
func TestFaultsAreFound(t *testing.T) {
	p := Start(t).Open(site(t)+"/faults", Look{})
	var found []string
	for _, v := range p.Axe() {
		found = append(found, v.ID)
	}
	slices.Sort(found)
	if want := []string{"color-contrast", "image-alt", "label"}; !slices.Equal(found, want) {
		t.Errorf("axe-core finds %v, want %v", found, want)
	}
	Eval[bool](p, `setTimeout(() => { throw new Error("planted") }), true`)
	Eval[bool](p, `console.error("to the console"), true`)
	Eval[bool](p, `new Promise(done => setTimeout(() => done(true), 20))`)
	p.Expect("inline style")
	p.Expect("inline script")
	p.Expect("/none.png")
	p.Expect("planted")
	p.Expect("to the console")
	if rest := p.Complaints(); len(rest) > 0 {
		t.Errorf("and complains of %q", rest)
	}
}
