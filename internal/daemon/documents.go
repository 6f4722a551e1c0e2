package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"holdfast/internal/drift"
	"holdfast/internal/prepdoc"
	"holdfast/internal/provider"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// clients are people's clients as package prepdoc wants them.
type clients func(series.Person) *http.Client

// ClientFor acts as the person. What keeps it from that comes with the first request.
func (c clients) ClientFor(_ context.Context, p series.Person) (*http.Client, error) {
	return c(p), nil
}

// documents tends pairs' documents, each as its manager.
type documents struct{ *App }

// Tends is reconcile.Documents'.
func (d documents) Tends(s series.Series) bool { return d.tends(s) }

// Tend is reconcile.Documents'.
func (d documents) Tend(ctx context.Context, w reconcile.DocumentWish, last reconcile.Document) (reconcile.Document, error) {
	docs, err := d.docs(w.View.Want.Manager)
	if err != nil {
		return last, err
	}
	var st prepdoc.State
	if last.State != "" && json.Unmarshal([]byte(last.State), &st) != nil {
		st = prepdoc.State{} // another version's: that costs a look
	}
	want := prepdoc.WantOf(w.View, w.Now)
	want.Hold, want.Remake, want.SeesAll = w.Hold, w.Remake, d.seesAll(want.Series.Manager)
	st, err = docs.Tend(ctx, w.Now, want, st)
	out := reconcile.Document{Link: st.Link, Looked: st.Checked, Failed: last.Failed, Section: st.Section}
	for _, f := range st.Findings {
		out.Findings = append(out.Findings, drift.Finding{Kind: drift.Kind(f.Kind), Detail: f.Detail})
	}
	text, jsonErr := json.Marshal(st)
	if jsonErr != nil {
		panic(jsonErr) // texts, times and days only
	}
	out.State = string(text)
	return out, err
}

// docs are the documents of the Google that the person's calendar is at.
func (a *App) docs(p series.Person) (*prepdoc.Docs, error) {
	g, ok := a.googleOf(p)
	if !ok {
		return nil, &provider.Error{Kind: provider.Permanent, Op: "open", Err: fmt.Errorf("the calendar of %s is none at Google", p.ID),
			Hint: "give prep_doc a link, or name a calendar of kind google at the manager"}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	who, err := a.google(g)
	return who.docs, err
}

// tends reports whether the document of the series is made from a template, or is a given one that can be looked at:
// that takes the manager's whole Drive, since whoever gave the link did not open the document with Holdfast.
func (a *App) tends(s series.Series) bool {
	return s.Doc.Template != "" || a.seesAll(s.Manager) && prepdoc.FileID(s.Link) != ""
}

// seesAll reports whether Holdfast may ask for all of the person's Drive.
func (a *App) seesAll(p series.Person) bool {
	g, _ := a.googleOf(p)
	return g.AllFiles
}

// documented are the series of the manager whose documents are tended, one of each template and folder, and one with a given link.
func (a *App) documented(p series.Person) ([]series.Series, error) {
	d, err := a.Desired(a.o.Clock())
	if err != nil {
		return nil, err
	}
	seen := map[series.PrepDoc]bool{}
	var out []series.Series
	for _, s := range d.Series {
		if s.Manager.ID == p.ID && a.tends(s) && !seen[s.Doc] {
			seen[s.Doc] = true
			out = append(out, s)
		}
	}
	return out, nil
}

// examineDocuments tells whether the documents of the manager's pairs can be made, and looked at.
func (a *App) examineDocuments(ctx context.Context, p series.Person) ([]provider.Finding, error) {
	all, err := a.documented(p)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	docs, err := a.docs(p)
	if err != nil {
		return nil, err
	}
	text := "given documents can be looked at"
	for _, s := range all {
		if s.Doc.Template != "" {
			text = "the template can be copied"
		}
		if err := docs.Check(ctx, s); err != nil {
			return []provider.Finding{{Check: "document", Text: fmt.Sprintf("%s: %s", s.Pair, strings.TrimPrefix(err.Error(), "prep doc: ")), Hint: provider.HintOf(err)}}, nil
		}
	}
	return []provider.Finding{{Check: "document", OK: true, Text: text}}, nil
}
