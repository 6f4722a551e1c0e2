package caldav

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/provider/caldav/caldavtest/hands"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

// watched is a person's calendar that is observed again and again.
type watched struct {
	*testing.T
	*Calendar
	now  time.Time
	last series.Snapshot
	user string
	hands.Hands
}

func watch(t *testing.T, s server, user string) *watched {
	w := &watched{T: t, now: testNow, user: user, Hands: s.hands(user)}
	o := s.options(user)
	if s.service {
		s.asService(&o, user)
		w.User, w.Password = "svc", "svc-pw" // an id leads nobody else to the event
	}
	o.Clock = func() time.Time { return w.now }
	w.Calendar = Open(o)
	return w
}

func (w *watched) look() series.Snapshot {
	w.Helper()
	s, err := providertest.Observe(w.Context(), w.Calendar, w.last, interestOf(w.user))
	if err != nil {
		w.Fatal(err)
	}
	w.last = s
	return s
}

func (w *watched) book() series.Ref {
	w.Helper()
	ref, err := w.Create(w.Context(), weeklySeries())
	if err != nil {
		w.Fatal(err)
	}
	return ref
}

func (w *watched) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// bookElsewhere is a booked series of which somebody keeps the object under another name. It answers the Ref of where
// it was.
func (w *watched) bookElsewhere() series.Ref {
	w.Helper()
	ref := w.book()
	text, err := w.Send(http.MethodGet, ref.ID, nil)
	w.must(err)
	w.must(w.Delete(ref.ID))
	_, err = w.Send(http.MethodPut, "elsewhere.ics", text)
	w.must(err)
	return ref
}

func (w *watched) put(name, text string) {
	w.Helper()
	_, err := w.Send(http.MethodPut, name, []byte(strings.ReplaceAll(text, "\n", "\r\n")))
	w.must(err)
}

func count(s *caldavtest.Server) int {
	n := 0
	for _, k := range s.Requests() {
		n += k
	}
	return n
}

func TestIdleLookIsOneRequest(t *testing.T) {
	s, counter := mem(t, nil)
	w := watch(t, s, "mia")
	w.book()
	w.look()
	before := count(counter)
	w.look()
	if n := count(counter) - before; n != 1 {
		t.Errorf("an idle look took %d requests", n)
	}
}

func TestFullLookNowAndThen(t *testing.T) {
	s, counter := mem(t, nil)
	w := watch(t, s, "mia")
	w.put("dentist.ics", foreign("DTSTART:20261203T100000Z\nDTEND:20261203T110000Z"))
	w.look()
	ref := w.book()
	w.look()
	// The server loses the token, tells all members as if they were changes, and no removals.
	counter.SetQuirks(func(q *caldavtest.Quirks) { q.TokenUnknownIsFullListing = true })
	counter.ForgetTokens()
	w.must(w.Delete(ref.ID))
	if got := w.look(); len(got.Series) != 1 || len(got.Gone) != 0 {
		t.Fatalf("%d series, %d gone: the quirk does not hide the deletion", len(got.Series), len(got.Gone))
	}
	w.now = w.now.Add(fullEvery)
	got := w.look()
	if len(got.Series) != 0 || len(got.Gone) != 1 || got.Gone[0].Proven || got.Gone[0].Rounds != 1 ||
		!got.FullAt.Equal(w.now) {
		t.Fatalf("after a day: %d series, gone %+v, full at %v", len(got.Series), got.Gone, got.FullAt)
	}
	if got = w.look(); len(got.Gone) != 1 || !got.Gone[0].Proven || got.Gone[0].Rounds != 2 {
		t.Errorf("the second 404 does not prove it: %+v", got.Gone)
	}
}

func TestTombstoneProvesAtOnce(t *testing.T) {
	s, _ := mem(t, nil)
	w := watch(t, s, "mia")
	ref := w.book()
	booked := w.look().Series[0]
	w.must(w.Delete(ref.ID))
	got := w.look()
	if len(got.Gone) != 1 || !got.Gone[0].Proven || got.Gone[0].Copy || got.Gone[0].Generation != 1 ||
		got.Gone[0].Last.Raw != booked.Raw {
		t.Fatalf("gone: %+v", got.Gone)
	}
	w.now = w.now.Add(365*24*time.Hour - time.Hour)
	if got = w.look(); len(got.Gone) != 1 {
		t.Error("forgotten too early")
	}
	if _, err := w.Revive(t.Context(), got.Gone[0].Last); err != nil {
		t.Fatal(err)
	}
	if got = w.look(); len(got.Series) != 1 || len(got.Gone) != 0 {
		t.Errorf("revived: %d series, %d gone", len(got.Series), len(got.Gone))
	}
}

func TestOldDeletionsAreForgottenWithTheirPair(t *testing.T) {
	s, _ := mem(t, nil)
	w := watch(t, s, "mia")
	ref := w.book()
	w.look()
	w.must(w.Delete(ref.ID))
	w.look()
	w.now = w.now.Add(366 * 24 * time.Hour)
	if got := w.look(); len(got.Gone) != 1 {
		t.Error("a deletion is forgotten, and the series booked again")
	}
	in := interestOf("mia")
	in.Pairs = nil
	if got, err := providertest.Observe(t.Context(), w.Calendar, w.last, in); err != nil || len(got.Gone) != 0 {
		t.Errorf("a deletion is remembered for ever: %v, %v", got.Gone, err)
	}
}

func TestEmptyListingIsNotBelieved(t *testing.T) {
	s, counter := mem(t, nil)
	w := watch(t, s, "mia")
	w.book()
	w.look()
	counter.SetQuirks(func(q *caldavtest.Quirks) { q.EmptyListing = true })
	w.now = w.now.Add(fullEvery)
	if got := w.look(); len(got.Series) != 1 || len(got.Gone) != 0 {
		t.Errorf("%d series, %d gone", len(got.Series), len(got.Gone))
	}
	counter.SetQuirks(func(q *caldavtest.Quirks) { q.EmptyListing = false })
	w.now = w.now.Add(fullEvery)
	if got := w.look(); len(got.Series) != 1 || len(got.Gone) != 0 || len(got.Objects) != 1 {
		t.Errorf("afterwards %d series, %d gone, %d objects", len(got.Series), len(got.Gone), len(got.Objects))
	}
}

func TestUnclearAnswerKeepsTheSeries(t *testing.T) {
	s, counter := mem(t, nil)
	w := watch(t, s, "mia")
	w.book()
	w.look()
	counter.SetQuirks(func(q *caldavtest.Quirks) {
		q.EmptyListing = true
		q.Fail = func(r *http.Request) (int, time.Duration, bool) {
			if r.Method == http.MethodGet {
				return http.StatusForbidden, 0, false
			}
			return 0, 0, false
		}
	})
	w.now = w.now.Add(fullEvery)
	if got := w.look(); len(got.Series) != 1 || len(got.Gone) != 0 {
		t.Errorf("%d series, %d gone", len(got.Series), len(got.Gone))
	}
}

func TestMovedObjectIsNotGone(t *testing.T) {
	s, _ := mem(t, nil)
	w := watch(t, s, "mia")
	ref := w.book()
	booked := w.look().Series[0]
	w.must(w.Delete(ref.ID))
	w.put("elsewhere.ics", strings.ReplaceAll(booked.Raw, "\r\n", "\n"))
	if got := w.look(); len(got.Series) != 1 || len(got.Gone) != 0 ||
		!strings.HasSuffix(got.Series[0].ID, "/elsewhere.ics") ||
		!got.Series[0].Derived {
		t.Errorf("series %+v, gone %d", got.Series, len(got.Gone))
	}
}

// foreign is an event of another program.
func foreign(lines string) string {
	return "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\nBEGIN:VEVENT\nUID:x1@client\n" +
		"DTSTAMP:20261101T000000Z\n" + lines + "\nEND:VEVENT\nEND:VCALENDAR\n"
}

func TestOthersAreToldByTimesOnly(t *testing.T) {
	const (
		every  = "RRULE:FREQ=WEEKLY"
		secret = "SUMMARY:secret"
		raj    = "ATTENDEE:mailto:raj@example.test"
		lee    = "ATTENDEE:mailto:lee@example.test"
	)
	// event takes an hour of the day.
	event := func(day string, more ...string) string {
		return strings.Join(append([]string{"DTSTART:" + day + "T100000Z", "DTEND:" + day + "T110000Z"}, more...), "\n")
	}
	for name, tc := range map[string]struct {
		lines                      string
		candidates, standIns, busy int
	}{
		"own 1:1":               {event("20261201", every, secret, "ORGANIZER:mailto:mia@example.test", raj), 1, 0, 0},
		"own 1:1, no organizer": {event("20261201", every, secret, "ATTENDEE:mailto:RAJ@example.test"), 1, 0, 0},
		"the report's 1:1": {event(
			"20261201",
			every,
			secret,
			"ORGANIZER:mailto:raj@example.test",
			"ATTENDEE:mailto:mia@example.test",
		), 1, 0, 0},
		"own 1:1 that is over": {event("20250101", "RRULE:FREQ=WEEKLY;UNTIL=20250301T000000Z", secret, raj), 0, 0, 0},
		"three people":         {event("20261201", every, secret, raj, lee), 0, 0, 1},
		"alone":                {event("20261201", every, secret), 0, 0, 1},
		"another org's": {event(
			"20261201",
			every,
			secret,
			raj,
			"X-HOLDFAST-ORG:other",
			"X-HOLDFAST-PAIR:mia/raj",
			"X-HOLDFAST-GENERATION:1",
		), 1, 0, 1},
		"stand-in":               {event("20261203", secret, raj), 0, 1, 0},
		"old stand-in":           {event("20261103", secret, raj), 0, 0, 0},
		"cancelled stand-in":     {event("20261203", "STATUS:CANCELLED", secret, raj), 0, 0, 0},
		"look-alike":             {event("20261203", "SUMMARY:1:1 Mia / Raj"), 0, 1, 1},
		"look-alike with others": {event("20261203", "SUMMARY:1:1 Mia / Raj", lee), 0, 0, 1},
		"old":                    {event("20260803", secret), 0, 0, 0},
		"a task":                 {"SUMMARY:secret\nDTSTART:20261203T100000Z\nDTEND:20261203T100000Z", 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := mem(t, nil)
			w := watch(t, s, "mia")
			w.put("x.ics", foreign(tc.lines))
			for range 2 {
				got := w.look()
				if len(got.Candidates) != tc.candidates || len(got.StandIns) != tc.standIns || len(got.Busy) != tc.busy ||
					len(got.Series)+len(got.Copies) != 0 ||
					len(got.Objects) != 1 {
					t.Errorf(
						"%d candidates, %d stand-ins, %d busy, %d series, %d copies, %d objects",
						len(got.Candidates),
						len(got.StandIns),
						len(got.Busy),
						len(got.Series),
						len(got.Copies),
						len(got.Objects),
					)
				}
				for _, c := range got.Candidates {
					if c.Event.Raw != "" || c.Event.Title != "" || c.Pair != weeklySeries().Pair {
						t.Errorf("candidate of %v tells %q", c.Pair, c.Event.Title)
					}
				}
			}
			_, err := w.Send(http.MethodDelete, "x.ics", nil)
			w.must(err)
			if got := w.look(); len(got.Candidates)+len(got.StandIns)+len(got.Busy)+len(got.Objects)+len(got.Gone) != 0 {
				t.Errorf("deleted, and still there: %+v", got)
			}
		})
	}
}

func TestSuccessorOfASeriesWithAGuest(t *testing.T) {
	s, _ := mem(t, nil)
	w := watch(t, s, "mia")
	ref := w.book()
	w.must(w.AddGuest(ref.ID, "lee@example.test"))
	day := weeklySeries().Slot.On(weeklySeries().First.AddDays(28))
	next, err := w.Split(ref.ID, day, day.Add(time.Hour))
	w.must(err)
	w.must(w.StripMark(next))
	got := w.look()
	if len(got.Candidates) != 1 || got.Candidates[0].Event.ID != next || len(got.Candidates[0].Event.Guests) != 2 {
		t.Errorf("candidates: %+v", got.Candidates)
	}
}

func TestChangedInterestReadsAnew(t *testing.T) {
	s, _ := mem(t, nil)
	w := watch(t, s, "mia")
	w.put(
		"x.ics",
		foreign("DTSTART:20261201T100000Z\nDTEND:20261201T110000Z\nRRULE:FREQ=WEEKLY\nATTENDEE:mailto:lee@example.test"),
	)
	if got := w.look(); len(got.Candidates) != 0 || len(got.Busy) != 1 {
		t.Fatalf("%+v", got)
	}
	in := interestOf("mia")
	in.Pairs[0].Report = []string{"lee@example.test"}
	got, err := providertest.Observe(t.Context(), w.Calendar, w.last, in)
	w.must(err)
	if len(got.Candidates) != 1 || len(got.Busy) != 0 {
		t.Errorf("%d candidates, %d busy", len(got.Candidates), len(got.Busy))
	}
}

func TestAnotherCalendarStartsAnew(t *testing.T) {
	s, _ := mem(t, nil)
	w := watch(t, s, "mia")
	w.book()
	w.look()
	o := s.options("mia")
	o.Calendar = "/calendars/mia/second/"
	_, err := w.Send("MKCALENDAR", "/calendars/mia/second/", nil)
	w.must(err)
	got, err := providertest.Observe(t.Context(), Open(o), w.last, interestOf("mia"))
	w.must(err)
	if len(got.Series) != 1 || len(got.Gone) != 0 || got.Cursor == w.last.Cursor {
		t.Errorf("the series of the other calendar: %d, gone %d", len(got.Series), len(got.Gone))
	}
}

func TestRulesThatAreNotPlainAreWorkedOutAnew(t *testing.T) {
	s, _ := mem(t, nil)
	w := watch(t, s, "mia")
	ref := w.book()
	w.must(w.SetRule(ref.ID, "FREQ=WEEKLY;BYDAY=TU,TH"))
	first := w.look().Series[0].Rule
	w.now = w.now.AddDate(2, 0, 0)
	later := w.look().Series[0].Rule
	if first.Plain || len(first.Starts) == 0 || !slices.ContainsFunc(later.Starts, w.now.Before) {
		t.Errorf("from %v to %v", first, later)
	}
}

// rewriting is a server whose answers to readers say text where they said old; that many were changed.
func rewriting(t *testing.T, old, text string) (s server, changed *int) {
	changed = new(int)
	s, _ = memBehind(t, nil, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			body := rec.Body.String()
			*changed += strings.Count(body, old)
			rec.Header().Del("Content-Length")
			maps.Copy(w.Header(), rec.Header())
			w.WriteHeader(rec.Code)
			_, _ = io.WriteString(w, strings.ReplaceAll(body, old, text))
		})
	})
	return s, changed
}

func TestSpoiltObjectsHarmNobody(t *testing.T) {
	for name, spoilt := range map[string]string{"unreadable": "BEGIN:VCALENDAR\nBEGIN:VEVENT", "not XML": "SUMMARY:a\vb"} {
		t.Run(name, func(t *testing.T) {
			s, changed := rewriting(t, "SUMMARY:spoil me", spoilt)
			w := watch(t, s, "mia")
			w.book()
			w.put("x.ics", foreign("DTSTART:20261201T100000Z\nDTEND:20261201T110000Z\nSUMMARY:spoil me"))
			for range 2 {
				got := w.look()
				if *changed == 0 || len(got.Series) != 1 || len(got.Objects) != 2 {
					t.Errorf("%d spoilt answers, %d series, %d objects", *changed, len(got.Series), len(got.Objects))
				}
				w.now = w.now.Add(fullEvery)
			}
		})
	}
}

func TestSpoiltSeriesKeepsItsLastState(t *testing.T) {
	s, changed := rewriting(t, "LOCATION:spoil me", "END:VCALENDAR")
	w := watch(t, s, "mia")
	ref := w.book()
	w.look()
	w.must(w.Relocate(ref.ID, time.Time{}, "spoil me"))
	got := w.look()
	if *changed == 0 || len(got.Series) != 1 || got.Series[0].Place != "Room Alder" || len(got.Gone) != 0 {
		t.Errorf("%d spoilt answers, %d series, %d gone", *changed, len(got.Series), len(got.Gone))
	}
	if _, err := w.End(t.Context(), got.Series[0].Ref, weeklySeries().First); provider.KindOf(err) != provider.Conflict {
		t.Errorf("a write to it: %v", err)
	}
}
