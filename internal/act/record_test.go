package act_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"holdfast/internal/act"
	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// deeds are all that are recorded.
func (o *office) deeds() []deed.Deed {
	o.Helper()
	all, err := o.journal.Deeds(context.Background(), "", time.Time{})
	o.must(err)
	return all
}

// recorded are the deeds as a text, one a line.
func recorded(all []deed.Deed) string {
	var b strings.Builder
	for _, d := range all {
		who := d.Who
		switch {
		case who == "" && d.Admin:
			who = "an admin"
		case who == "":
			who = "nobody known"
		}
		about := d.Pair.String()
		if !d.Occurrence.IsZero() {
			about += " " + d.Occurrence.String()
		}
		if !d.To.IsZero() {
			about += " to " + d.To.Format(time.RFC3339)
		}
		if d.Flag != "" {
			about += " flag"
		}
		if d.Of != "" {
			about += d.Of
		}
		about += strings.Join(d.Changes, " ")
		fmt.Fprintf(&b, "%d %s %s (%s): %s %s: %s\n", d.ID, d.At.Format("15:04"), who, d.From, d.Kind, about, d.Result)
	}
	return b.String()
}

// Whatever a person does is recorded: who, from where, when, what it was about, and what came of it. What was refused
// is not.
func TestRecord(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	admin := act.Actor{Admin: true, From: act.Page}
	link, api := act.Actor{Person: "raj", From: act.Link}, act.Actor{Person: "mia", From: act.API}
	f := o.flag()
	about := act.ShownOf(f)
	free := plan.Time{Instant: f.Makeups[0]}
	rebook := act.Request{Deed: act.Rebook, Pair: raj, Occurrence: tuesday, To: free, Shown: about}
	do := func(who act.Actor, q act.Request) func() error {
		return func() error { _, err := o.Do(ctx, who, q); return err }
	}
	whole := act.Request{Deed: act.Restore, Pair: raj}
	for _, step := range []func() error{
		do(on("raj"), whole),
		do(on("lee"), rebook),
		func() error { return o.Acknowledge(ctx, on("lee"), about) },
		func() error { return o.ConfirmEmpty(ctx, on("mia"), "mia") },
		func() error { _, err := o.Allow(ctx, on("mia"), map[string]string{"x": "y"}); return err },
		func() error { return o.Acknowledge(ctx, on("raj"), about) },
		func() error { return o.Acknowledge(ctx, on("raj"), about) },
		func() error { return o.Unacknowledge(ctx, link, about) },
		func() error { return o.Unacknowledge(ctx, link, about) },
		func() error { return o.Acknowledge(ctx, act.InShell, act.Shown{Flag: about.Flag}) },
		do(on("raj"), act.Request{Deed: act.AskRestore, Pair: raj, Shown: about}),
		do(on("raj"), act.Request{Deed: act.AskRestore, Pair: raj, Shown: about}),
		do(link, rebook),
		do(link, rebook),
		do(api, act.Request{Deed: act.Undo, Pair: raj, Occurrence: tuesday, To: free}),
		do(api, act.Request{Deed: act.RestoreOne, Pair: raj, Occurrence: tuesday}),
		do(act.InShell, whole),
		do(on("mia"), act.Request{Deed: act.Accept, Pair: raj}),
		do(on("mia"), act.Request{Deed: act.Invite, Pair: raj}),
		func() error { _, err := o.Allow(ctx, admin, map[string]string{"x": "y"}); return err },
		func() error { _, err := o.Withdraw(ctx, act.InShell); return err },
		func() error { _, err := o.Withdraw(ctx, admin, "x"); return err },
		func() error { return o.ConfirmEmpty(ctx, admin, "mia") },
	} {
		o.now = o.now.Add(time.Minute)
		var no *act.Refused
		if err := step(); err != nil && !errors.As(err, &no) {
			t.Fatal(err)
		}
	}
	file := filepath.Join("testdata", "record.txt")
	want, err := os.ReadFile(file)
	o.must(err)
	if d := cmp.Diff(string(want), recorded(o.deeds())); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	of, err := o.journal.Deeds(ctx, "mia/raj", o.now.Add(-2*time.Minute))
	o.must(err)
	if len(of) != 0 {
		t.Errorf("of the pair since then: %v", of)
	}
}

// The report asks, the manager is told: once of each state of the flag, and of nothing that is no more so.
func TestAsk(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	ask := func(who act.Actor, shown act.Shown) act.Result {
		t.Helper()
		did, err := o.Do(ctx, who, act.Request{Deed: act.AskRestore, Pair: raj, Shown: shown})
		o.must(err)
		return did
	}
	matters := func() int {
		all, err := o.journal.Matters(ctx)
		o.must(err)
		return len(all)
	}
	was := act.ShownOf(o.flag())
	for _, x := range []struct {
		who   act.Actor
		shown act.Shown
		why   act.Reason
	}{
		{on("mia"), was, act.NoNeed}, {on("lee"), was, act.NotYours}, {act.InShell, was, act.NoNeed},
		{act.Actor{Admin: true, From: act.Page}, was, act.NotYours},
		{on("raj"), act.Shown{}, act.NotOpen}, {on("raj"), act.Shown{Flag: "x"}, act.Otherwise},
		{on("raj"), act.Shown{Flag: was.Flag, Digest: "x"}, act.Otherwise},
	} {
		if did := ask(x.who, x.shown); did.Refused == nil || did.Refused.Reason != x.why || did.Came != deed.Refused {
			t.Errorf("%v of %v: %+v, want %s", x.who, x.shown, did, x.why)
		}
	}
	if n := len(o.deeds()); n != 0 || matters() != 0 {
		t.Errorf("%d deeds, %d matters", n, matters())
	}
	if first, again := ask(on("raj"), was), ask(on("raj"), was); first.Came != deed.Done || again.Came != deed.Nothing {
		t.Errorf("came %s, then %s", first.Came, again.Came)
	}
	berlin := series.Slot{Weekday: time.Tuesday, At: 10 * 60, Zone: "Europe/Berlin"}
	o.must(o.hands.PutBack(o.event, berlin.On(tuesday)))
	o.must(o.hands.Move(o.event, berlin.On(tuesday), berlin.On(tuesday.AddDays(1))))
	o.now = o.now.Add(time.Minute)
	o.round()
	if did := ask(on("raj"), act.ShownOf(o.flag())); did.Came != deed.Done || matters() != 2 {
		t.Errorf("of another state: %+v, %d matters", did, matters())
	}
}

// Every deed leaves one row, and what was refused none, whoever does what in whatever order.
func TestEachDeedIsRecordedOnce(t *testing.T) {
	kinds := []act.Deed{act.Accept, act.Restore, act.RestoreOne, act.Rebook, act.Undo, act.Invite, act.AskAccept,
		act.AskRestore, act.Acknowledge, act.Unacknowledge, act.Allow, act.Withdraw, act.ConfirmEmpty}
	actors := []act.Actor{on("mia"), on("raj"), on("lee"), on(""), {Person: "raj", From: act.Link},
		{Person: "mia", From: act.API}, {Admin: true, From: act.Page}, act.InShell}
	rapid.Check(t, func(rt *rapid.T) {
		o, ctx := newOffice(t), context.Background()
		for range rapid.IntRange(1, 8).Draw(rt, "deeds") {
			o.now = o.now.Add(time.Minute)
			who := rapid.SampledFrom(actors).Draw(rt, "who")
			kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
			q := act.Request{Deed: kind, Pair: raj, Occurrence: tuesday}
			var shown []act.Shown
			look, err := o.rounds.LookAtFlags(ctx, "")
			o.must(err)
			for _, f := range look.Flags {
				shown = append(shown, act.ShownOf(f.Flag))
				if len(f.Makeups) > 0 {
					q.To = plan.Time{Instant: f.Makeups[0]}
				}
			}
			if rapid.Bool().Draw(rt, "shown") && len(shown) > 0 {
				q.Shown = shown[0]
			}
			if rapid.IntRange(0, 4).Draw(rt, "other") == 0 {
				q.Shown.Flag += "x"
			}
			before := o.deeds()
			var refused *act.Refused
			switch kind {
			case act.Acknowledge:
				err = o.Acknowledge(ctx, who, q.Shown)
			case act.Unacknowledge:
				err = o.Unacknowledge(ctx, who, q.Shown)
			case act.Allow:
				_, err = o.Allow(ctx, who, map[string]string{"x": "y"})
			case act.Withdraw:
				_, err = o.Withdraw(ctx, who)
			case act.ConfirmEmpty:
				err = o.ConfirmEmpty(ctx, who, "mia")
			default:
				var did act.Result
				did, err = o.Do(ctx, who, q)
				refused = did.Refused
			}
			if errors.As(err, &refused) {
				err = nil
			}
			o.must(err)
			after := o.deeds()
			want := len(before)
			if refused == nil {
				want++
			}
			if len(after) != want {
				rt.Fatalf("%v does %s: %d rows, want %d (refused: %v)", who, kind, len(after), want, refused)
			}
			if refused != nil {
				continue
			}
			d := after[len(after)-1]
			if d.Who != who.Person || d.Admin != who.Admin || d.From != who.From || d.Kind != kind || d.Result == "" ||
				!d.At.Equal(o.now) || !d.Pair.Has(who.Person) && d.Pair != (series.Pair{}) && who.From != act.Shell {
				rt.Fatalf("%v does %s: recorded as %+v", who, kind, d)
			}
		}
	})
}

// What did not come to an end is recorded as such, and that nobody waits for the answer any more is no reason not to.
func TestRecordOfWhatFails(t *testing.T) {
	o := newOffice(t)
	ctx, cancel := context.WithCancel(context.Background())
	o.Rounds = gone{o.Rounds, cancel}
	if _, err := o.Do(ctx, on("mia"), act.Request{Deed: act.Restore, Pair: raj}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if all := o.deeds(); len(all) != 1 || all[0].Result != deed.Failed {
		t.Errorf("recorded: %+v", all)
	}
}

// gone are the rounds of somebody who goes before they end.
type gone struct {
	act.Rounds
	cancel context.CancelFunc
}

func (g gone) OnceIf(ctx context.Context, may func([]drift.Flag) error, asks ...plan.Ask) (reconcile.Round, error) {
	return g.Rounds.OnceIf(ctx, func(open []drift.Flag) error {
		defer g.cancel()
		return may(open)
	}, asks...)
}
