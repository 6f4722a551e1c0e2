package googletest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestB11Ids(t *testing.T) {
	w := open(t)
	put := func(id string) reply { return w.call(mia, "POST", cal, single(object{"id": id})) }
	for _, id := range []string{"abcw1", "ABCDE", "abcd", "ab_cd", "ab-cd", strings.Repeat("a", 1025)} {
		put(id).wrong(400, "invalid")
	}
	e := put("abcdv0129").ok()
	if text(e, "id") != "abcdv0129" || text(e, "iCalUID") != "abcdv0129@google.com" {
		t.Errorf("%v", e)
	}
	put("abcdv0129").wrong(409, "duplicate")
	w.call(raj, "POST", cal, single(object{"id": "abcdv0129"})).ok() // unique per calendar
	w.call(mia, "DELETE", cal+"/abcdv0129", nil).ok()
	put("abcdv0129").wrong(409, "duplicate")
	w.at = w.at.AddDate(1, 0, 0)
	put("abcdv0129").wrong(409, "duplicate")
	if id := text(w.insert1(mia, single()), "id"); checkID(id) != nil || len(id) != 26 {
		t.Errorf("server id %q", id)
	}
	uid := "6F140ABD-6369-41C5@elsewhere.test"
	x := w.call(mia, "POST", cal+"/import", single(object{"iCalUID": uid, "organizer": object{"email": out}})).ok()
	if text(x, "id") != "_"+base32hex.EncodeToString([]byte(uid)) || text(x, "iCalUID") != uid || text(sub(x, "organizer"), "email") != out {
		t.Errorf("imported %v", x)
	}
}

func TestB12ETags(t *testing.T) {
	w := open(t)
	e := w.insert1(mia, single())
	id, first := text(e, "id"), text(e, "etag")
	n, err := strconv.Unquote(first)
	micros, err2 := strconv.ParseInt(n, 10, 64)
	if updated, err3 := time.Parse(time.RFC3339, text(e, "updated")); err != nil || err2 != nil || err3 != nil || updated.UnixMicro()*2 != micros {
		t.Errorf("etag %s, updated %v", first, e["updated"])
	}
	w.call(mia, "PATCH", cal+"/"+id, object{"summary": "b"}, "If-Match", `"1"`).wrong(412, "conditionNotMet")
	a := w.call(mia, "PATCH", cal+"/"+id, object{"summary": "b"}, "If-Match", first)
	second := text(a.ok(), "etag")
	if second <= first || a.header.Get("ETag") != second {
		t.Errorf("etag %s after %s, header %s", second, first, a.header.Get("ETag"))
	}
	w.call(mia, "PATCH", cal+"/"+id, object{"summary": "c"}, "If-Match", first).wrong(412, "conditionNotMet")
	w.call(mia, "PUT", cal+"/"+id, single(), "If-Match", first).wrong(412, "conditionNotMet")
	w.call(mia, "DELETE", cal+"/"+id, nil, "If-Match", first).wrong(412, "conditionNotMet")
	w.Share(raj, mia, "writer")
	w.call(mia, "POST", cal+"/"+id+"/move?destination="+raj, nil, "If-Match", first).wrong(412, "conditionNotMet")
	w.call(mia, "PATCH", cal+"/"+id, object{"summary": "c"}, "If-Match", "*").ok()
	now := text(w.get(mia, id), "etag")
	if a := w.call(mia, "GET", cal+"/"+id, nil, "If-None-Match", now); a.code != 304 {
		t.Errorf("If-None-Match: %d", a.code)
	}
	w.call(mia, "GET", cal+"/"+id, nil, "If-None-Match", first).ok()
	w.patch(mia, id, object{"summary": "c"})
	if text(w.get(mia, id), "etag") != now {
		t.Error("a patch of nothing moved the etag")
	}
	w.Configure(func(b *Behavior) { b.NoopMovesETag = true })
	w.patch(mia, id, object{"summary": "c"})
	if text(w.get(mia, id), "etag") == now {
		t.Error("a patch of nothing did not move the etag")
	}
}

func TestB13PutAndPatch(t *testing.T) {
	w := open(t)
	full := weekly(with(raj, lee), object{"location": "Alder", "description": "d", "extendedProperties": object{"private": object{"a": "1", "b": "2"}, "shared": object{"s": "1"}},
		"attachments": []any{object{"fileUrl": "https://docs.google.com/document/d/doc1/edit", "title": "Agenda"}}})
	e := w.insert1(mia, full, "supportsAttachments=true")
	id := text(e, "id")
	now := w.patch(mia, id, object{"extendedProperties": object{"private": object{"a": nil, "c": "3"}}, "description": nil})
	props := sub(now, "extendedProperties")
	if p := sub(props, "private"); len(p) != 2 || text(p, "b") != "2" || text(p, "c") != "3" || text(sub(props, "shared"), "s") != "1" || now["description"] != nil || text(now, "location") != "Alder" || len(list(now, "recurrence")) != 1 {
		t.Errorf("patched %v", now)
	}
	if now = w.patch(mia, id, with(raj)); len(list(now, "attendees")) != 1 {
		t.Errorf("an array is not replaced: %v", now["attendees"])
	}
	updated := now["updated"]
	w.at = w.at.Add(time.Minute)
	if now = w.patch(mia, id, object{"reminders": object{"useDefault": false, "overrides": []any{object{"method": "popup", "minutes": 5}}}}); now["updated"] != updated || now["etag"] == e["etag"] {
		t.Errorf("reminders moved updated: %v", now)
	}
	now = w.call(mia, "PUT", cal+"/"+id, single()).ok()
	for _, k := range []string{"recurrence", "attendees", "extendedProperties", "location", "attachments"} {
		if now[k] != nil {
			t.Errorf("PUT keeps %s: %v", k, now[k])
		}
	}
	if text(w.get(raj, id), "status") != "cancelled" {
		t.Error("who is no longer invited keeps the copy")
	}
	// What is no property, or read-only, is ignored. Strict would see the first, so it goes past it.
	if _, p := eventShape.read(object{"titel": "x", "htmlLink": "y", "start": object{"zone": "z"}}, ""); p != nil {
		t.Errorf("%v", p)
	}
}

func TestB14Validation(t *testing.T) {
	w := open(t)
	w.loose()
	at := func(day, clock string) object {
		return object{"dateTime": day + "T" + clock, "timeZone": "Europe/Berlin"}
	}
	for what, c := range map[string]struct {
		change object
		reason string
	}{
		"no start":             {object{"start": nil}, "required"},
		"no end":               {object{"end": nil}, "required"},
		"empty end":            {object{"end": object{"dateTime": nil}}, "required"},
		"end before start":     {object{"end": at("2026-12-01", "09:00:00")}, "timeRangeEmpty"},
		"timed and all day":    {object{"end": object{"date": "2026-12-02", "dateTime": nil, "timeZone": nil}}, "invalid"},
		"both":                 {object{"start": object{"date": "2026-12-01"}}, "invalid"},
		"a Windows zone":       {object{"start": object{"timeZone": "W. Europe Standard Time"}}, "invalid"},
		"no such time":         {object{"start": object{"dateTime": "2026-12-01T25:00:00"}}, "invalid"},
		"series without zone":  {object{"recurrence": []any{"RRULE:FREQ=WEEKLY"}, "start": object{"timeZone": nil, "dateTime": "2026-12-01T10:00:00+01:00"}}, "required"},
		"a bad rule":           {object{"recurrence": []any{"RRULE:FREQ=SOMETIMES"}}, "invalid"},
		"COUNT and UNTIL":      {object{"recurrence": []any{"RRULE:FREQ=WEEKLY;COUNT=2;UNTIL=20270101T000000Z"}}, "invalid"},
		"a DTSTART line":       {object{"recurrence": []any{"DTSTART:20261201T090000Z", "RRULE:FREQ=WEEKLY"}}, "invalid"},
		"a guest twice":        {with(raj, strings.ToUpper(raj)), "invalid"},
		"a guest without @":    {with("raj"), "invalid"},
		"an answer that is no": {object{"attendees": []any{object{"email": raj, "responseStatus": "accepted"}, object{"email": lee, "comment": "x"}}, "end": nil}, "required"},
	} {
		a := w.call(mia, "POST", cal, single(c.change))
		if a.code != 400 || text(list(sub(a.body, "error"), "errors")[0].(object), "reason") != c.reason {
			t.Errorf("%s: %d %v", what, a.code, a.body)
		}
	}
	files := []any{}
	for i := range 26 {
		files = append(files, object{"fileUrl": fmt.Sprintf("https://files.test/%d", i)})
	}
	w.call(mia, "POST", cal+"?supportsAttachments=true", single(object{"attachments": files})).wrong(400, "invalid")
	if n := len(list(w.insert1(mia, single(object{"attachments": files[:25]}), "supportsAttachments=true"), "attachments")); n != 25 {
		t.Errorf("%d attachments", n)
	}
	long := strings.Repeat("k", 45)
	e := w.insert1(mia, single(object{"extendedProperties": object{"private": object{long: "x", "short": strings.Repeat("v", 1100)}}}))
	if p := sub(sub(e, "extendedProperties"), "private"); len(p) != 1 || len(text(p, "short")) != 1024 {
		t.Errorf("properties %v", p)
	}
	day := w.insert1(mia, object{"start": object{"date": "2026-12-24"}, "end": object{"date": "2026-12-27"}})
	if text(sub(day, "end"), "date") != "2026-12-27" || sub(day, "end")["dateTime"] != nil {
		t.Errorf("all day %v", day["end"])
	}
	timed := w.patch(mia, text(day, "id"), object{"start": object{"date": nil, "dateTime": "2026-12-24T10:00:00Z"}, "end": object{"date": nil, "dateTime": "2026-12-24T11:00:00Z"}})
	if text(sub(timed, "start"), "dateTime") != "2026-12-24T11:00:00+01:00" || text(sub(timed, "start"), "timeZone") != "Europe/Berlin" {
		t.Errorf("made timed: %v", timed["start"])
	}
	w.call(mia, "PATCH", cal+"/"+text(day, "id"), object{"eventType": "focusTime"}).wrong(400, "eventTypeRestriction")
}

func TestB15Gates(t *testing.T) {
	w := open(t)
	file := object{"attachments": []any{object{"fileUrl": "https://docs.google.com/document/d/doc1/edit"}}}
	meet := object{"conferenceData": object{"createRequest": object{"requestId": "r1", "conferenceSolutionKey": object{"type": "hangoutsMeet"}}}}
	e := w.insert1(mia, single(file, meet, object{"eventLabelId": "l", "colorId": "2"}))
	if e["attachments"] != nil || e["conferenceData"] != nil || e["eventLabelId"] != nil || text(e, "colorId") != "2" {
		t.Errorf("not dropped: %v", e)
	}
	id := text(e, "id")
	if now := w.patch(mia, id, file); now["attachments"] != nil {
		t.Error("a patch needs no supportsAttachments")
	}
	now := w.patch(mia, id, file, "supportsAttachments=true")
	if a := list(now, "attachments"); len(a) != 1 || text(a[0].(object), "fileId") != "doc1" {
		t.Errorf("attached %v", a)
	}
	w.patch(mia, id, object{"summary": "x"})
	if now = w.get(mia, id); len(list(now, "attachments")) != 1 {
		t.Error("a patch of something else lost the attachment")
	}
	now = w.patch(mia, id, object{"eventLabelId": "l", "colorId": "3"}, "eventLabelVersion=1")
	if text(now, "eventLabelId") != "l" || text(now, "colorId") != "2" {
		t.Errorf("label %v, colour %v", now["eventLabelId"], now["colorId"])
	}
	w.Configure(func(b *Behavior) { b.ConferenceReads = 2 })
	status := func(e object) string {
		return text(sub(sub(sub(e, "conferenceData"), "createRequest"), "status"), "statusCode")
	}
	now = w.patch(mia, id, meet, "conferenceDataVersion=1")
	if s := []string{status(now), status(w.get(mia, id)), status(w.get(mia, id)), status(w.get(mia, id))}; !slices.Equal(s, []string{"pending", "pending", "pending", "success"}) {
		t.Errorf("conference %v", s)
	}
	link := text(w.get(mia, id), "hangoutLink")
	if !strings.HasPrefix(link, "https://meet.google.com/") {
		t.Errorf("link %q", link)
	}
	if now = w.patch(mia, id, meet, "conferenceDataVersion=1"); text(now, "hangoutLink") != link {
		t.Error("a repeated request makes another conference")
	}
	w.Configure(func(b *Behavior) { b.ConferenceReads, b.ConferenceFails = 0, true })
	again := object{"conferenceData": object{"createRequest": object{"requestId": "r2", "conferenceSolutionKey": object{"type": "hangoutsMeet"}}}}
	if now = w.patch(mia, id, again, "conferenceDataVersion=1"); status(now) != "failure" || now["hangoutLink"] != nil {
		t.Errorf("failed conference: %v", now["conferenceData"])
	}
}

func TestB16Delete(t *testing.T) {
	w := open(t)
	id := text(w.insert1(mia, weekly(with(raj))), "id")
	if a := w.call(mia, "DELETE", cal+"/"+id+"?sendUpdates=all", nil); a.code != 204 || a.body != nil {
		t.Errorf("%d %v", a.code, a.body)
	}
	w.call(mia, "DELETE", cal+"/"+id, nil).wrong(410, "deleted")
	if e := w.get(mia, id); text(e, "status") != "cancelled" || text(e, "summary") != "Talk" {
		t.Errorf("deleted %v", e)
	}
	if text(w.get(raj, id), "status") != "cancelled" {
		t.Error("the guest's copy stays")
	}
	back := w.patch(mia, id, object{"status": "confirmed"})
	if text(back, "status") != "confirmed" || text(w.get(raj, id), "status") != "confirmed" {
		t.Error("not brought back")
	}
	one := id + "_20261208T090000Z"
	w.call(mia, "DELETE", cal+"/"+one+"?sendUpdates=all", nil).ok()
	w.call(mia, "DELETE", cal+"/"+one, nil).wrong(410, "deleted")
	if text(w.get(raj, one), "status") != "cancelled" {
		t.Error("the guest's occurrence stays")
	}
	w.call(mia, "DELETE", cal+"/"+id+"_20261209T090000Z", nil).wrong(404, "notFound")
	w.call(raj, "DELETE", cal+"/"+id, nil).ok()
	if e := w.get(mia, id); text(e, "status") != "confirmed" || text(guest(e, raj), "responseStatus") != "declined" {
		t.Errorf("after the guest deleted the copy: %v", e)
	}
}

func TestB17Move(t *testing.T) {
	w := open(t)
	id := text(w.insert1(mia, weekly(with(raj, lee))), "id")
	move := cal + "/" + id + "/move?destination="
	w.call(mia, "POST", move+raj, nil).wrong(404, "notFound")
	w.Share(raj, mia, "writer")
	w.call(raj, "POST", cal+"/"+id+"/move?destination="+raj, nil).wrong(403, "cannotChangeOrganizer")
	if a := w.call(mia, "POST", move+raj, nil).ok(); text(a, "status") != "cancelled" {
		t.Errorf("move answers %v", a)
	}
	if e := w.get(raj, id); text(e, "status") != "confirmed" || text(sub(e, "organizer"), "email") != raj {
		t.Errorf("at the destination %v", e)
	}
	items, _ := w.list(mia, "showDeleted=true")
	if len(items) != 1 || text(items[0], "status") != "cancelled" || items[0]["summary"] != nil {
		t.Errorf("at the source %v", items)
	}
	if e := w.get(lee, id); text(sub(e, "organizer"), "email") != raj {
		t.Errorf("the guest's organizer is %v", e["organizer"])
	}
}

func TestB18MailLog(t *testing.T) {
	w := open(t)
	to := func() string {
		m := w.Mails()
		w.Reset()
		if len(m) == 0 {
			return ""
		}
		return m[0].Kind + " " + strings.Join(m[0].To, ",")
	}
	guests := object{"attendees": []any{object{"email": mia}, object{"email": raj}, object{"email": out}, object{"email": room, "resource": true}}}
	id := text(w.insert1(mia, weekly(guests), "sendUpdates=all"), "id")
	steps := []struct{ params, want string }{
		{"sendUpdates=all", "update guest@elsewhere.test,raj@example.com"}, {"sendUpdates=externalOnly", "update guest@elsewhere.test"},
		{"sendUpdates=none", ""}, {"", ""}, {"sendNotifications=true", "update guest@elsewhere.test,raj@example.com"},
	}
	if got := to(); got != "invite guest@elsewhere.test,raj@example.com" {
		t.Errorf("insert mails %q", got)
	}
	for i, s := range steps {
		w.patch(mia, id, object{"location": fmt.Sprint(i)}, s.params)
		if got := to(); got != s.want {
			t.Errorf("%q mails %q, want %q", s.params, got, s.want)
		}
	}
	w.patch(mia, id, object{"extendedProperties": object{"private": object{"a": "b"}}}, "sendUpdates=all")
	if got := to(); got != "" {
		t.Errorf("a private property mails %q", got)
	}
	w.patch(mia, id, with(raj), "sendUpdates=all")
	if got := to(); got != "update guest@elsewhere.test,raj@example.com" {
		t.Errorf("taking a guest off mails %q", got)
	}
	accepted := object{"attendees": []any{object{"email": raj, "responseStatus": "accepted"}}}
	w.patch(raj, id, accepted, "sendUpdates=all")
	if got := to(); got != "answer mia@example.com" {
		t.Errorf("an answer mails %q", got)
	}
	w.call(mia, "DELETE", cal+"/"+id+"?sendUpdates=none", nil).ok()
	if got := to(); got != "" || text(w.get(raj, id), "status") != "confirmed" {
		t.Errorf("a quiet delete mails %q, and the copy is %v", got, w.get(raj, id)["status"])
	}
	w.Reset()
	if len(w.Writes())+len(w.Mails()) != 0 {
		t.Error("Reset forgets nothing")
	}
	w.get(mia, id)
	if len(w.Writes()) != 0 || len(w.Requests()) != 1 {
		t.Errorf("%d writes, %d requests", len(w.Writes()), len(w.Requests()))
	}
}
