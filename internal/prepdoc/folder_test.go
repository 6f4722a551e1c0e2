package prepdoc_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/provider/google/googletest"
)

// In a folder that the two share already the report may edit the document, and still not share it on.
func TestFolderOfTheTwo(t *testing.T) {
	for _, role := range []string{"reader", "writer"} {
		w := open(t)
		folder := w.AddFile(googletest.NewFile{Owner: mia, Name: "1:1s", MIME: googletest.FolderMIME, Apps: []string{"app"}})
		w.Grant(folder, "user", raj, role)
		w.want.Series.Doc.Folder = folder
		w.tend()
		if f := w.file(w.state.File); f["writersCanShare"] != false {
			t.Errorf("%s: whoever may edit it may share it on", role)
		}
		if d := cmp.Diff([]string{"owner " + mia, "writer " + raj}, w.rows(w.state.File)); d != "" {
			t.Errorf("%s: %s", role, d)
		}
		w.finds("")
		if got := w.tend(); got != "" {
			t.Errorf("%s: a second time called %s", role, got)
		}
	}
}

// Another address that the roster does not know for the report's may be another person's: their notes are neither theirs to
// see, nor the next one's. Where it is known, the document stays as it is.
func TestReportOfAnotherAddress(t *testing.T) {
	w := open(t)
	w.tend()
	w.want.Series.Report.Email = ada
	w.pass(8 * day)
	w.tend()
	w.finds("doc-unreadable: the report cannot edit it; doc-overshared: one other person can see it")
	if d := cmp.Diff([]string{"owner " + mia, "writer " + raj}, w.rows(w.state.File)); d != "" {
		t.Error(d)
	}
	w.want.Series.Report.Aliases = []string{raj}
	w.pass(time.Hour)
	w.tend()
	w.finds("")
}
