package outage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/outage"
)

var noon = time.Date(2026, time.November, 30, 12, 0, 0, 0, time.UTC)

// story is what a Log tells, a minute after a minute: each of them is what stands, as "cause: who who, cause: who".
func story(minutes ...string) []string {
	var l outage.Log
	out := []string{}
	for i, minute := range minutes {
		standing := outage.Standing{}
		for cause := range strings.SplitSeq(minute, ", ") {
			if text, who, ok := strings.Cut(cause, ": "); ok {
				standing[outage.Cause{Text: text}] = strings.Fields(who)
			}
		}
		for _, line := range l.See(noon.Add(time.Duration(i)*time.Minute), standing) {
			text := fmt.Sprintf("%d %s %s %d", i, line.Event, line.Text, line.Count)
			if line.Was != "" {
				text += " was " + line.Was
			}
			if line.Event == outage.Ended {
				text += " after " + line.Took.String()
			}
			out = append(out, text)
		}
	}
	return out
}

func TestLog(t *testing.T) {
	for name, c := range map[string]struct{ minutes, want []string }{
		"nothing": {
			minutes: []string{"", ""},
			want:    []string{},
		},
		"it stands": {
			minutes: []string{"down: a b", "down: a b", "down: b", ""},
			want:    []string{"0 began down 2", "3 ended down 2 after 2m0s"},
		},
		"another cause": {
			minutes: []string{"down: a b", "503: a b", ""},
			want:    []string{"0 began down 2", "1 changed 503 2 was down", "2 ended 503 2 after 0s"},
		},
		"two that are strange": {
			minutes: []string{"down: a", "401: b", ""},
			want:    []string{"0 began down 1", "1 began 401 1", "1 ended down 1 after 0s", "2 ended 401 1 after 0s"},
		},
		"it spreads": {
			minutes: []string{"down: a", "down: a b", "down: a b c", "down: a b c d", "down: a"},
			want:    []string{"0 began down 1", "1 spread down 2", "3 spread down 4"},
		},
		"one of two ends": {
			minutes: []string{"down: a b, 401: c", "401: c"},
			want:    []string{"0 began 401 1", "0 began down 2", "1 ended down 2 after 0s"},
		},
		"it comes and goes": {
			minutes: []string{"down: a", "", "down: a", "", "down: a", "", "down: a", ""},
			want:    []string{"0 began down 1", "1 ended down 1 after 0s", "2 began down 1"},
		},
	} {
		if d := cmp.Diff(c.want, story(c.minutes...)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// What came and went has ended when it was away for an hour.
func TestCalm(t *testing.T) {
	minutes := append([]string{"down: a", "", "down: a"}, make([]string, 130)...)
	want := []string{"0 began down 1", "1 ended down 1 after 0s", "2 began down 1", "62 ended down 1 after 0s"}
	if d := cmp.Diff(want, story(append(minutes, "down: a")...)[:4]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := story(append(minutes, "down: a")...); got[4] != "133 began down 1" || len(got) != 5 {
		t.Errorf("after an hour it is a new one: %q", got)
	}
}
