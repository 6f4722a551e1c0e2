package reconcile_test

import (
	"context"
	"testing"
	"time"

	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// shelf makes the documents of all pairs that are to have one, and finds nothing wrong with them.
type shelf struct{}

func (shelf) Tends(s series.Series) bool { return s.Doc.Template != "" }

func (shelf) Tend(_ context.Context, w reconcile.DocumentWish, last reconcile.Document) (reconcile.Document, error) {
	if last.State == "" {
		last = reconcile.Document{Link: "https://docs.google.com/document/d/" + w.View.Pair.Report, State: "made"}
	}
	last.Looked = w.Now
	return last, nil
}

// A document that was made is on the calendar in the same round. It is forgotten with its pair, and no other is.
func TestDocumentsOfPairs(t *testing.T) {
	x := newOrg(t, servers["delivers"])
	made := func(s *series.Series) { s.Link, s.Doc.Template = "", "template" }
	x.wish("mia/raj", tuesdays, made)
	x.wish("mia/lee", "Wed 10:00 30m0s 1w Europe/Berlin", made)
	r, j := x.holdfast()
	r.Documents = shelf{}
	x.once(r)
	if len(j.docs) != 2 || x.live("mia/raj").Link != "https://docs.google.com/document/d/raj" {
		x.Fatalf("known %v, on the calendar %q", j.docs, x.live("mia/raj").Link)
	}
	x.quiet(r)
	x.wish("mia/lee", "none", nil)
	x.now = x.now.Add(time.Hour)
	x.once(r)
	if len(j.docs) != 1 || j.docs[series.Pair{Manager: "mia", Report: "raj"}].Link == "" {
		x.Fatalf("known %v", j.docs)
	}
}

// A look at a document has nothing delivered: what the report's calendar has is known of a pair that is judged for its
// document alone, too.
func TestADocumentAlone(t *testing.T) {
	x := newOrg(t, servers["holdfast delivers"])
	x.wish("mia/raj", tuesdays, func(s *series.Series) { s.Link, s.Doc.Template = "", "template" })
	r, j := x.holdfast()
	r.Documents = shelf{}
	x.once(r)
	x.quiet(r)
	copied := x.copied("mia/raj").Ref
	for range 4 {
		x.now = x.now.Add(time.Minute)
		out := x.once(r)
		if looked := j.docs[x.want[0].Pair].Looked; !looked.Equal(x.now) {
			x.Fatalf("the document was looked at %s", looked)
		}
		if out.Delivered > 0 || flags(out) != "" || x.copied("mia/raj").Ref != copied {
			x.Fatalf("%d deliveries, flags %q", out.Delivered, flags(out))
		}
	}
}
