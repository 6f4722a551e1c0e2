package googletest

import (
	"strings"
	"testing"
	"time"

	"holdfast/internal/series"
)

func (w *world) patch(user, id string, body object, params ...string) object {
	w.Helper()
	return w.call(user, "PATCH", cal+"/"+id+query1(params), body).ok()
}

// guest is the attendee of that address.
func guest(e object, address string) object { return find(e, address) }

func TestB05Calendars(t *testing.T) {
	w := open(t)
	e := w.insert1(mia, single(object{"visibility": "private", "description": "secret"}))
	id := text(e, "id")
	if w.get(mia, id)["id"] != w.call(mia, "GET", "/calendar/v3/calendars/"+mia+"/events/"+id, nil).ok()["id"] {
		t.Error("primary is not the address")
	}
	mias := "/calendar/v3/calendars/" + mia + "/events"
	w.call(raj, "GET", mias, nil).wrong(404, "notFound")
	w.call(raj, "GET", "/calendar/v3/calendars/nobody@example.com/events", nil).wrong(404, "notFound")
	for _, role := range []string{"freeBusyReader", "reader", "writer", "owner"} {
		w.Share(mia, raj, role)
		a := w.call(raj, "GET", mias, nil).ok()
		if text(a, "accessRole") != role {
			t.Errorf("accessRole %q, want %q", text(a, "accessRole"), role)
		}
		it := list(a, "items")[0].(object)
		blocks := role == "freeBusyReader" || role == "reader"
		if (text(it, "description") == "") != blocks || text(sub(it, "start"), "dateTime") == "" {
			t.Errorf("%s sees %v", role, it)
		}
		code := w.call(raj, "PATCH", mias+"/"+id, object{"summary": role}).code
		if (code == 403) != blocks {
			t.Errorf("%s writes: %d", role, code)
		}
	}
	if len(list(w.call(raj, "GET", "/calendar/v3/users/me/calendarList", nil).ok(), "items")) != 2 {
		t.Error("the shared calendar is not listed")
	}
	if c := w.call(mia, "GET", "/calendar/v3/users/me/calendarList/primary", nil).ok(); c["primary"] != true || text(c, "timeZone") != "Europe/Berlin" {
		t.Errorf("entry %v", c)
	}
	if v := text(w.call(lee, "GET", "/calendar/v3/users/me/settings/timezone", nil).ok(), "value"); v != "America/New_York" {
		t.Errorf("timezone %q", v)
	}
}

func TestB05FreeBusy(t *testing.T) {
	w := open(t)
	w.insert1(mia, weekly())
	w.insert1(mia, single(object{"transparency": "transparent", "start": object{"dateTime": "2026-12-02T10:00:00"}, "end": object{"dateTime": "2026-12-02T11:00:00"}}))
	ask := object{"timeMin": "2026-12-01T00:00:00Z", "timeMax": "2026-12-15T00:00:00Z", "items": []any{object{"id": mia}, object{"id": raj}, object{"id": "nobody@example.com"}}}
	a := w.call(mia, "POST", "/calendar/v3/freeBusy", ask).ok()
	mine := sub(sub(a, "calendars"), mia)
	if busy := list(mine, "busy"); len(busy) != 2 || text(busy[1].(object), "start") != "2026-12-08T09:00:00Z" {
		t.Errorf("busy %v", busy)
	}
	for _, id := range []string{raj, "nobody@example.com"} {
		if e := list(sub(sub(a, "calendars"), id), "errors"); len(e) != 1 || text(e[0].(object), "reason") != "notFound" {
			t.Errorf("%s: %v", id, e)
		}
	}
	ask["timeMax"] = "2027-06-15T00:00:00Z"
	w.call(mia, "POST", "/calendar/v3/freeBusy", ask).wrong(400, "timeRangeTooLong")
}

func TestB06CopiesOfGuests(t *testing.T) {
	w := open(t)
	e := w.insert1(mia, weekly(with("mia.chen@example.com", raj, out), object{"extendedProperties": object{"private": object{"k": "v"}, "shared": object{"s": "v"}},
		"reminders": object{"useDefault": false}, "colorId": "7", "transparency": "transparent"}))
	id := text(e, "id")
	c := w.get(raj, id)
	if c["iCalUID"] != e["iCalUID"] || text(e, "iCalUID") != id+"@google.com" {
		t.Errorf("uid %v and %v", e["iCalUID"], c["iCalUID"])
	}
	props := sub(c, "extendedProperties")
	if len(sub(props, "private")) != 0 || text(sub(props, "shared"), "s") != "v" || c["colorId"] != nil || c["transparency"] != nil || !yes(sub(c, "reminders"), "useDefault") {
		t.Errorf("the copy has the organizer's own: %v", c)
	}
	for who, x := range map[string]object{mia: e, raj: c} {
		self := 0
		for _, a := range list(x, "attendees") {
			if yes(a.(object), "self") {
				self++
			}
		}
		if self != 1 || yes(sub(x, "organizer"), "self") != (who == mia) || text(sub(x, "organizer"), "email") != mia || text(sub(x, "creator"), "email") != mia {
			t.Errorf("%s: %d are self, organizer %v, creator %v", who, self, x["organizer"], x["creator"])
		}
	}
	if !yes(guest(e, "mia.chen@example.com"), "self") || !yes(guest(c, raj), "self") || yes(guest(c, out), "self") {
		t.Error("self is not relative to the calendar")
	}
	second := w.AddCalendar(mia, "Team")
	x := w.call(mia, "POST", "/calendar/v3/calendars/"+second+"/events", single(with(mia, raj))).ok()
	if yes(sub(x, "organizer"), "self") || yes(guest(x, mia), "self") || text(sub(x, "organizer"), "email") != second {
		t.Errorf("self on a secondary calendar: %v %v", x["organizer"], x["attendees"])
	}
	before := w.get(mia, id)
	w.patch(raj, id, object{"colorId": "3", "reminders": object{"useDefault": false}, "extendedProperties": object{"private": object{"own": "1"}}})
	if now := w.get(mia, id); now["etag"] != before["etag"] || text(now, "colorId") != "7" {
		t.Error("a guest's own properties reached the organizer")
	}
}

// Who is invited to one occurrence has that one and no series.
func TestB06GuestOfOneOccurrence(t *testing.T) {
	w := open(t)
	id := text(w.insert1(mia, weekly(with(raj))), "id")
	one := id + "_20261208T090000Z"
	w.patch(mia, one, with(raj, lee))
	e := w.get(lee, one)
	if text(e, "recurringEventId") != id || text(sub(e, "originalStartTime"), "dateTime") != "2026-12-08T04:00:00-05:00" || !yes(guest(e, lee), "self") {
		t.Errorf("%v", e)
	}
	w.call(lee, "GET", cal+"/"+id, nil).wrong(404, "notFound")
	if items, _ := w.list(lee); len(items) != 1 {
		t.Errorf("%v", items)
	}
	w.patch(lee, one, object{"attendees": []any{object{"email": raj}, object{"email": lee, "responseStatus": "tentative"}}})
	for _, who := range []string{mia, raj, lee} {
		if x := w.get(who, one); text(guest(x, lee), "responseStatus") != "tentative" {
			t.Errorf("%s: %v", who, x["attendees"])
		}
	}
	w.patch(mia, one, with(lee)) // and raj is off it
	if text(w.get(raj, one), "status") != "cancelled" || text(w.get(raj, id), "status") != "confirmed" {
		t.Error("who is off one occurrence still has it, or lost the series")
	}
	w.call(mia, "DELETE", cal+"/"+id+"?sendUpdates=all", nil).ok()
	if text(w.get(lee, one), "status") != "cancelled" {
		t.Error("the series went, its occurrence did not")
	}
}

func TestB07WhatReachesWhom(t *testing.T) {
	w := open(t)
	id := text(w.insert1(mia, weekly(with(raj, lee), object{"location": "Alder"})), "id")
	w.patch(raj, id, object{"colorId": "3"})
	before := w.get(mia, id)
	w.patch(raj, id, object{"location": "Cellar"})
	w.call(raj, "PATCH", cal+"/"+id+"_20261208T090000Z", object{"start": object{"dateTime": "2026-12-09T10:00:00+01:00"}, "end": object{"dateTime": "2026-12-09T11:00:00+01:00"}}).ok()
	if now := w.get(mia, id); now["etag"] != before["etag"] {
		t.Errorf("a guest's edit reached the organizer: %v", now)
	}
	if items, _ := w.list(raj); len(items) != 2 || text(items[0], "location") != "Cellar" {
		t.Errorf("the guest's edit is not on the copy: %v", items)
	}
	guests := list(w.get(raj, id), "attendees")
	guests[0].(object)["responseStatus"] = "accepted"
	w.patch(raj, id, object{"attendees": guests})
	for _, who := range []string{mia, lee} {
		if x := w.get(who, id); text(guest(x, raj), "responseStatus") != "accepted" || text(x, "location") != "Alder" {
			t.Errorf("%s sees %v in %v", who, guest(x, raj), x["location"])
		}
	}
	if text(w.get(raj, id), "location") != "Cellar" {
		t.Error("an answer overwrote the guest's edit")
	}
	w.patch(mia, id, object{"summary": "New"})
	items, _ := w.list(raj)
	if len(items) != 1 || text(items[0], "location") != "Alder" || text(items[0], "summary") != "New" || text(items[0], "colorId") != "3" {
		t.Errorf("after the organizer's change the copy is %v", items)
	}
}

func TestB07GuestsCanModify(t *testing.T) {
	for _, reach := range []bool{false, true} {
		w := open(t, func(o *Options) { o.Behavior.GuestsModifyReach = reach })
		id := text(w.insert1(mia, weekly(with(raj, lee), object{"guestsCanModify": true})), "id")
		w.patch(raj, id, object{"location": "Cellar"})
		for _, who := range []string{mia, lee} {
			if got := text(w.get(who, id), "location") == "Cellar"; got != reach {
				t.Errorf("reach %v: %s sees the guest's edit: %v", reach, who, got)
			}
		}
	}
}

func TestB07GuestsCanInviteOthers(t *testing.T) {
	w := open(t)
	for _, may := range []bool{true, false} {
		id := text(w.insert1(mia, single(with(raj), object{"guestsCanInviteOthers": may})), "id")
		w.patch(raj, id, object{"attendees": append(list(w.get(raj, id), "attendees"), object{"email": lee})})
		if got := guest(w.get(mia, id), lee) != nil; got != may {
			t.Errorf("may %v: the organizer sees the third guest: %v", may, got)
		}
	}
}

func TestB08ForbiddenForNonOrganizer(t *testing.T) {
	w := open(t)
	e := w.insert1(mia, single(with(raj), object{"guestsCanModify": true}))
	id := text(e, "id")
	w.call(raj, "PATCH", cal+"/"+id, object{"guestsCanModify": false}).wrong(403, "forbiddenForNonOrganizer")
	w.call(raj, "PATCH", cal+"/"+id, object{"guestsCanInviteOthers": false}).wrong(403, "forbiddenForNonOrganizer")
	w.call(raj, "PUT", cal+"/"+id, single(with(raj))).wrong(403, "forbiddenForNonOrganizer")
	w.call(raj, "PATCH", cal+"/"+id, object{"extendedProperties": object{"private": object{"a": "b"}}}).ok()
	w.Configure(func(b *Behavior) { b.CopiesRefuseMarks = true })
	w.call(raj, "PATCH", cal+"/"+id, object{"extendedProperties": object{"private": object{"a": "c"}}}).wrong(403, "forbiddenForNonOrganizer")
	w.call(mia, "PATCH", cal+"/"+id, object{"extendedProperties": object{"private": object{"a": "c"}}, "guestsCanModify": false}).ok()
}

func TestB09AddInvitations(t *testing.T) {
	w := open(t, func(o *Options) { o.Users[1].AddInvitations = WhenAnswered })
	id := text(w.insert1(mia, weekly(with(raj))), "id")
	w.call(raj, "GET", cal+"/"+id, nil).wrong(404, "notFound")
	items, token := w.list(raj)
	if len(items) != 0 {
		t.Fatalf("listed: %v", items)
	}
	if hidden, _ := w.list(raj, "showHiddenInvitations=true"); len(hidden) != 1 {
		t.Errorf("%d hidden invitations", len(hidden))
	}
	if err := w.Hands(raj).Accept(id, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if items, _ = w.after(raj, token); len(items) != 1 || text(guest(w.get(mia, id), raj), "responseStatus") != "accepted" {
		t.Errorf("after the answer %v", items)
	}
}

func TestB10Rooms(t *testing.T) {
	w := open(t, func(o *Options) { o.Behavior.RoomDelay = time.Minute })
	invite := object{"attendees": []any{object{"email": raj}, object{"email": room, "resource": true}}}
	said := func(id string) string { return text(guest(w.get(mia, id), room), "responseStatus") }
	first := text(w.insert1(mia, weekly(invite)), "id")
	if said(first) != "needsAction" {
		t.Error("the room answers at once")
	}
	w.at = w.at.Add(time.Minute)
	if said(first) != "accepted" || !yes(guest(w.get(mia, first), room), "resource") {
		t.Errorf("a free room says %s", said(first))
	}
	second := text(w.insert1(mia, single(invite)), "id")
	third := text(w.insert1(mia, single(invite, object{"recurrence": []any{"RRULE:FREQ=DAILY;COUNT=3"}})), "id")
	w.at = w.at.Add(time.Minute)
	if said(second) != "declined" {
		t.Errorf("a taken room says %s", said(second))
	}
	items, _ := w.list(mia, "iCalUID="+third+"@google.com")
	if said(third) != "accepted" || len(items) != 2 || text(guest(items[1], room), "responseStatus") != "declined" || !strings.HasSuffix(text(items[1], "id"), "_20261201T090000Z") {
		t.Errorf("to a series of which one day is taken: %s, %v", said(third), items)
	}
}

func TestHandsOutOfOffice(t *testing.T) {
	w := open(t)
	id := text(w.insert1(mia, weekly(with(raj))), "id")
	h := w.Hands(raj)
	from := time.Date(2026, 12, 7, 18, 30, 0, 0, time.UTC)
	if _, err := h.OutOfOffice(from, from.AddDate(0, 0, 7), "declineAllConflictingInvitations", "On leave"); err != nil {
		t.Fatal(err)
	}
	items, token := w.list(mia)
	if len(items) != 2 {
		t.Fatalf("%v", items)
	}
	x := guest(items[1], raj)
	if !strings.HasSuffix(text(items[1], "id"), "_20261208T090000Z") || text(x, "responseStatus") != "declined" || text(x, "comment") != "On leave" || text(items[1], "status") != "confirmed" {
		t.Errorf("declined %v", items[1])
	}
	later := text(w.insert1(mia, single(with(raj), object{"start": object{"dateTime": "2026-12-10T10:00:00"}, "end": object{"dateTime": "2026-12-10T11:00:00"}})), "id")
	if text(guest(w.get(mia, later), raj), "responseStatus") != "declined" {
		t.Error("a new invitation is not declined")
	}
	if _, err := w.Hands(mia).OutOfOffice(from.AddDate(0, 0, 14), from.AddDate(0, 0, 15), "declineOnlyNewConflictingInvitations", ""); err != nil {
		t.Fatal(err)
	}
	if changed, _ := w.after(mia, token); len(changed) != 2 {
		t.Errorf("the organizer's own leave declined the meeting: %v", changed)
	}
	if err := w.Hands(raj).Answer(id, time.Time{}, raj, series.Accepted); err != nil {
		t.Fatal(err)
	}
}
