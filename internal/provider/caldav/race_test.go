package caldav

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/series"
)

// likeDAViCal is a server that says that it delivers, and that it is one to which that is not left.
func likeDAViCal(t *testing.T, change func(*caldavtest.Options)) server {
	s, _ := memBehind(t, func(o *caldavtest.Options) {
		o.Scheduling = true
		change(o)
	}, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-DAViCal-Version", "DAViCal/1.1.12 DB/1.3.5")
			h.ServeHTTP(w, r)
		})
	})
	s.schedules = false
	return s
}

// isWrite reports whether the request changes the calendar.
func isWrite(r *http.Request) bool {
	return r.Method == http.MethodPut || r.Method == http.MethodDelete
}

// What a person changes between a reading of ours and the write or deletion that follows is never lost: the write is a
// conflict, whichever it is of those that one change takes.
func TestEditBetweenReadingAndWrite(t *testing.T) {
	for name, write := range writes {
		if name == "create" || name == "revive" {
			continue // of what is not there nobody changes anything
		}
		for kind, start := range map[string]func(*testing.T, func(*caldavtest.Options)) server{
			"plain": plain, "scheduling": scheduling, "like Cyrus for a service account": likeCyrus, "like DAViCal": likeDAViCal,
		} {
			for n := int64(1); ; n++ {
				var (
					w    *watched
					ref  series.Ref
					left atomic.Int64
				)
				s := start(t, func(o *caldavtest.Options) {
					o.Quirks.Fail = func(r *http.Request) (int, time.Duration, bool) {
						if isWrite(r) && left.Add(-1) == 0 {
							w.must(w.Retitle(ref.ID, time.Time{}, "Mine"))
						}
						return 0, 0, false
					}
				})
				w = watch(t, s, "mia")
				ref = w.book()
				moved := weeklySeries().Slot.On(weeklySeries().First.AddDays(14))
				w.must(w.Move(ref.ID, moved, moved.Add(time.Hour)))
				booked := w.look().Series[0]
				left.Store(n)
				err := write(t.Context(), w.Calendar, booked)
				if left.Load() > 0 {
					w.must(err)
					break // it takes no more writes
				}
				if got := w.look().Series; provider.KindOf(err) != provider.Conflict || len(got) != 1 || got[0].Title != "Mine" {
					t.Errorf("%s, write %d, %s: %v, there is left: %+v", name, n, kind, err, got)
				}
			}
		}
	}
}

// The same right after DAViCal was given the text with nobody to deliver to, and before that is read again.
func TestEditBeforeADeletionThatNobodyHearsOf(t *testing.T) {
	var (
		w     *watched
		ref   series.Ref
		reads atomic.Int64
	)
	s := likeDAViCal(t, func(o *caldavtest.Options) {
		o.Quirks.Fail = func(r *http.Request) (int, time.Duration, bool) {
			// The readings are before the write, of what it made, and before the deletion.
			if r.Method == http.MethodGet && reads.Add(-1) == 0 {
				w.must(w.Retitle(ref.ID, time.Time{}, "Mine"))
			}
			return 0, 0, false
		}
	})
	w = watch(t, s, "mia")
	ref = w.book()
	w.must(w.AddGuest(ref.ID, "lee@example.test")) // by whom the server delivers
	booked := w.look().Series[0]
	reads.Store(3)
	_, err := w.End(t.Context(), booked.Ref, booked.First().AddDays(-1))
	if got := w.look().Series; reads.Load() > 0 || provider.KindOf(err) != provider.Conflict || len(got) != 1 ||
		got[0].Title != "Mine" {
		t.Errorf("%v, there is left: %+v", err, got)
	}
}

// What somebody puts where ours is about to go is left as it is.
func TestObjectPutInTheWay(t *testing.T) {
	for _, name := range []string{"create", "revive"} {
		var (
			w     *watched
			armed atomic.Bool
			path  string
			text  string
		)
		s := plain(t, func(o *caldavtest.Options) {
			o.Quirks.Fail = func(r *http.Request) (int, time.Duration, bool) {
				if isWrite(r) && armed.CompareAndSwap(true, false) {
					path = r.URL.EscapedPath()
					id := strings.TrimSuffix(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], ".ics")
					text = strings.Replace(foreign("DTSTART:20261203T100000Z\nDTEND:20261203T110000Z\nSUMMARY:Mine"),
						"x1@client", id, 1)
					w.put(path, text)
				}
				return 0, 0, false
			}
		})
		w = watch(t, s, "mia")
		ref := w.book()
		booked := w.look().Series[0]
		if name == "revive" {
			w.must(w.Delete(ref.ID))
		}
		armed.Store(true)
		err := writes[name](t.Context(), w.Calendar, booked)
		got, readErr := w.Send(http.MethodGet, path, nil)
		w.must(readErr)
		if armed.Load() || string(got) != strings.ReplaceAll(text, "\n", "\r\n") {
			t.Errorf("%s: %v, and there stands now:\n%s", name, err, got)
		}
	}
}
