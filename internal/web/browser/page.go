package browser

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Page is an open page: a tab in a profile of its own. All that it is asked to do it does within half a minute, or the
// test fails. When the test ends, it fails for everything that the browser complained of and that was not expected.
type Page struct {
	t   testing.TB
	ctx context.Context
	now Look

	mu         sync.Mutex
	complaints []string
}

func (b *Browser) page(url string, cookies []*http.Cookie) *Page {
	b.t.Helper()
	p := &Page{t: b.t}
	var stop context.CancelFunc
	p.ctx, stop = chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.heard))
	b.t.Cleanup(func() {
		stop()
		for _, c := range p.Complaints() {
			b.t.Errorf("the browser complains: %s", c)
		}
	})
	if err := chromedp.Do(p.ctx); err != nil { // not within a time limit: that would be the tab's
		b.t.Fatalf("open a tab: %v", err)
	}
	for _, c := range cookies {
		p.do("set the cookie "+c.Name, call(network.SetCookies, network.SetCookiesParams{
			Cookies: []*network.CookieParam{{
				Name:     c.Name,
				Value:    c.Value,
				URL:      url,
				Path:     cmp.Or(c.Path, "/"),
				Secure:   c.Secure,
				HTTPOnly: c.HttpOnly,
			}},
		}))
	}
	return p
}

// call is a command of the browser's protocol (https://chromedevtools.github.io/devtools-protocol/tot/).
func call[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// heard takes what the browser reports.
func (p *Page) heard(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			p.complain("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		what := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			what = x.Description
		}
		p.complain("script: %s", what)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, a := range e.Args {
				p.complain("console: %s", a.Value)
			}
		}
	}
}

func (p *Page) complain(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complaints = append(p.complaints, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// Complaints are what the browser complained of until now: what the page's policy forbade, scripts that failed, parts
// that could not be loaded.
func (p *Page) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.complaints)
}

// Expect takes those complaints for right in which the text is. One at least has to be there.
func (p *Page) Expect(text string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.complaints)
	p.complaints = slices.DeleteFunc(p.complaints, func(c string) bool { return strings.Contains(c, text) })
	if n == len(p.complaints) {
		p.t.Errorf("the browser does not complain of %q", text)
	}
}

// ask has the page do something that gives a value.
func ask[T any](p *Page, what string, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		cancel()
		p.t.Fatalf("%s: %v\nat %s", what, err, p.shown())
	}
	return v
}

func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ask(p, what, chromedp.Steps(steps...))
}

// shown is what a failed test prints of the page.
func (p *Page) shown() string {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.pathname + "\n" + document.body.innerText`))
	return text
}

// Look has the page looked at otherwise.
func (p *Page) Look(l Look) {
	p.t.Helper()
	zoom := cmp.Or(l.Zoom, 1)
	size := func(pixels int) int64 { return int64(float64(pixels) / zoom) }
	scheme, media := "light", "screen"
	if l.Dark {
		scheme = "dark"
	}
	if l.Print {
		media = "print"
	}
	p.now = l
	p.do("look otherwise",
		chromedp.EmulateViewport(size(cmp.Or(l.Width, 1280)), size(cmp.Or(l.Height, 900)), chromedp.EmulateScale(zoom)),
		call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media:    media,
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}),
		scripts(!l.NoScript),
	)
}

// scripts turns them on or off.
func scripts(on bool) chromedp.Action[chromedp.Void] {
	return call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// Go goes to another page, and returns the status of its answer.
func (p *Page) Go(url string) (status int) {
	p.t.Helper()
	return int(ask(p, "go to "+url, chromedp.NavigateResponse(url)).Status)
}

// Follow presses what leads to another page, waits until that is loaded, and returns the status of its answer.
func (p *Page) Follow(name string) (status int) {
	p.t.Helper()
	return int(ask(p, "follow "+name, func(ctx context.Context, _ *chromedp.Target) (*network.Response, error) {
		return chromedp.RunResponse(ctx, press(name))
	}).Status)
}

// Press presses a button, a link or a heading that opens something, by its name: the words that it shows, or those that
// a screen reader says of it. Only one of that name may be seen.
func (p *Page) Press(name string) {
	p.t.Helper()
	p.do("press "+name, press(name))
}

func press(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.JSPath(script(`(name) => {
		const words = e => (e.getAttribute("aria-label") || e.innerText || e.value || "").replace(/\s+/g, " ").trim()
		const all = [...document.querySelectorAll("a, button, summary, input[type=submit], [role=button]")]
			.filter(e => e.checkVisibility() && words(e) === name)
		return all.length === 1 ? all : []
	}`, name)))
}

// Click presses the first element of that CSS selector.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Fill writes the text into the field that has that label, in place of what stood there. To a field with a way of its
// own to choose (a list, a date, a time) it gives the value.
func (p *Page) Fill(label, text string) {
	p.t.Helper()
	const fields = `[...document.querySelectorAll("input, textarea, select")].filter(e => e.checkVisibility() &&
		(e.getAttribute("aria-label") === label ||
			[...(e.labels || [])].some(l => l.innerText.replace(/\s+/g, " ").trim() === label)))`
	field := chromedp.JSPath(script(`(label) => `+fields, label))
	p.do("fill "+label, chromedp.Focus(field))
	typed := Eval[bool](p, script(`(label, text) => {
		const e = `+fields+`[0], typed = /^(text|search|email|url|tel|password|number|textarea)$/.test(e.type)
		e.value = typed ? "" : text
		if (!typed) ["input", "change"].forEach(what => e.dispatchEvent(new Event(what, {bubbles: true})))
		return typed
	}`, label, text))
	if typed {
		p.do("fill "+label, chromedp.SendKeys(field, text))
	}
}

// See waits until the page shows the text; how much space is between its words is no matter.
func (p *Page) See(text string) {
	p.t.Helper()
	p.do("see "+text, p.until(script(`(text) => document.body &&
		document.body.innerText.replace(/\s+/g, " ").includes(text)`, text)))
}

// until waits for the condition, on whatever page is loaded meanwhile.
func (p *Page) until(condition string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		for {
			_, err := chromedp.Run(ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(patience)))
			if gone := (*cdproto.Error)(nil); !errors.As(err, &gone) || ctx.Err() != nil {
				return err
			}
		}
	})
}

// Text is what the first element of that CSS selector shows.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return ask(p, "read "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// Count is how many elements of that CSS selector there are.
func (p *Page) Count(selector string) int {
	p.t.Helper()
	return Eval[int](p, script(`(s) => document.querySelectorAll(s).length`, selector))
}

// Path is the path of the page's address.
func (p *Page) Path() string {
	p.t.Helper()
	return Eval[string](p, `location.pathname`)
}

// Wide reports whether the page has to be scrolled sideways to be read.
func (p *Page) Wide() bool {
	p.t.Helper()
	return Eval[bool](p, `document.documentElement.scrollWidth > document.documentElement.clientWidth`)
}

// Eval is what a JavaScript expression gives on the page. The page's policy does not hold for it.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	return ask(p, "evaluate "+expression, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// script is the call of a JavaScript function with these arguments.
func script(function string, args ...any) string {
	list, err := json.Marshal(args)
	if err != nil {
		panic(err) // texts and numbers
	}
	return "(" + function + ")(..." + string(list) + ")"
}

// Shot keeps a picture of the whole page as NAME.png in the folder that HOLDFAST_TEST_SHOTS names; without it none.
func (p *Page) Shot(name string) {
	p.t.Helper()
	folder := os.Getenv("HOLDFAST_TEST_SHOTS")
	if folder == "" {
		return
	}
	picture := ask(p, "take a picture", chromedp.FullScreenshot(100))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
		p.t.Fatal(err)
	}
}
