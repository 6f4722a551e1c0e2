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
	want.Hold, want.Remake = w.Hold, w.Remake
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
	g, ok := a.Settings.Google[p.Calendar]
	if !ok {
		return nil, &provider.Error{Kind: provider.Permanent, Op: "open", Err: fmt.Errorf("the calendar of %s is none at Google", p.ID),
			Hint: "give prep_doc a link, or name a calendar of kind google at the manager"}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	who, err := a.google(g)
	return who.docs, err
}

// templated are the series of the manager whose documents are made from a template, one of each template and folder.
func (a *App) templated(p series.Person) ([]series.Series, error) {
	d, err := a.Desired(a.o.Clock())
	if err != nil {
		return nil, err
	}
	seen := map[series.PrepDoc]bool{{}: true}
	var out []series.Series
	for _, s := range d.Series {
		if s.Manager.ID == p.ID && s.Doc.Template != "" && !seen[s.Doc] {
			seen[s.Doc] = true
			out = append(out, s)
		}
	}
	return out, nil
}

// examineDocuments tells whether the documents of the manager's pairs can be made.
func (a *App) examineDocuments(ctx context.Context, p series.Person) ([]Finding, error) {
	all, err := a.templated(p)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	docs, err := a.docs(p)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if err := docs.Check(ctx, s); err != nil {
			return []Finding{{Check: "document", Text: fmt.Sprintf("%s: %s", s.Pair, strings.TrimPrefix(err.Error(), "prep doc: ")), Hint: provider.HintOf(err)}}, nil
		}
	}
	return []Finding{{Check: "document", OK: true, Text: "the template can be copied"}}, nil
}
