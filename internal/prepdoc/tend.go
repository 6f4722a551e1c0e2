package prepdoc

import (
	"context"
	"errors"
	"net/http"
	"time"

	"google.golang.org/api/docs/v1"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// steps is how many a document needs at most, with some to spare.
const steps = 10

// tries is how often in a row a section is composed anew because somebody typed in between.
const tries = 3

// Tend does what is to be done about one pair's document at now: most of the time that is nothing, and no request is sent.
// The State it returns is to be kept for the next time, also beside an error, which is one of package provider. Two
// calls for one pair may not run at once: Drive keeps only the last of two concurrent changes of who has access.
func (d *Docs) Tend(ctx context.Context, now time.Time, w Want, st State) (State, error) {
	var c *client
	var seen *Seen
	for range steps {
		var step Step
		if st, step = Plan(now, w, st, seen); step == Rest {
			return st, nil
		}
		var err error
		if c == nil {
			if c, err = d.client(ctx, w.Series.Manager); err != nil {
				return st, err
			}
		}
		if step == Look {
			if seen, err = c.look(ctx, w, st); err != nil {
				return st, err
			}
			continue
		}
		if st, seen, err = c.do(ctx, step, w, st, seen); err != nil {
			st.Tried = now
			return st, err
		}
		d.Log.Info().Stringer("pair", w.Series.Pair).Str("step", string(step)).Msg("prep doc")
	}
	return st, &provider.Error{Kind: provider.Conflict, Op: "prep doc", Err: errors.New("the document does not stay as it was written")}
}

// do does one step that writes, and tells what the document is then.
func (c *client) do(ctx context.Context, step Step, w Want, st State, seen *Seen) (State, *Seen, error) {
	var err error
	d := seen.Doc
	switch step {
	case Make:
		if st.File, err = c.copy(ctx, w); err == nil {
			st.Link, st.Seen = linkOf(st.File), true
			seen, err = c.look(ctx, w, st)
		}
	case Lock:
		if err = c.lock(ctx, d.ID); err == nil {
			d.WritersCanShare = false
		}
	case Share:
		var p Permission
		if p, err = c.share(ctx, d.ID, w.Series.Report); err == nil {
			d.Marks.Report, d.Marks.Address = p.ID, series.Digest(series.Address(w.Series.Report.Email))
			if err = c.mark(ctx, d.ID, d.Marks); err == nil {
				seen, err = c.permissions(ctx, d)
			}
		}
	case Mark:
		m := w.marks(st, *d)
		if err = c.mark(ctx, d.ID, m); err == nil {
			d.Marks = m
		}
	case Write:
		if err = c.section(ctx, d.ID, w); err == nil {
			st.Section = w.Next.Date
		}
	}
	return st, seen, err
}

// bodyFields are what is read of a document to put a section into it.
const bodyFields = "revisionId,namedRanges,body(content(startIndex,endIndex,paragraph(paragraphStyle(namedStyleType),bullet(listId)," +
	"elements(textRun(content,suggestedInsertionIds),person,richLink,dateElement))))"

// section writes the next meeting's section, unless it is there. What is read of the document lives in this call only.
func (c *client) section(ctx context.Context, id string, w Want) error {
	var err error
	for range tries {
		doc, getErr := c.docs.Documents.Get(id).SuggestionsViewMode("SUGGESTIONS_INLINE").Fields(bodyFields).Context(ctx).Do(c.quota)
		if getErr != nil {
			return failure("read where the section goes", getErr)
		}
		requests, ok := compose(doc, sectionOf(w.Series), w.Next)
		switch {
		case !ok || doc.RevisionId == "":
			return &provider.Error{Op: "prep doc: write the section", Err: errors.New("it is no document that can be written to")}
		case requests == nil:
			return nil
		}
		_, err = c.docs.Documents.BatchUpdate(id, &docs.BatchUpdateDocumentRequest{Requests: requests,
			WriteControl: &docs.WriteControl{RequiredRevisionId: doc.RevisionId}}).Context(ctx).Do(c.quota)
		if err = failure("write the section", err); err == nil {
			return nil
		}
		// Somebody typed since it was read: what they typed counts.
		if n, _ := status(err); n != http.StatusBadRequest {
			return err
		}
	}
	return &provider.Error{Kind: provider.Conflict, Op: "prep doc: write the section", Err: errors.Unwrap(err)}
}
