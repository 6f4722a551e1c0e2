package googletest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// ids of items, without those of their series.
func ids(items []object) string {
	var out []string
	for _, e := range items {
		out = append(out, text(e, "summary"))
	}
	return strings.Join(out, " ")
}

// named is an event of that title on a day of December, an hour from ten in Berlin.
func named(title string, day int, more ...object) object {
	at := fmt.Sprintf("2026-12-%02dT", day)
	return single(append([]object{{"summary": title, "start": object{"dateTime": at + "10:00:00"}, "end": object{"dateTime": at + "11:00:00"}}}, more...)...)
}

func TestB25Filters(t *testing.T) {
	w := open(t)
	prop := func(kind, v string) object { return object{"extendedProperties": object{kind: object{"k": v}}} }
	a := w.insert1(mia, named("a", 3, prop("private", "1")))
	w.at = w.at.Add(time.Hour)
	w.insert1(mia, named("b", 2, prop("shared", "1"), object{"location": "Upper Garden"}))
	w.insert1(mia, named("c", 1, object{"recurrence": []any{"RRULE:FREQ=WEEKLY;COUNT=3"}}, with(lee)))
	w.insert1(mia, named("d", 9, object{"eventType": "outOfOffice", "outOfOfficeProperties": object{"autoDeclineMode": "declineNone"}}))
	for params, want := range map[string]string{
		"":                                    "a b c d",
		"singleEvents=true":                   "a b c c c d",
		"singleEvents=true&orderBy=startTime": "c b a c d c",
		"orderBy=updated":                     "a b c d",
		"timeMin=2026-12-02T10:00:00Z":        "a c d", // ends at ten: exclusive
		"timeMin=2026-12-02T09:59:59Z":        "a b c d",
		"timeMax=2026-12-02T09:00:00Z":        "c", // starts at nine: exclusive
		"timeMax=2026-12-02T09:00:01Z":        "b c",
		"timeMin=2026-12-08T00:00:00Z&timeMax=2026-12-09T00:00:00Z":                   "c",
		"singleEvents=true&timeMin=2026-12-08T00:00:00Z&timeMax=2026-12-09T00:00:00Z": "c",
		"timeMin=2026-12-16T00:00:00Z":                                                "",
		"updatedMin=2026-11-24T09:30:00Z":                                             "b c d",
		"iCalUID=" + text(a, "iCalUID"):                                               "a",
		"q=garden":                                                                    "b",
		"q=lee%40example":                                                             "c",
		"eventTypes=outOfOffice":                                                      "d",
		"eventTypes=default":                                                          "a b c",
		"eventTypes=default&eventTypes=outOfOffice":                                   "a b c d",
		"privateExtendedProperty=k%3D1":                                               "a",
		"sharedExtendedProperty=k%3D1":                                                "b",
		"privateExtendedProperty=k%3D2":                                               "",
	} {
		if got := ids(first(w.list(mia, params))); got != want {
			t.Errorf("%s: %s, want %s", params, got, want)
		}
	}
	w.call(mia, "GET", cal+"?orderBy=startTime", nil).wrong(400, "badRequest")
	if e := w.call(mia, "GET", cal+"?orderBy=startTime", nil).body; text(sub(e, "error"), "message") != "The requested ordering is not available for the particular query." {
		t.Errorf("%v", e)
	}
	w.call(mia, "GET", cal+"?privateExtendedProperty=k%3D1&privateExtendedProperty=k%3D2", nil).wrong(400, "invalid")
	w.call(mia, "GET", cal+"?timeMin=2026-12-08T00:00:00Z&timeMax=2026-12-07T00:00:00Z", nil).wrong(400, "timeRangeEmpty")
	w.at = w.at.AddDate(0, 2, 0)
	w.call(mia, "GET", cal+"?updatedMin=2026-11-24T09:30:00Z", nil).wrong(410, "updatedMinTooLongAgo")
}

func TestB25Deleted(t *testing.T) {
	w := open(t)
	id := text(w.insert1(mia, named("s", 1, object{"recurrence": []any{"RRULE:FREQ=WEEKLY;COUNT=3"}})), "id")
	gone := text(w.insert1(mia, named("x", 2)), "id")
	w.call(mia, "DELETE", cal+"/"+gone, nil).ok()
	w.call(mia, "DELETE", cal+"/"+id+"_20261208T090000Z", nil).ok()
	for params, want := range map[string][2]int{ // items, of which cancelled
		"":                                   {2, 1}, // the bare instance
		"showDeleted=true":                   {3, 2},
		"singleEvents=true":                  {2, 0},
		"singleEvents=true&showDeleted=true": {4, 2},
	} {
		items, _ := w.list(mia, params)
		cancelled := slices.DeleteFunc(slices.Clone(items), func(e object) bool { return text(e, "status") != "cancelled" })
		if got := [2]int{len(items), len(cancelled)}; got != want {
			t.Errorf("%q: %v, want %v", params, got, want)
		}
		for _, e := range cancelled {
			if text(e, "id") == gone && text(e, "summary") != "x" {
				t.Errorf("%s: a full listing tells no details of what is deleted: %v", params, e)
			}
			if text(e, "id") != gone && (len(e) != 6 || text(e, "recurringEventId") != id) {
				t.Errorf("%s: a cancelled instance says %v", params, e)
			}
		}
	}
}

func TestB25PageSizes(t *testing.T) {
	w := open(t)
	for range 260 {
		w.insert1(mia, single())
	}
	for params, want := range map[string]int{"": 250, "?maxResults=2": 2, "?maxResults=9999": 260} {
		if n := len(list(w.call(mia, "GET", cal+params, nil).ok(), "items")); n != want {
			t.Errorf("%q: %d items, want %d", params, n, want)
		}
	}
	w.insert1(mia, object{"recurrence": []any{"RRULE:FREQ=DAILY"}, "start": object{"date": "2026-12-01"}, "end": object{"date": "2026-12-02"}})
	if n := len(list(w.call(mia, "GET", cal+"?singleEvents=true&maxResults=2500", nil).ok(), "items")); n != 260+maxInstances {
		t.Errorf("%d single events", n)
	}
}

func TestB26Pages(t *testing.T) {
	w := open(t)
	for i := range 6 {
		id := text(w.insert1(mia, named(fmt.Sprint(i), i+1)), "id")
		if i > 0 && i < 5 {
			w.call(mia, "DELETE", cal+"/"+id, nil).ok()
		}
	}
	var sizes []int
	path := cal + "?maxResults=2"
	a := w.call(mia, "GET", path, nil).ok()
	page := text(a, "nextPageToken")
	for {
		sizes = append(sizes, len(list(a, "items")))
		next := text(a, "nextPageToken")
		if (next == "") != (text(a, "nextSyncToken") != "") {
			t.Fatal("the sync token is not on the last page only")
		}
		if next == "" {
			break
		}
		a = w.call(mia, "GET", path+"&pageToken="+next, nil).ok()
	}
	if !slices.Equal(sizes, []int{1, 0, 1}) {
		t.Errorf("pages of %v: none is empty", sizes)
	}
	w.call(mia, "GET", cal+"?maxResults=3&pageToken="+page, nil).wrong(400, "invalid")
	w.call(raj, "GET", path+"&pageToken="+page, nil).wrong(400, "invalid")
	w.call(mia, "GET", path+"&pageToken=garbage", nil).wrong(400, "invalid")
	w.Configure(func(b *Behavior) { b.PageRows = 1 })
	items, token := w.list(mia, "maxResults=2")
	if ids(items) != "0 5" {
		t.Errorf("with short pages %s", ids(items))
	}
	// What changes between two pages is on a later page, or in the next sync.
	a = w.call(mia, "GET", path, nil).ok()
	w.patch(mia, text(items[0], "id"), object{"summary": "changed"})
	w.insert1(mia, named("new", 20))
	var rest []object
	for text(a, "nextPageToken") != "" {
		a = w.call(mia, "GET", path+"&pageToken="+text(a, "nextPageToken"), nil).ok()
		for _, e := range list(a, "items") {
			rest = append(rest, e.(object))
		}
	}
	after, _ := w.after(mia, text(a, "nextSyncToken"), "maxResults=2")
	if ids(after) != "changed new" {
		t.Errorf("the pages go on with %s, the sync tells %s", ids(rest), ids(after))
	}
	if after, _ = w.after(mia, token, "maxResults=2"); ids(after) != "changed new" {
		t.Errorf("the earlier token tells %s", ids(after))
	}
}

func TestB27SyncTokens(t *testing.T) {
	w := open(t)
	id := text(w.insert1(mia, weekly()), "id")
	_, token := w.list(mia)
	q := url.QueryEscape(token)
	if items, again := w.after(mia, token); len(items) != 0 || again == "" {
		t.Errorf("nothing changed: %d items", len(items))
	}
	for _, p := range []string{"iCalUID=x", "orderBy=updated", "privateExtendedProperty=a%3Db", "q=x", "sharedExtendedProperty=a%3Db",
		"timeMin=2026-12-01T00:00:00Z", "timeMax=2026-12-01T00:00:00Z", "updatedMin=2026-11-24T09:00:00Z", "showDeleted=false", "singleEvents=true", "maxResults=7", "eventTypes=default"} {
		w.call(mia, "GET", cal+"?syncToken="+q+"&"+p, nil).wrong(400, "invalid")
	}
	for _, p := range []string{"orderBy=updated", "q=x", "iCalUID=x"} {
		if _, tok := w.list(mia, p); tok != "" {
			t.Errorf("%s gives a token", p)
		}
	}
	w.call(raj, "GET", cal+"?syncToken="+q, nil).wrong(400, "invalid")
	e := w.call(mia, "GET", cal+"?syncToken=garbage", nil).wrong(400, "invalid")
	if e["domain"] != "global" || e["message"] != "Invalid Value" {
		t.Errorf("garbage: %v", e)
	}
	w.patch(mia, id+"_20261208T090000Z", object{"summary": "x"})
	w.call(mia, "DELETE", cal+"/"+id, nil).ok()
	items, later := w.after(mia, token)
	if len(items) != 1 || len(items[0]) != 4 || text(items[0], "status") != "cancelled" || text(items[0], "id") != id {
		t.Errorf("a deleted series is told as %v", items)
	}
	w.ForgetSyncTokens(mia)
	e = w.call(mia, "GET", cal+"?syncToken="+url.QueryEscape(later), nil).wrong(410, "fullSyncRequired")
	if e["domain"] != "calendar" || e["location"] != "syncToken" || e["locationType"] != "parameter" {
		t.Errorf("410: %v", e)
	}
	w.call(mia, "GET", cal+"?syncToken="+q, nil).wrong(410, "fullSyncRequired")
	items, token = w.list(mia)
	if len(items) != 0 || token == "" {
		t.Errorf("a full listing has tombstones: %v", items)
	}
	w.Share(mia, raj, "reader")
	w.call(mia, "GET", cal+"?syncToken="+url.QueryEscape(token), nil).wrong(410, "fullSyncRequired")
}

// A first sync may have a window; its token keeps it.
func TestB27WindowOfTheFirstSync(t *testing.T) {
	w := open(t)
	w.insert1(mia, named("old", 1))
	_, token := w.list(mia, "timeMin=2026-12-05T00:00:00Z")
	w.insert1(mia, named("before", 2))
	w.insert1(mia, named("after", 6))
	if items, _ := w.after(mia, token); ids(items) != "after" {
		t.Errorf("%s", ids(items))
	}
}

func TestB28TombstonesEnd(t *testing.T) {
	w := open(t)
	id := text(w.insert1(mia, weekly()), "id")
	gone := text(w.insert1(mia, named("x", 2)), "id")
	_, token := w.list(mia)
	w.call(mia, "DELETE", cal+"/"+gone, nil).ok()
	w.call(mia, "DELETE", cal+"/"+id+"_20261208T090000Z", nil).ok()
	w.at = w.at.AddDate(0, 0, 31)
	items, _ := w.list(mia, "showDeleted=true")
	if len(items) != 2 || text(items[1], "status") != "cancelled" || text(items[1], "recurringEventId") != id {
		t.Errorf("after a month %v", items)
	}
	w.call(mia, "GET", cal+"/"+gone, nil).wrong(404, "notFound")
	w.call(mia, "GET", cal+"?syncToken="+url.QueryEscape(token), nil).wrong(410, "fullSyncRequired") // nothing may be missed
}

func TestB29Envelope(t *testing.T) {
	w := open(t)
	e := w.insert1(mia, single())
	a := w.call(mia, "GET", cal, nil).ok()
	if text(a, "kind") != "calendar#events" || text(a, "etag") == "" || text(a, "summary") != mia || text(a, "timeZone") != "Europe/Berlin" ||
		text(a, "accessRole") != "owner" || a["updated"] != e["updated"] || len(list(a, "defaultReminders")) != 1 {
		t.Errorf("%v", a)
	}
	a = w.call(mia, "GET", cal+"?fields=nextSyncToken,items(id,start/dateTime)", nil).ok()
	it := list(a, "items")[0].(object)
	if len(a) != 2 || len(it) != 2 || len(sub(it, "start")) != 1 {
		t.Errorf("partial: %v", a)
	}
	if a = w.call(mia, "GET", cal+"?fields=items(id)", nil).ok(); text(a, "nextSyncToken") != "" {
		t.Error("a token that was not asked for")
	}
}

func TestB30TimeZone(t *testing.T) {
	w := open(t)
	e := w.insert1(mia, weekly())
	start := func(e object) string {
		return text(sub(e, "start"), "dateTime") + " " + text(sub(e, "start"), "timeZone")
	}
	if got := start(e); got != "2026-12-01T10:00:00+01:00 Europe/Berlin" {
		t.Errorf("%s", got)
	}
	id := text(e, "id")
	if got := start(w.call(mia, "GET", cal+"/"+id+"?timeZone=America/New_York", nil).ok()); got != "2026-12-01T04:00:00-05:00 America/New_York" {
		t.Errorf("asked for New York: %s", got)
	}
	items, _ := w.list(mia, "timeZone=Asia/Kolkata")
	if got := start(items[0]); got != "2026-12-01T14:30:00+05:30 Asia/Kolkata" {
		t.Errorf("a list asked for Kolkata: %s", got)
	}
	w.call(mia, "GET", cal+"?timeZone=Mars", nil).wrong(400, "invalid")
	w.Share(mia, lee, "reader")
	if got := start(w.call(lee, "GET", "/calendar/v3/calendars/"+mia+"/events/"+id, nil).ok()); got != "2026-12-01T10:00:00+01:00 Europe/Berlin" {
		t.Errorf("somebody elsewhere reads %s", got)
	}
}
