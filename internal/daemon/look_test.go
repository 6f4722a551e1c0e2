package daemon

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/deed"
	"holdfast/internal/reconcile"
)

// looks is a command beside the daemon that only looks, with another name for the same file.
func (h *hard) looks() reconcile.Look {
	h.Helper()
	here, err := os.Getwd()
	h.must(err)
	config, err := filepath.Rel(here, filepath.Join(h.dir, "holdfast.yaml"))
	h.must(err)
	a, err := Open(h.Context(), Options{Config: config, Clock: h.app.o.Clock, Log: zerolog.Nop(), Reading: true})
	h.must(err)
	l, err := a.Reconciler.Look(h.Context(), "")
	h.must(err)
	h.must(a.Close())
	return l
}

// What the last round left is what commands show, until settings, roster or the day are others, or somebody decides
// something; the next round makes it good again.
func TestLeftIsOfUse(t *testing.T) {
	h := hardDay(t)
	round := func() {
		h.at = h.at.Add(10 * time.Second) // a roster that was changed has stood by then
		_, err := h.app.Reconciler.Once(t.Context())
		h.must(err)
	}
	for _, x := range []struct {
		what   string
		happen func()
		anew   bool
		heals  bool
	}{
		{
			what:   "nothing was read yet",
			happen: func() {},
			anew:   true,
			heals:  true,
		},
		{
			what:   "nothing happens",
			happen: func() {},
		},
		{
			what:   "an hour passes",
			happen: func() { h.at = h.at.Add(time.Hour) },
		},
		{
			what: "a flag is acknowledged",
			happen: func() {
				_, err := h.app.Store.Acknowledge(t.Context(), deed.Deed{Flag: "f", At: h.at})
				h.must(err)
			},
		},
		{
			what:   "the roster changes",
			happen: func() { h.roster("Room Alder", true) },
			anew:   true,
			heals:  true,
		},
		{
			what:   "it is broken",
			happen: func() { h.write("roster.yaml", "people: {") },
			anew:   true,
		},
		{
			what:   "it is as it was",
			happen: func() { h.roster("Room Alder", true) },
			anew:   true,
			heals:  true,
		},
		{
			what: "something is allowed",
			happen: func() {
				h.must(h.app.Store.Allow(t.Context(), map[string]string{"c": "d"}, h.at))
			},
			anew:  true,
			heals: true,
		},
		{
			what: "that is taken back",
			happen: func() {
				_, err := h.app.Store.Disallow(t.Context())
				h.must(err)
			},
			anew:  true,
			heals: true,
		},
		{
			what:   "a calendar is confirmed to be empty",
			happen: func() { h.must(h.app.Store.ConfirmEmpty(t.Context(), "mia")) },
			anew:   true,
			heals:  true,
		},
		{
			what:   "a day passes",
			happen: func() { h.at = h.at.AddDate(0, 0, 1) },
			anew:   true,
			heals:  true,
		},
		{
			what: "the settings change",
			happen: func() {
				text, err := os.ReadFile(filepath.Join(h.dir, "holdfast.yaml"))
				h.must(err)
				h.write("holdfast.yaml", string(text)+"policy: {moved: restore}\n")
			},
			anew: true,
		},
	} {
		x.happen()
		if l := h.looks(); l.Anew != x.anew || l.First != (x.what == "nothing was read yet") {
			t.Errorf("%s: found anew %v, first %v", x.what, l.Anew, l.First)
		}
		for range 3 { // one to see a roster that changed, one that writes, one that judges what was written
			round()
		}
		if l := h.looks(); x.heals && (l.Anew || len(l.Statuses) == 0 || l.Statuses[0].State != reconcile.OnSlot) {
			t.Errorf("%s: after a round: %+v", x.what, l)
		}
	}
}
