package google_test

import (
	"fmt"
	"testing"
	"time"

	"holdfast/internal/provider/google"
	"holdfast/internal/provider/google/googletest"
	"holdfast/internal/series"
)

const alder, birch = "alder@resource.example.com", "birch@resource.example.com"

// A place that is a room is asked for, and answers; when the series moves to another place, so does the asking.
func TestRooms(t *testing.T) {
	w := open(t, func(o *googletest.Options) {
		o.Users = append(o.Users, googletest.User{Email: birch, Name: "Room Birch", Zone: mia.Zone, Room: true})
	})
	c, err := w.project.Open(google.Account{Owner: mia, HTTP: w.as(mia), Rooms: map[string]string{"Room Alder": alder, "Room Birch": birch}})
	w.must(err)
	_, err = c.Create(w.ctx(), wish())
	w.must(err)
	w.at = w.at.Add(time.Minute)
	var last series.Snapshot
	see := func() series.Event {
		t.Helper()
		if last = w.look(c, mia, last); len(last.Series) != 1 {
			t.Fatalf("%d series", len(last.Series))
		}
		return last.Series[0]
	}
	e := see()
	if fmt.Sprint(e.Rooms) != "[{"+alder+" ACCEPTED}]" || len(e.Guests) != 1 || e.Touched(series.FieldPeople) || len(w.Mails()) != 1 {
		t.Fatalf("rooms %v, guests %v, %d mails", e.Rooms, e.Guests, len(w.Mails()))
	}

	// One meeting is elsewhere, one at another time: they keep and change the room like the place.
	w.must(w.Hands(mia.Email).Relocate(e.ID, start(1), "Garden"))
	w.must(w.Hands(mia.Email).Move(e.ID, start(2), start(2).Add(26*time.Hour)))
	e = see()
	w.Reset()
	_, err = c.Update(w.ctx(), e.Ref, series.Patch{Place: ptr("Room Birch")})
	w.must(err)
	w.at = w.at.Add(time.Minute)
	e = see()
	if fmt.Sprint(e.Rooms) != "[{"+birch+" ACCEPTED}]" || len(e.Overrides) != 2 || e.Overrides[0].Place != "Garden" || e.Overrides[1].Place != "Room Birch" ||
		len(e.Overrides[1].Rooms) != 1 || e.Overrides[1].Rooms[0].Address != birch || len(w.Mails()) != 1 {
		t.Fatalf("rooms %v, overrides %+v, mails %+v", e.Rooms, e.Overrides, w.Mails())
	}

	// One goes back to another room; then the series has no place that is a room.
	_, err = c.SetOverride(w.ctx(), e.Ref, series.Override{Original: start(2), Start: start(2), Duration: time.Hour, Place: "Room Alder", Link: e.Link})
	w.must(err)
	w.at = w.at.Add(time.Minute)
	e = see()
	if x := e.Overrides[1]; len(x.Rooms) != 1 || x.Rooms[0].Address != alder || x.Place != "Room Alder" {
		t.Fatalf("override %+v", x)
	}
	_, err = c.Update(w.ctx(), e.Ref, series.Patch{Place: ptr("Terrace")})
	w.must(err)
	if e = see(); len(e.Rooms) != 0 || len(e.Guests) != 1 {
		t.Errorf("rooms %v, guests %v", e.Rooms, e.Guests)
	}
}

// A room that is taken says no to that one meeting.
func TestRoomThatIsTaken(t *testing.T) {
	w := open(t)
	w.must(w.send(lee, "POST", "", `{"start":{"dateTime":"2026-12-08T09:00:00Z"},"end":{"dateTime":"2026-12-08T10:00:00Z"},"attendees":[{"email":"`+alder+`","resource":true}]}`))
	w.at = w.at.Add(time.Minute)
	c, err := w.project.Open(google.Account{Owner: mia, HTTP: w.as(mia), Rooms: map[string]string{"Room Alder": alder}})
	w.must(err)
	_, err = c.Create(w.ctx(), wish())
	w.must(err)
	w.at = w.at.Add(time.Minute)
	e := w.look(c, mia, series.Snapshot{}).Series[0]
	if len(e.Overrides) != 1 || !e.Overrides[0].Original.Equal(start(1)) || e.Overrides[0].Rooms[0].Answer != series.Declined || e.Overrides[0].Cancelled || e.Rooms[0].Answer != series.Accepted {
		t.Errorf("rooms %v, overrides %+v", e.Rooms, e.Overrides)
	}
}
