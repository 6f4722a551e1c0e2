package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/lineage"
	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Documents tends pairs' documents: those made from a template, and of those that the roster links to the ones it can
// look at.
type Documents interface {
	// Tends reports whether the document of the series is to be tended.
	Tends(s series.Series) bool
	// Tend does what is to be done about one pair's document now: most of the time nothing, and nobody is asked. last is
	// what it returned the time before. What it returns is to be kept, also beside an error.
	Tend(ctx context.Context, w DocumentWish, last Document) (Document, error)
}

// DocumentWish is what a round wants of a pair's document.
type DocumentWish struct {
	Now    time.Time
	View   series.View
	Hold   bool // write nothing: the pair has no 1:1 that is booked, or it is not sure that it has
	Remake bool // a person asked for a new one in place of one that is missing
}

// Document is what is remembered of a pair's document. Nothing of its text.
type Document struct {
	Link     string          // to the one that was made; "" before that, and where the roster gives the link
	Looked   time.Time       // when it was last looked at
	Failed   time.Time       // when that, or what was to be done then, last failed
	Findings []drift.Finding // as of Looked
	Section  series.Date     // the occurrence whose section was written last; zero: none yet
	State    string          // what else Documents wants to have back
}

// Section is one that was put into a pair's document, for the meeting booked on the day.
type Section struct {
	Pair series.Pair
	Date series.Date
}

const (
	// documentPatience is how long one document may take, and for how long a round begins another one: calendars come
	// first.
	documentPatience = time.Minute
	// documentRest is how long a document is left alone that could not be tended.
	documentRest = 10 * time.Minute
	// unmade stands for the link to a document that a round would make.
	unmade = "https://docs.google.com/document/"
)

// links are those to the documents that are made. One that is not known (any more) is the one that Holdfast wrote on
// the calendar. A preview takes those as made that a round would make.
func links(g *given, l looked, preview bool) map[series.Pair]string {
	out := map[series.Pair]string{}
	if !slices.ContainsFunc(g.lines.all, func(w series.Series) bool { return w.Doc.Template != "" }) {
		return out
	}
	written := map[series.Pair]string{}
	for _, v := range lineage.Gather(g.lines.all, l.unpacked()) {
		if h := v.Head(); h != nil {
			written[v.Pair] = h.OwnLink()
		}
	}
	for i := range g.lines.all {
		w := &g.lines.all[i]
		if w.Doc.Template == "" {
			continue
		}
		link := cmp.Or(g.mem.Documents[w.Pair].Link, written[w.Pair])
		if preview && g.mem.Documents[w.Pair].Link == "" && (link == "" || !g.mem.Empty) {
			link = unmade
		}
		out[w.Pair] = link
	}
	return out
}

// tended is what became of documents.
type tended struct {
	now      map[series.Pair]Document // what is remembered of them all
	changed  pairs                    // of which another is remembered than was
	links    map[series.Pair]string   // those that are others than the roster's lines had
	sections []Section
	outages  map[Subject]Outage
	failures []Failure
}

// tend tends the documents of the pairs that the plan leaves or makes booked. Where one cannot be tended the calendar
// is kept all the same.
func (r *Reconciler) tend(ctx context.Context, k known, views []*series.View, p plan.Plan) (tended, error) {
	out := tended{now: k.docs, changed: pairs{}, links: map[series.Pair]string{}, outages: map[Subject]Outage{}}
	if r.Documents == nil {
		return out, nil
	}
	wanted, answers := r.tendAll(ctx, k, views, p)
	others := map[series.Pair]Document{} // than are remembered
	for i := range k.lines.all {
		w := k.lines.at(i)
		if !wanted[w.Pair] {
			continue
		}
		last := k.docs[w.Pair]
		a, tended := answers[w.Pair]
		if !tended {
			a.doc = last
		}
		if w.Doc.Template == "" { // the link is the roster's, and nothing is written to what it leads to
			a.doc.Link, a.doc.Section = "", last.Section
		} else if a.err != nil && a.doc.Section.IsZero() { // not looked at yet
			a.doc.Section = last.Section
		}
		switch o, is := k.trouble(w.Pair, a.doc, a.err); {
		case ctx.Err() != nil: // that says nothing about it
		case !is:
			delete(r.rest, w.Pair)
		default:
			out.outages[DocumentOf(w.Pair)] = o
			out.failures = append(out.failures, Failure{DocumentOf(w.Pair), errors.New(o.Text), o.Hint})
			if a.err != nil {
				a.doc.Failed = k.now
				r.letRest(k.now, w.Pair, a.err)
			}
		}
		if !same(a.doc, last) {
			others[w.Pair] = a.doc
		}
		if a.doc.Section != last.Section && !a.doc.Section.IsZero() && last.State != "" {
			out.sections = append(out.sections, Section{w.Pair, a.doc.Section})
		}
		if a.doc.Link != "" && a.doc.Link != w.Link {
			out.links[w.Pair] = a.doc.Link
		}
	}
	for p := range k.docs {
		if !wanted[p] {
			others[p] = Document{}
		}
	}
	if len(others) == 0 {
		return out, nil
	}
	var err error
	out.now = merged(k.docs, others)
	for p, d := range others {
		out.changed[p] = true
		// What was made is made, even if the round is told to stop.
		if e := r.Journal.KeepDocument(context.WithoutCancel(ctx), p, d); e != nil {
			err = errors.Join(err, fmt.Errorf("write the journal: %w", e))
		}
	}
	return out, err
}

// tending is what became of one document.
type tending struct {
	doc Document
	err error
}

// tendAll tends documents side by side. wanted are the pairs that are to have one, answers what became of those whose
// turn it is.
func (r *Reconciler) tendAll(ctx context.Context, k known, views []*series.View, p plan.Plan) (
	wanted pairs, answers map[series.Pair]tending) {
	begin, stop := context.WithTimeout(ctx, documentPatience)
	defer stop()
	var wg sync.WaitGroup
	var mu sync.Mutex
	wanted, answers = pairs{}, map[series.Pair]tending{}
	jobs := make(chan DocumentWish)
	for range workers {
		wg.Go(func() {
			for w := range jobs {
				inTime, cancel := context.WithTimeout(ctx, documentPatience)
				doc, err := r.Documents.Tend(inTime, w, k.docs[w.View.Pair])
				cancel()
				mu.Lock()
				answers[w.View.Pair] = tending{doc, err}
				mu.Unlock()
			}
		})
	}
	for _, v := range views {
		if !v.Wanted || !k.tends(v.Want) {
			continue
		}
		wanted[v.Pair] = true
		at := slices.IndexFunc(k.asks, func(a plan.Ask) bool { return a.Pair == v.Pair })
		if v.Stale || k.asked() && at < 0 || k.now.Before(r.rest[v.Pair]) || begin.Err() != nil {
			continue
		}
		jobs <- DocumentWish{
			Now:    k.now,
			View:   *v,
			Hold:   !bookable(v, p.Changes, k.now),
			Remake: at >= 0 && !k.asks[at].Accept && k.asks[at].Occurrence.IsZero(),
		}
	}
	close(jobs)
	wg.Wait()
	return wanted, answers
}

// bookable reports whether the pair has a 1:1 to come, or gets one by these changes.
func bookable(v *series.View, changes []plan.Change, now time.Time) bool {
	if h := v.Head(); h != nil && !h.Ended(now) && !v.Suspect && !v.Missing() {
		return true
	}
	return slices.ContainsFunc(changes, func(c plan.Change) bool {
		return c.Pair == v.Pair && (c.Action == plan.Create || c.Action == plan.Adopt || c.Action == plan.Restore)
	})
}

func same(a, b Document) bool {
	return a.Link == b.Link && a.State == b.State && a.Looked.Equal(b.Looked) && a.Failed.Equal(b.Failed) &&
		slices.Equal(a.Findings, b.Findings)
}

// trouble is that the pair's document could not be tended. It is told until a later look has found it well.
func (g *given) trouble(p series.Pair, d Document, err error) (o Outage, is bool) {
	if err == nil {
		o, is = g.mem.Outages[DocumentOf(p)]
		return o, is && !d.Looked.After(d.Failed)
	}
	return Outage{
		Kind:  string(MatterDocument),
		Cause: provider.CauseOf(err),
		Text:  fmt.Sprintf("the document of %s: %s", p, strings.TrimPrefix(err.Error(), "prep doc: ")),
		Hint:  provider.HintOf(err),
	}, true
}

// letRest leaves alone for a while a pair's document that could not be tended.
func (r *Reconciler) letRest(now time.Time, p series.Pair, err error) {
	rest := documentRest
	if e := (*provider.Error)(nil); errors.As(err, &e) {
		rest = max(rest, min(e.RetryAfter, time.Hour))
	}
	r.rest[p] = now.Add(rest)
	r.Log.Debug().Stringer("pair", p).Err(err).Msg("document cannot be tended")
}

// findings are what is wrong with the documents of these pairs that are tended.
func (k known) findings(views []*series.View) map[series.Pair][]drift.Finding {
	out := map[series.Pair][]drift.Finding{}
	for _, v := range views {
		if v.Wanted && k.tends(v.Want) {
			out[v.Pair] = k.docs[v.Pair].Findings
		}
	}
	return out
}
