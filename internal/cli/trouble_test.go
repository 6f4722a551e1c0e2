package cli

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/series"
)

// What keeps many documents from being made is told once; what else went wrong with the same pairs is told too.
func TestTroublesOfDocuments(t *testing.T) {
	r := reconcile.Round{Outages: map[reconcile.Subject]reconcile.Outage{}}
	for _, name := range []string{"mia/raj", "ana/lee", "bo/kim"} {
		p, err := series.ParsePair(name)
		if err != nil {
			t.Fatal(err)
		}
		b := reconcile.Outage{
			Text: "the document of " + name + ": copy the template: HTTP 404",
			Hint: "share it",
		}
		if name == "bo/kim" {
			b.Text, b.Hint = "the document of bo/kim cannot be made or checked: copy the template: HTTP 403", "let them copy it"
			down := errors.New("create bo/kim: down")
			r.Failures = append(r.Failures, reconcile.Failure{Subject: reconcile.BookingOf(p), Err: down})
		}
		of := reconcile.DocumentOf(p)
		r.Outages[of] = b
		r.Failures = append(r.Failures, reconcile.Failure{Subject: of, Err: errors.New(b.Text), Hint: b.Hint})
	}
	want := []string{
		"the documents of ana/lee and mia/raj cannot be made or checked: copy the template: HTTP 404", "share it",
		"the document of bo/kim cannot be made or checked: copy the template: HTTP 403", "let them copy it",
		"create bo/kim: down", "",
	}
	var got []string
	for _, o := range troubles(r) {
		got = append(got, say.Reader{}.Outage(o), say.Reader{}.OutageHint(o))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
