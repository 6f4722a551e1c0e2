package outbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"holdfast/internal/channel"
	"holdfast/internal/channel/memory"
	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// look is what is known of notices to people: "raj told mail cancelled", "mia untold own-act cancelled".
func (o *office) look(want ...string) {
	o.Helper()
	readers, err := o.readers(o.now)
	if err != nil {
		o.Fatal(err)
	}
	all, err := outbox.Look(o.Context(), o.journal, readers, nil, o.now, monday, func(reader string, _ series.Pair) bool {
		return reader != o.admin
	})
	if err != nil {
		o.Fatal(err)
	}
	var got []string
	for _, e := range all {
		line := strings.Join([]string{e.Reader, string(e.State), e.Channel + e.Because, string(e.Matter.Flag.Kind)}, " ")
		if e.Over {
			line += " over"
		}
		if !e.Until.IsZero() {
			line += fmt.Sprint(" in ", e.Until.Sub(o.now))
		}
		got = append(got, line)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		o.Errorf("it looks like\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What is not told has a reason, from the moment that it opens to when nobody can be told any more.
func TestLook(t *testing.T) {
	o := open(t)
	o.wish = []string{"mail"}
	const own = "mia untold own-act cancelled"
	o.round(reconcile.Round{}, []drift.Flag{cancelled(15)}, nil)
	o.look(own, "raj waiting settling cancelled in 10m0s")
	o.now = o.now.Add(10 * time.Minute)
	o.look(own, "raj waiting due cancelled")
	o.mail.Next(memory.Fault{Err: errors.New("cut off")})
	o.work(0)
	o.look(own, "raj waiting transient cancelled")
	o.work(time.Hour)
	o.look("raj told mail cancelled", own)
	o.round(reconcile.Round{}, nil, []drift.Flag{cancelled(15)})
	o.work(24 * time.Hour)
	o.look("raj told mail cancelled", "raj told mail cancelled over")
	o.mail.Gone("raj@example.com")
	o.round(reconcile.Round{}, []drift.Flag{cancelled(22)}, nil)
	o.work(24 * time.Hour)
	o.look("raj told mail cancelled", "raj told mail cancelled over", own, "raj unsent no-channel cancelled")
}

// What no channel took for a day is not told, and what was there at the beginning was never to be.
func TestLookAtWhatIsGivenUp(t *testing.T) {
	o := fresh(t)
	o.wish = []string{"mail"}
	o.mail.Always(&channel.Error{Kind: channel.Broken, Op: "mail: sign in", Err: errors.New("535")})
	o.round(reconcile.Round{}, []drift.Flag{cancelled(15)}, nil)
	o.round(reconcile.Round{}, []drift.Flag{cancelled(22)}, nil)
	o.work(48 * time.Hour)
	o.look("mia untold first-round cancelled", "raj untold first-round cancelled", "raj unsent given-up cancelled",
		"mia untold own-act cancelled")
}

// tried sends a test to raj, and is how the channels took it: "mail mail: no, chat: taken".
func (o *office) tried(anyhow bool) (string, notify.Waiting) {
	o.Helper()
	readers, err := o.readers(o.now)
	if err != nil {
		o.Fatal(err)
	}
	tries, waits, err := o.box.Test(o.Context(), readers["raj"], anyhow)
	if err != nil {
		o.Fatal(err)
	}
	var out []string
	for _, x := range tries {
		out = append(out, fmt.Sprintf("%s %s %t", x.Channel, x.Address, x.Err == nil))
	}
	return strings.Join(out, ", "), waits
}

// A test goes at once and again, but not at night; it holds up nothing that is due, nor goes in its place.
func TestTest(t *testing.T) {
	o := open(t)
	o.round(reconcile.Round{}, []drift.Flag{cancelled(15)}, nil)
	o.now = o.now.Add(10 * time.Minute)
	jobs, err := o.box.Due(t.Context())
	if err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
	for range 8 {
		if got, waits := o.tried(false); got != "mail raj@example.com true" || waits.Because != "" {
			t.Fatal(got, waits)
		}
	}
	if again, err := o.box.Send(t.Context(), jobs[0]); again != 0 || err != nil {
		t.Fatal(again, err)
	}
	all := o.mail.Arrived()
	if len(all) != 9 || all[8].Text != "opened difference cancelled" || all[0].ID == all[8].ID {
		t.Fatalf("%+v", all)
	}
	o.now = o.now.Add(12 * time.Hour)
	if got, waits := o.tried(false); got != "" || waits.Because != notify.OffHours || waits.Until.Sub(o.now).Hours() > 12 {
		t.Error(got, waits)
	}
	if got, _ := o.tried(true); got != "mail raj@example.com true" {
		t.Error(got)
	}
}

// A channel that takes a test reaches its reader again, and admins hear that it does.
func TestTestMends(t *testing.T) {
	o := open(t)
	o.wish = []string{"mail"}
	unreached := func(want string) {
		t.Helper()
		ids, err := o.box.Unreached(t.Context())
		if got := strings.Join(ids, " "); got != want || err != nil {
			t.Errorf("unreached: %q, %v", got, err)
		}
	}
	gone := &channel.Error{Kind: channel.BadAddress, Op: "mail: recipient", Err: errors.New("550")}
	o.mail.Always(gone)
	o.round(reconcile.Round{}, []drift.Flag{cancelled(15)}, nil)
	o.work(time.Hour)
	unreached("raj")
	if got, _ := o.tried(false); got != "mail raj@example.com false" {
		t.Error(got)
	}
	unreached("raj")
	o.mail.Always(nil)
	o.round(reconcile.Round{}, nil, nil)
	daemon := o.box
	o.begin() // what a shell starts is another process
	o.now = o.now.Add(time.Minute)
	if got, _ := o.tried(false); got != "mail raj@example.com true" {
		t.Error(got)
	}
	unreached("")
	o.box = daemon
	o.now = o.now.Add(time.Minute)
	o.round(reconcile.Round{}, nil, nil)
	o.work(time.Hour)
	o.arrived(o.mail, 1, "raj@example.com: opened difference cancelled")
	o.arrived(o.admins, 0, "ops@example.com: opened unreached raj", "ops@example.com: closed unreached raj")
}
