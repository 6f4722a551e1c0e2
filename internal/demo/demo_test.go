package demo

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/clock"
	"holdfast/internal/daemon"
	"holdfast/internal/provider/caldav/caldavtest"
)

// from is a clock that began at the moment.
func from(t *testing.T, moment string) clock.Clock {
	began, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		t.Fatal(err)
	}
	start := clock.System()
	return func() time.Time { return began.Add(clock.System().Sub(start)) }
}

func log(t *testing.T) zerolog.Logger {
	return zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
}

// TestOnce tells the story on days that could confuse it: whatever the day, each scene must be noticed, and what is left
// open is the same.
func TestOnce(t *testing.T) {
	for _, moment := range []string{
		"2026-11-22T22:59:58Z", // the last seconds of a week in Berlin
		"2026-12-01T08:59:30Z", // half a minute before Mia meets Raj
		"2026-12-29T12:00:00Z", // over the end of a year
		"2027-03-26T16:00:00Z", // before the clocks change in Europe, after they did in New York
	} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := Run(t.Context(), Options{Once: true, Out: &out, Daemon: daemon.Options{Clock: from(t, moment), Log: log(t)}}); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			_, end, _ := strings.Cut(out.String(), "Where the five pairs stand now:")
			for _, want := range []string{"ana/bo .*flagged (2)", "ana/kim .*on-slot", "mia/ana .*on-slot", "mia/lee .*on-slot", "mia/raj .*on-slot"} {
				want = strings.NewReplacer("(", `\(.*`, ")", `\)`).Replace(want)
				if !regexp.MustCompile(want).MatchString(end) {
					t.Errorf("the end has no %s:\n%s", want, out.String())
				}
			}
			if strings.Contains(out.String(), "error") {
				t.Error(out.String())
			}
		})
	}
}

// TestJoin is somebody who joins with the address and the login that the demo prints, once the story is told: the edit is
// noticed, and Ctrl-C ends the demo without an error.
func TestJoin(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	text := make(chan string)
	after := make(chan time.Time) // nobody else does anything
	ended := make(chan error, 1)
	go func() {
		over := make(chan time.Time)
		close(over)
		ended <- Run(ctx, Options{Out: lines(text), Daemon: daemon.Options{Clock: clock.System, Log: log(t)}, After: func(d time.Duration) <-chan time.Time {
			if d == pace {
				return over
			}
			return after
		}})
	}()
	find := func(pattern string) []string {
		t.Helper()
		re := regexp.MustCompile(pattern)
		for {
			select {
			case line := <-text:
				if m := re.FindStringSubmatch(line); m != nil {
					return m
				}
			case err := <-ended:
				t.Fatalf("ended before %q: %v", pattern, err)
			}
		}
	}
	base := find(`(http://127\.0\.0\.1:\d+)/`)[1]
	password := find(`Passwords: (mia-demo)`)[1]
	find("It goes on")
	mia := caldavtest.Person{Base: base, User: "mia", Password: password, Email: "mia@example.com"}
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		events, err := mia.Events(ctx)
		for _, e := range events {
			if strings.HasSuffix(e.Title, "Lee Park") {
				week := e.Start.AddDate(0, 0, 35)
				err = errors.Join(err, mia.Move(ctx, e.UID, week, week.AddDate(0, 0, 1)))
			}
		}
		if err != nil {
			t.Error(err)
		}
	}()
	find("flag opened.*mia/lee.*moved to")
	<-moved
	interrupt()
	for {
		select {
		case <-text:
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
			return
		}
	}
}

// lines sends each line that is written.
type lines chan<- string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}
