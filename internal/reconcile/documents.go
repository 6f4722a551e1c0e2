package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/internal/drift"
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

// links gives the series whose document is made the link to it. One that is not known (any more) is the one that
// Holdfast wrote on the calendar. A preview takes those as made that a round would make.
func (x *round) links(preview bool) {
	if x.Documents == nil || !slices.ContainsFunc(x.want, func(w series.Series) bool { return w.Doc.Template != "" }) {
		return
	}
	written := map[series.Pair]string{}
	for _, v := range series.Gather(x.want, x.unpacked()) {
		if h := v.Head(); h != nil {
			written[v.Pair] = h.OwnLink()
		}
	}
	for i := range x.want {
		w := &x.want[i]
		if w.Doc.Template == "" {
			continue
		}
		if w.Link = x.mem.Documents[w.Pair].Link; w.Link == "" {
			if w.Link = written[w.Pair]; preview && (w.Link == "" || !x.mem.Empty) {
				w.Link = unmade
			}
		}
	}
}

// documents tends the documents of the pairs that the plan leaves or makes booked, and gives their series the links. It
// returns the pairs whose link has changed. Where one cannot be tended the calendar is kept all the same.
func (x *round) documents(ctx context.Context, asks []plan.Ask) (changed map[series.Pair]bool, err error) {
	if x.Documents == nil {
		return nil, nil
	}
	changed = map[series.Pair]bool{}
	begin, stop := context.WithTimeout(ctx, documentPatience)
	defer stop()
	type answer struct {
		doc Document
		err error
	}
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		answers = map[series.Pair]answer{}
		jobs    = make(chan DocumentWish)
	)
	for range workers {
		wg.Go(func() {
			for w := range jobs {
				inTime, cancel := context.WithTimeout(ctx, documentPatience)
				doc, err := x.Documents.Tend(inTime, w, x.mem.Documents[w.View.Pair])
				cancel()
				mu.Lock()
				answers[w.View.Pair] = answer{doc, err}
				mu.Unlock()
			}
		})
	}
	wanted := map[series.Pair]bool{}
	for _, v := range x.out.Views {
		if !v.Wanted || !x.Documents.Tends(v.Want) {
			continue
		}
		wanted[v.Pair] = true
		at := slices.IndexFunc(asks, func(a plan.Ask) bool { return a.Pair == v.Pair })
		if v.Stale || len(asks) > 0 && at < 0 || x.now.Before(x.rest[v.Pair]) || begin.Err() != nil {
			continue
		}
		jobs <- DocumentWish{
			Now:    x.now,
			View:   *v,
			Hold:   !x.bookable(v),
			Remake: at >= 0 && !asks[at].Accept && asks[at].Occurrence.IsZero(),
		}
	}
	close(jobs)
	wg.Wait()
	for i := range x.want {
		w := &x.want[i]
		if !wanted[w.Pair] {
			continue
		}
		last := x.mem.Documents[w.Pair]
		a, tended := answers[w.Pair]
		if !tended {
			a.doc = last
		}
		if w.Doc.Template == "" { // the link is the roster's, and nothing is written to what it leads to
			a.doc.Link, a.doc.Section = "", last.Section
		} else if a.err != nil && a.doc.Section.IsZero() { // not looked at yet
			a.doc.Section = last.Section
		}
		if ctx.Err() == nil {
			x.troubled(w.Pair, &a.doc, a.err)
		}
		if !same(a.doc, last) {
			err = errors.Join(err, x.keepDocument(ctx, w.Pair, a.doc))
		}
		if a.doc.Section != last.Section && !a.doc.Section.IsZero() && last.State != "" {
			x.out.Sections = append(x.out.Sections, Section{w.Pair, a.doc.Section})
		}
		if a.doc.Link != "" && a.doc.Link != w.Link {
			w.Link, changed[w.Pair] = a.doc.Link, true
		}
	}
	for p := range x.mem.Documents {
		if !wanted[p] {
			err = errors.Join(err, x.keepDocument(ctx, p, Document{}))
		}
	}
	return changed, err
}

// bookable reports whether the pair has a 1:1 to come, or gets one by the plan.
func (x *round) bookable(v *series.View) bool {
	if h := v.Head(); h != nil && !h.Ended(x.now) && !v.Suspect && !v.Missing() {
		return true
	}
	return slices.ContainsFunc(x.out.Plan.Changes, func(c plan.Change) bool {
		return c.Pair == v.Pair && (c.Action == plan.Create || c.Action == plan.Adopt || c.Action == plan.Restore)
	})
}

func same(a, b Document) bool {
	return a.Link == b.Link && a.State == b.State && a.Looked.Equal(b.Looked) && a.Failed.Equal(b.Failed) &&
		slices.Equal(a.Findings, b.Findings)
}

func (x *round) keepDocument(ctx context.Context, p series.Pair, d Document) error {
	x.mem.Documents[p], x.judge[p] = d, true
	// What was made is made, even if the round is told to stop.
	if err := x.Journal.KeepDocument(context.WithoutCancel(ctx), p, d); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// troubled notes that a pair's document could not be tended. It is told until a later look has found it well.
func (x *round) troubled(p series.Pair, d *Document, err error) {
	o, was := x.mem.Outages[DocumentOf(p)]
	switch {
	case err != nil:
		o = Outage{
			Kind:  string(MatterDocument),
			Cause: provider.CauseOf(err),
			Text: fmt.Sprintf(
				"the document of %s: %s",
				p,
				strings.TrimPrefix(err.Error(), "prep doc: "),
			),
			Hint: provider.HintOf(err),
		}
		rest := documentRest
		if e := (*provider.Error)(nil); errors.As(err, &e) {
			rest = max(rest, min(e.RetryAfter, time.Hour))
		}
		x.rest[p], d.Failed = x.now.Add(rest), x.now
		x.Log.Debug().Stringer("pair", p).Err(err).Msg("document cannot be tended")
	case !was || d.Looked.After(d.Failed):
		delete(x.rest, p)
		return
	}
	x.alarm(DocumentOf(p), o)
	x.out.Failures = append(x.out.Failures, Failure{DocumentOf(p), errors.New(o.Text), o.Hint})
}

// findings are what is wrong with the documents that are tended.
func (x *round) findings() map[series.Pair][]drift.Finding {
	out := map[series.Pair][]drift.Finding{}
	if x.Documents == nil {
		return out
	}
	for _, w := range x.want {
		if x.Documents.Tends(w) {
			out[w.Pair] = x.mem.Documents[w.Pair].Findings
		}
	}
	return out
}
