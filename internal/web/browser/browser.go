// Package browser has tests look at pages as people do, in a real Chromium: with their width, colours and zoom, with
// and without scripts, on paper. What the browser itself complains of fails the test, and axe-core says what people
// with a screen reader or a keyboard could not use.
package browser

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is for how long anything may take that a page is asked.
const patience = 30 * time.Second

// Browser is a Chromium of the test's own.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Start starts one with nothing in its profile, until the test ends. Without Chromium (Debian's package chromium) the
// test is skipped, and fails where all is required, as in .ci/run.
func Start(t testing.TB) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	switch {
	case err == nil:
	case os.Getenv("HOLDFAST_TEST_REQUIRE") != "":
		t.Fatal(err)
	default:
		t.Skip("no Chromium: .ci/run installs it, with Debian's package chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // CI is root
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "en"),
	)
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		defer stop()
		defer cancel()
		end, done := context.WithTimeout(ctx, patience)
		defer done()
		if err := chromedp.Cancel(end); err != nil {
			t.Errorf("Chromium does not end: %v", err)
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return &Browser{t, ctx}
}

// Look is how somebody looks at a page. The zero Look is a window of 1280 to 900 pixels, in light colours.
type Look struct {
	Width, Height int     // of the window, in pixels; 0: 1280 and 900
	Zoom          float64 // 2: all is twice as large, and half as much fits; 0: 1
	Dark          bool    // they wish dark colours
	Print         bool    // on paper
	NoScript      bool    // scripts are off; of a page that is open it holds from the next one on
}

// Open opens the page of the URL in a profile of its own, with these cookies, and waits until it is loaded.
func (b *Browser) Open(url string, l Look, cookies ...*http.Cookie) *Page {
	b.t.Helper()
	p := b.page(url, cookies)
	p.Look(l)
	p.Go(url)
	return p
}
