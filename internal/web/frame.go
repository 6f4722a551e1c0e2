package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"holdfast/internal/act"
	"holdfast/internal/live"
	"holdfast/internal/say"
	"holdfast/internal/web/draw"
)

// partHeader asks for a page's parts alone, to put in place of those that are shown.
const partHeader = "Holdfast-Part"

// frame is what stands around every page.
type frame struct {
	Title   string
	Base    string // of all addresses
	Nav     []place
	SignOut bool     // somebody is signed in
	Banner  []string // what is wrong with all that is shown
	Said    string   // what became of what the reader did
	Refused bool     // Said is why it was not done
	Made    string   // as of when it is
	Stream  string   // where the page hears of changes; "": it does not
	Beat    int      // seconds
	Narrow  bool
	Body    any
}

// place is somewhere that the top of the page leads to.
type place struct {
	Text, Href string
	Here       bool
}

// tag is a word with its shape.
type tag struct {
	Sign template.HTML
	Text string
}

func tagOf(m draw.Mark, text string) tag { return tag{draw.Sign(m), text} }

// field is a hidden one of a form.
type field struct{ Name, Value string }

// action is a button: what it says, where it posts, and with what.
type action struct {
	ID     string // of the element; others of the page have another
	Text   string
	Href   string
	Go     bool // what is proposed first
	Fields []field
	Days   *days // it asks for a time; nil: it does not
}

// days are those of which one can be chosen, and the time of day that is there to begin with.
type days struct{ First, Last, Day, Clock string }

// fact is a line of a list of facts.
type fact struct{ Name, Text string }

// templates are those of the pages, by name; each has the layout and its own "main".
var templates = parse(say.Reader{})

// parse reads the templates with the words of the reader's language.
func parse(words say.Reader) map[string]*template.Template {
	layout := template.Must(template.New("").Funcs(template.FuncMap{
		"word": words.Word,
		"sign": draw.Sign,
		"code": code,
	}).ParseFS(files, "pages/layout/*.html"))
	all, err := files.ReadDir("pages")
	if err != nil {
		panic(err) // they are part of the program
	}
	out := map[string]*template.Template{}
	for _, f := range all {
		if name, ok := strings.CutSuffix(f.Name(), ".html"); ok {
			own := template.Must(layout.Clone())
			out[name] = template.Must(own.ParseFS(files, path.Join("pages", f.Name())))
		}
	}
	return out
}

// code is the text with what stands between backticks as code: commands that somebody may copy.
func code(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		tag := map[bool][2]string{true: {"<code>", "</code>"}}[i%2 == 1]
		b.WriteString(tag[0] + template.HTMLEscapeString(part) + tag[1])
	}
	return template.HTML(b.String()) // each part is escaped
}

// show writes the page of that name.
func (h *handler) show(w http.ResponseWriter, r *http.Request, status int, name string, f frame) {
	f.Base = h.base
	part := "layout"
	if r.Header.Get(partHeader) != "" {
		part = "main"
	}
	var text bytes.Buffer
	if err := templates[name].ExecuteTemplate(&text, part, f); err != nil {
		h.Log.Error().Err(err).Str("page", name).Msg("a page cannot be made")
		http.Error(w, say.Reader{}.LinkFailed().Title, http.StatusInternalServerError)
		return
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Add("Vary", partHeader)
	if status == http.StatusOK && r.Method != http.MethodPost && f.Said == "" && f.SignOut {
		sum := sha256.Sum256(text.Bytes())
		tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		head.Set("Cache-Control", "private, no-cache")
		head.Set("ETag", tag)
		if strings.Contains(r.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes())
}

// message shows a page that says one thing, of the texts of that name.
func (h *handler) message(w http.ResponseWriter, r *http.Request, status int, name string) {
	words := say.Reader{}
	f := h.frame(r, words.Word("error."+name), "")
	f.Body = words.Word("error." + name + ".more")
	h.show(w, r, status, "message", f)
}

// old is how long ago the last round may be before a page says so.
const old = 15 * time.Minute

// frame is the frame of a page for the one who asks; here is the address that the top shows as the present one.
func (h *handler) frame(r *http.Request, title, here string) frame {
	f := frame{Title: title, Base: h.base}
	who, ok := h.who(r)
	if !ok {
		return f
	}
	f.SignOut = true
	words := say.Reader{}
	add := func(href, name string) {
		f.Nav = append(f.Nav, place{words.Word("nav." + name), h.base + href, href == here})
	}
	if who.Person != "" {
		add("/", "mine")
		add("/me", "me")
	}
	if who.Admin {
		add("/admin", "admin")
		if strings.HasPrefix(here, "/admin") {
			add("/admin/plan", "plan")
			add("/admin/pairs", "pairs")
			add("/admin/calendars", "calendars")
		}
	}
	return f
}

// live has the page hear of changes at an address below /live, and says how old what it shows is.
func (h *handler) live(f *frame, r say.Reader, round time.Time, problems bool, stream string) {
	f.Stream, f.Beat = h.base+"/live"+stream, int(live.Beat/time.Second)
	f.Made = r.Fill("made", say.Words{Time: r.Clock(r.Now)})
	if r.Zone == "UTC" {
		f.Made = r.Fill("made", say.Words{Time: r.Clock(r.Now) + " UTC"})
	}
	switch {
	case round.IsZero():
		f.Banner = append(f.Banner, r.Word("banner.first"))
	case r.Now.Sub(round) > old:
		f.Banner = append(f.Banner, r.Fill("banner.old", say.Words{Time: r.When(round), Text: r.Relative(round)}))
	}
	if h.Unwritable != nil && h.Unwritable() {
		f.Banner = append(f.Banner, r.Word("banner.journal"))
	}
	if problems {
		f.Banner = append(f.Banner, r.Word("banner.roster"))
	}
}

// who is who asks.
func (h *handler) who(r *http.Request) (act.Actor, bool) {
	if h.SignIn == nil {
		return act.Actor{}, false
	}
	return h.SignIn.Who(r)
}
