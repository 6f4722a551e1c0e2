package google_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"holdfast/internal/provider"
	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/provider/google/signin"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

// whatever is not the same in a full reading: it hangs on what was seen before.
var whatever = cmpopts.IgnoreFields(series.Snapshot{}, "At", "Cursor", "Gone", "FullAt", "Emptied")

// Whatever people and Holdfast do in whatever order: an incremental look tells what a full one tells, a write answers
// the version that is there and does what it should, and what people wrote stays.
func TestAnythingGoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := googletest.Options{Clock: func() time.Time { return begin }, Users: []googletest.User{{Email: mia.Email, Zone: mia.Zone}, {Email: raj.Email, Zone: raj.Zone}, {Email: lee.Email}}}
		o.Behavior = googletest.Behavior{ExceptionsFollow: rapid.Bool().Draw(t, "follow"), NoopMovesETag: rapid.Bool().Draw(t, "noop"),
			PageRows: rapid.SampledFrom([]int{0, 1, 3}).Draw(t, "rows")}
		w := &world{Server: googletest.New(o), at: begin}
		w.project = google.New(google.Options{Endpoint: "http://double", Clock: w.now, Budget: google.Budget{Project: 1_000_000, User: 1_000_000}})
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		calendars := map[string]*google.Calendar{}
		last := map[string]series.Snapshot{}
		for _, p := range []series.Person{mia, raj} {
			c, err := w.project.Open(google.Account{Owner: p, HTTP: w.inside(p)})
			must(err)
			calendars[p.ID] = c
		}
		c, h := calendars["mia"], w.Hands(mia.Email)
		look := func(p series.Person) series.Snapshot {
			s, err := providertest.Observe(w.ctx(), calendars[p.ID], last[p.ID], interest(p))
			must(err)
			full, err := providertest.Observe(w.ctx(), calendars[p.ID], series.Snapshot{}, interest(p))
			must(err)
			if d := cmp.Diff(full, s, cmpopts.EquateEmpty(), whatever); d != "" {
				t.Fatalf("%s: an incremental look differs (-full +incremental):\n%s", p.ID, d)
			}
			last[p.ID] = s
			return s
		}
		ref, err := c.Create(w.ctx(), wish())
		must(err)
		id := ref.ID
		must(h.Note(id, "bring the numbers"))
		for range rapid.IntRange(1, 10).Draw(t, "steps") {
			look(raj)
			e := look(mia).Series[0]
			n := rapid.IntRange(0, 6).Draw(t, "week")
			at := start(n)
			if ms := e.Meetings(e.Start, e.Start.AddDate(0, 3, 0)); n < len(ms) {
				at = ms[n].Original
			}
			d, _ := series.WallClock(at, e.Zone)
			by := time.Duration(rapid.IntRange(-30, 60).Draw(t, "hours")) * time.Hour
			link := rapid.SampledFrom([]string{"", "https://docs.example.com/d/x", "https://docs.example.com/d/y"}).Draw(t, "link")
			place := rapid.SampledFrom([]string{"", "Room Birch", "Café"}).Draw(t, "place")
			zero := rapid.SampledFrom([]time.Time{{}, at}).Draw(t, "which")
			slot := series.Slot{Weekday: time.Weekday(rapid.IntRange(1, 5).Draw(t, "weekday")), At: series.TimeOfDay(60 * rapid.IntRange(8, 17).Draw(t, "hour")),
				Duration: rapid.SampledFrom([]time.Duration{30 * time.Minute, time.Hour}).Draw(t, "duration"), Every: rapid.IntRange(1, 2).Draw(t, "every"), Zone: tuesdays.Zone}
			meets := func(e series.Event) *series.Meeting {
				for _, m := range e.Meetings(at, at.Add(time.Second)) {
					if m.Original.Equal(at) {
						return &m
					}
				}
				return nil
			}
			var did func(series.Event) bool // what a write of Holdfast's was to do
			op := rapid.IntRange(0, 21).Draw(t, "op")
			switch op {
			case 0:
				_ = h.Move(id, at, at.Add(by)) // hands may find nothing there: then nothing happens
			case 1:
				_ = h.Resize(id, at, 45*time.Minute)
			case 2:
				_ = h.Cancel(id, at)
			case 3:
				_ = h.CancelStatus(id, at)
			case 4:
				_ = h.PutBack(id, at)
			case 5:
				_ = h.Relocate(id, zero, place)
			case 6:
				_ = h.SetLink(id, zero, link)
			case 7:
				_ = h.AddGuest(id, fmt.Sprintf("guest%d@elsewhere.test", n))
			case 8:
				_ = h.SetFree(id)
			case 9:
				_ = h.MoveAll(id, slot, slot.First(day(0)))
			case 10:
				_ = h.EndAt(id, start(12))
			case 11:
				_ = w.Hands(raj.Email).Answer(id, zero, raj.Email, series.Declined)
			case 12:
				_ = w.Hands(raj.Email).Move(id, at, at.Add(by))
			case 13:
				ref, err = c.Update(w.ctx(), e.Ref, series.Patch{Place: &place})
				did = func(now series.Event) bool {
					elsewhere := func(v series.Override) bool { return v.Place != e.Place }
					return now.Place == place && !now.Touched(series.FieldPlace) && overrides(e, now, func(was, v series.Override) bool {
						return elsewhere(was) && v.Place == was.Place || !elsewhere(was) && v.Place == place
					})
				}
			case 14:
				ref, err = c.Update(w.ctx(), e.Ref, series.Patch{Link: &link, Busy: true})
				did = func(now series.Event) bool {
					theirs := func(v series.Override) bool {
						return v.Link != "" && v.Link != e.Link && series.Digest(v.Link) != e.Mark.Written[series.FieldLink]
					}
					return now.Link == link && !now.Free && overrides(e, now, func(was, v series.Override) bool {
						return !v.Free && (theirs(was) && v.Link == was.Link || !theirs(was) && v.Link == link)
					})
				}
			case 15:
				ref, err = c.Update(w.ctx(), e.Ref, series.Patch{People: &series.PeoplePatch{Organizer: mia, Guests: []series.Person{raj, lee}}})
				did = func(e series.Event) bool { return !e.Touched(series.FieldPeople) && len(e.Guests) == 2 }
			case 16:
				ref, err = c.Update(w.ctx(), e.Ref, series.Patch{Slot: &series.SlotPatch{Slot: slot, First: slot.First(day(0))}})
				did = func(e series.Event) bool { return e.Slot() == slot && e.Rule.Until.IsZero() }
			case 17:
				ref, err = c.Skip(w.ctx(), e.Ref, []series.Skip{{Date: d, Why: "leave"}})
				did = func(e series.Event) bool { m := meets(e); return m == nil || m.Cancelled }
			case 18:
				ref, err = c.Unskip(w.ctx(), e.Ref, []series.Date{d})
				did = func(e series.Event) bool { m := meets(e); return m == nil || !m.Cancelled }
			case 19:
				x := series.Override{Original: at, Start: at.Add(by), Duration: 20 * time.Minute, Place: place, Link: link}
				ref, err = c.SetOverride(w.ctx(), e.Ref, x)
				did = func(e series.Event) bool {
					m := meets(e)
					return m != nil && !m.Cancelled && m.Start.Equal(x.Start) && m.Duration == x.Duration && m.Place == place && m.Link == link
				}
			case 20:
				ref, err = c.ClearOverride(w.ctx(), e.Ref, at)
				did = func(e series.Event) bool { m := meets(e); return m == nil || !m.Cancelled && !m.Overridden }
			case 21:
				m := e.Mark
				m.Line = place
				ref, err = c.Update(w.ctx(), e.Ref, series.Patch{Mark: &m})
				did = func(e series.Event) bool { return e.Mark.Line == place }
			}
			s := look(mia)
			if len(s.Series) != 1 || len(s.Gone) != 0 {
				t.Fatalf("op %d: %d series, %d gone", op, len(s.Series), len(s.Gone))
			}
			now := s.Series[0]
			switch {
			case did == nil:
			case err != nil && provider.KindOf(err) == provider.Permanent && op == 19: // no such occurrence
			case err != nil:
				t.Fatalf("op %d: %v", op, err)
			case now.Ref != ref || !did(now):
				t.Fatalf("op %d: answered %v, there is %v, overrides %+v", op, ref, now.Ref, now.Overrides)
			}
			if ok, err := h.Noted(id, "bring the numbers"); err != nil || !ok {
				t.Fatalf("op %d: a person's note is gone", op)
			}
		}
	})
}

// overrides reports whether ok holds of all overrides that take place, as they were and as they are.
func overrides(was, now series.Event, ok func(was, now series.Override) bool) bool {
	for _, v := range now.Overrides {
		i := slices.IndexFunc(was.Overrides, func(o series.Override) bool { return o.Original.Equal(v.Original) })
		if !v.Cancelled && i >= 0 && !ok(was.Overrides[i], v) {
			return false
		}
	}
	return true
}

// Signed in for real: with a service account, and by a person's consent. A sign-in that died is an error that says what
// to do, and no news of the calendar.
func TestSignedIn(t *testing.T) {
	const account = "daemon@project.iam.example"
	w := open(t, func(o *googletest.Options) {
		o.Delegation = []googletest.ServiceAccount{{Email: account, Scopes: []string{"calendar.events.owned"}}}
	})
	a, err := signin.NewServiceAccount(w.ServiceAccountJSON(account), []string{google.Scope}, nil)
	w.must(err)
	c, err := w.project.Open(google.Account{Owner: mia, HTTP: a.Client(mia)})
	w.must(err)
	_, err = c.Create(w.ctx(), wish())
	w.must(err)
	s := w.look(c, mia, series.Snapshot{})
	if len(s.Series) != 1 || w.mailed() != 1 {
		t.Errorf("%d series, %d mails", len(s.Series), w.mailed())
	}
	w.SetDelegation(account)
	w.ExpireTokens()
	_, err = providertest.Observe(w.ctx(), c, s, interest(mia))
	if provider.KindOf(err) != provider.Auth || provider.HintOf(err) == "" {
		t.Errorf("without delegation: %v, hint %q", err, provider.HintOf(err))
	}
	w.SetDelegation(account, "calendar.events.owned")
	if s = w.look(c, mia, s); len(s.Series) != 1 {
		t.Errorf("%d series", len(s.Series))
	}
}
