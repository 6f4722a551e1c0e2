package demo

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/clock"
	"holdfast/internal/daemon"
	"holdfast/internal/provider/caldav/caldavtest"
)

// TestMain lets all tellings run side by side: each waits for its daemon to look at the roster again.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	m.Run()
}

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

// TestOnce tells the story on days that could confuse it: whatever the day, each scene must be noticed, people hear of
// it, and what is left open is the same.
func TestOnce(t *testing.T) {
	t.Parallel()
	for _, day := range []struct {
		moment string
		google bool
	}{
		{"2026-11-22T22:59:58Z", false}, // the story begins on Monday, an hour before Kim's 1:1
		{"2026-11-22T22:59:58Z", true},
		{"2026-12-01T13:14:30Z", false}, // it begins at once
		{"2026-12-29T12:00:00Z", true},  // over the end of a year
		{"2027-03-25T16:00:00Z", false}, // over the clocks' change in Europe, when they have changed in New York
		{"2027-03-25T16:00:00Z", true},
	} {
		t.Run(fmt.Sprintf("%s/google=%v", day.moment, day.google), func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := Run(t.Context(), Options{
				Once:   true,
				Google: day.google,
				Out:    &out,
				Daemon: daemon.Options{Clock: from(t, day.moment), Log: log(t)},
			}); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			_, end, _ := strings.Cut(out.String(), "Where the five pairs stand now:")
			for _, want := range []string{
				"ana/bo .*flagged (2)",
				"ana/kim .*on-slot",
				"mia/ana .*on-slot",
				"mia/lee .*on-slot",
				"mia/raj .*on-slot",
			} {
				want = strings.NewReplacer("(", `\(.*`, ")", `\)`).Replace(want)
				if !regexp.MustCompile(want).MatchString(end) {
					t.Errorf("the end has no %s:\n%s", want, out.String())
				}
			}
			for _, want := range []string{
				"mail to Lee.*cancelled: 1:1 with Mia Chen", "pressed.*Meet on", "mail to Mia.*new time: 1:1 with Lee Park",
				"mail to Kim.*moved: regular 1:1 with Ana Silva", "No longer so: your regular 1:1 with Ana Silva was moved",
				"mail to Raj.*Re: moved", "mail to Ana.*your 1:1s in the week of",
			} {
				if !regexp.MustCompile(want).MatchString(out.String()) {
					t.Errorf("no %q:\n%s", want, out.String())
				}
			}
			if strings.Contains(out.String(), "error") {
				t.Error(out.String())
			}
		})
	}
}

// TestJoin is somebody who joins as the demo says, once the story is told: the edit is noticed, or the link does what
// it says, and Ctrl-C ends the demo without an error.
func TestJoin(t *testing.T) {
	t.Parallel()
	t.Run("caldav", func(t *testing.T) {
		t.Parallel()
		join(t, false, "flag opened.*mia/lee.*moved to", func(ctx context.Context, find func(string) string) func() error {
			mia := caldavtest.Person{
				Base:     find(`calendars are at \S*?(http://127\.0\.0\.1:\d+)/`),
				User:     "mia",
				Password: find(`Passwords: (mia-demo)`),
				Email:    "mia@example.com",
			}
			find("(It goes on)")
			return func() error {
				events, err := mia.Events(ctx)
				for _, e := range events {
					if strings.HasSuffix(e.Title, "Lee Park") {
						week := e.Start.AddDate(0, 0, 35)
						err = errors.Join(err, mia.Move(ctx, e.UID, week, week.AddDate(0, 0, 1)))
					}
				}
				return err
			}
		})
	})
	t.Run("link", func(t *testing.T) {
		t.Parallel()
		join(t, false, "flag closed.*mia/ana.*cancelled", func(ctx context.Context, find func(string) string) func() error {
			file := find(`All mails are in \S*?(/\S*/outbox)`)
			link := find(`(http://\S+/act/\S+)`)
			return func() error {
				mails, err := filepath.Glob(filepath.Join(file, "*-ana.txt"))
				if err != nil || len(mails) == 0 {
					return fmt.Errorf("no mails to Ana in %s: %w", file, err)
				}
				last, err := os.ReadFile(slices.Max(mails))
				if err != nil || !bytes.Contains(last, []byte("To: ana@example.com\nSubject: cancelled: ")) ||
					!bytes.Contains(last, []byte(link)) {
					return fmt.Errorf("%w, or not the mail with the link:\n%s", err, last)
				}
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, link, nil)
				if err != nil {
					return err
				}
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					return err
				}
				page, err := io.ReadAll(answer.Body)
				if !bytes.Contains(page, []byte("You meet Mia Chen on ")) {
					err = errors.Join(err, fmt.Errorf("the page: %s", page))
				}
				return errors.Join(err, answer.Body.Close())
			}
		})
	})
	t.Run("google", func(t *testing.T) {
		t.Parallel()
		join(t, true, "flag opened.*mia/raj.*cancelled", func(ctx context.Context, find func(string) string) func() error {
			token, events := find(`token=(.*)`), find(`events=(.*)`)
			method, event := find(`curl -X (DELETE) `), find(`\$events(/.*)`)
			return func() error {
				r, err := http.NewRequestWithContext(ctx, method, events+event, nil)
				if err != nil {
					return err
				}
				r.Header.Set("Authorization", "Bearer "+token)
				answer, err := http.DefaultClient.Do(r)
				if err == nil {
					err = answer.Body.Close()
				}
				return err
			}
		})
	})
}

// join runs the demo, learns from what it prints what to do, does that, and waits for what is then told of it.
func join(t *testing.T, google bool, noticed string,
	learn func(ctx context.Context, find func(pattern string) string) func() error) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	text := make(chan string)
	after := make(chan time.Time) // nobody else does anything
	ended := make(chan error, 1)
	go func() {
		over := make(chan time.Time)
		close(over)
		ended <- Run(ctx, Options{
			Google: google,
			Out:    lines(text),
			Daemon: daemon.Options{Clock: clock.System, Log: log(t)},
			After: func(d time.Duration) <-chan time.Time {
				if d == pace {
					return over
				}
				return after
			},
		})
	}()
	rest, did := "", make(chan error, 1)
	find := func(pattern string) string {
		t.Helper()
		re := regexp.MustCompile(pattern)
		for {
			if at := re.FindStringSubmatchIndex(rest); at != nil {
				found := rest[at[2]:at[3]]
				rest = rest[at[1]:]
				return found
			}
			select {
			case more := <-text:
				rest += more
			case err := <-ended:
				t.Fatalf("ended before %q: %v", pattern, err)
			case err := <-did:
				if err != nil { // nothing will come of it
					interrupt()
					t.Fatal(err)
				}
			}
		}
	}
	do := learn(ctx, find)
	var doing sync.WaitGroup
	doing.Go(func() { did <- do() })
	find("(" + noticed + ")")
	doing.Wait()
	select {
	case err := <-did:
		if err != nil {
			t.Error(err)
		}
	default: // it was received above
	}
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

// lines sends what is written.
type lines chan<- string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}
