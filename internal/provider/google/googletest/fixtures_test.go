package googletest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/provider/providertest"
)

// Keys that recorded answers of Google have, of each kind of item.
const (
	masterKeys = "created creator end etag eventType htmlLink iCalUID id kind organizer recurrence reminders sequence start status summary updated"
	otherKeys  = "created creator end etag eventType htmlLink iCalUID id kind organizer originalStartTime recurringEventId reminders sequence start status summary updated"
	outKeys    = "etag id kind originalStartTime recurringEventId status"
	bareKeys   = "etag id kind status"
)

var shapes = map[string]string{masterKeys: "master", otherKeys: "exception", outKeys: "cancelled", bareKeys: "bare"}

// told is an item in short: what it is, its id with the series' as S and a new one as N, its sequence, and what is told
// of its times or rule.
func told(e object, series string) string {
	kind := shapes[strings.Join(sorted(e), " ")]
	if kind == "" {
		kind = "unheard-of " + strings.Join(sorted(e), " ")
	}
	id := strings.Replace(text(e, "id"), series, "S", 1)
	if !strings.HasPrefix(id, "S") {
		id = "N"
	}
	out := kind + " " + id
	if kind == "master" || kind == "exception" {
		out += fmt.Sprintf(" %v %s %s", e["sequence"], text(e, "summary"), text(sub(e, "start"), "dateTime")[5:16])
	}
	if r := texts(e, "recurrence"); len(r) > 0 {
		out += " " + strings.TrimPrefix(r[0], "RRULE:")
	}
	return out
}

// What arrives in an incremental sync after each act of a person, as it was recorded from Google (with invented data).
func TestWhatArrives(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2026, 12, day, hour-1, 0, 0, 0, time.UTC) }
	const rule = "FREQ=DAILY"
	for name, c := range map[string]struct {
		before, act func(h *Hands, id string) error
		want        string
		etags       int // how many different
	}{
		"create": {nil, func(h *Hands, id string) error { return nil },
			"master S 0 Talk 12-01T10:00 FREQ=DAILY", 1},
		"edit the title of one": {func(h *Hands, id string) error { return h.Retitle(id, at(3, 10), "A") },
			func(h *Hands, id string) error { return h.Retitle(id, at(4, 10), "B") },
			"master S 0 Talk 12-01T10:00 FREQ=DAILY\nexception S_20261203T090000Z 0 A 12-03T10:00\nexception S_20261204T090000Z 0 B 12-04T10:00", 1},
		"move one": {func(h *Hands, id string) error { return h.Retitle(id, at(3, 10), "A") },
			func(h *Hands, id string) error { return h.Move(id, at(4, 10), at(4, 20)) },
			"master S 0 Talk 12-01T10:00 FREQ=DAILY\nexception S_20261203T090000Z 0 A 12-03T10:00\nexception S_20261204T090000Z 1 Talk 12-04T20:00", 1},
		"move one to another day": {nil, func(h *Hands, id string) error { return h.Move(id, at(4, 10), at(6, 15)) },
			"master S 0 Talk 12-01T10:00 FREQ=DAILY\nexception S_20261204T090000Z 1 Talk 12-06T15:00", 1},
		"delete one": {nil, func(h *Hands, id string) error { return h.CancelStatus(id, at(4, 10)) },
			"master S 0 Talk 12-01T10:00 FREQ=DAILY\ncancelled S_20261204T090000Z", 1},
		"delete this and following": {func(h *Hands, id string) error { return h.CancelStatus(id, at(6, 10)) },
			func(h *Hands, id string) error { return h.DeleteFollowing(id, at(4, 10)) },
			"master S 0 Talk 12-01T10:00 FREQ=DAILY;UNTIL=20261203T225959Z\nbare S_20261206T090000Z", 1},
		"delete the series": {nil, func(h *Hands, id string) error { return h.Delete(id) },
			"bare S", 1},
		"edit this and following, same time": {nil, func(h *Hands, id string) error { _, err := h.Split(id, at(4, 10), at(4, 10)); return err },
			"master S 0 Talk 12-01T10:00 FREQ=DAILY;UNTIL=20261203T225959Z\nmaster S_R20261204T090000 0 Talk 12-04T10:00 FREQ=DAILY", 1},
		"edit this and following, another time": {nil, func(h *Hands, id string) error { _, err := h.Split(id, at(4, 10), at(4, 12)); return err },
			"master S 0 Talk 12-01T10:00 FREQ=DAILY;UNTIL=20261203T225959Z\nmaster N 1 Talk 12-04T12:00 FREQ=DAILY", 1},
		"all events after a split": {func(h *Hands, id string) error { _, err := h.Split(id, at(4, 10), at(4, 10)); return err },
			func(h *Hands, id string) error { return h.RetitleLineage(id, "All") },
			"master S 0 All 12-01T10:00 FREQ=DAILY;UNTIL=20261203T225959Z\nmaster S_R20261204T090000 0 All 12-04T10:00 FREQ=DAILY", 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			_, token := w.list(mia)
			e := w.insert1(mia, single(object{"recurrence": []any{"RRULE:" + rule}}))
			id, h := text(e, "id"), w.Hands(mia)
			if c.before != nil {
				if err := c.before(h, id); err != nil {
					t.Fatal(err)
				}
			}
			if name != "create" {
				_, token = w.list(mia)
			}
			w.at = w.at.Add(time.Minute)
			if err := c.act(h, id); err != nil {
				t.Fatal(err)
			}
			items, _ := w.after(mia, token)
			var got []string
			etags := map[string]bool{}
			for _, x := range items {
				got = append(got, told(x, id))
				etags[text(x, "etag")] = true
				if k := shapes[strings.Join(sorted(x), " ")]; k == "master" && (x["created"] != e["created"] || text(x, "iCalUID") != text(x, "id")+"@google.com") ||
					k == "exception" && (text(x, "iCalUID") != id+"@google.com" || text(x, "recurringEventId") != id) {
					t.Errorf("%v", x)
				}
			}
			if d := cmp.Diff(strings.Split(c.want, "\n"), got); d != "" || len(etags) != c.etags {
				t.Errorf("%d etags (-want +got):\n%s", len(etags), d)
			}
			if !strings.HasSuffix(text(e, "created"), ".000Z") {
				t.Errorf("created %v", e["created"])
			}
		})
	}
}

var _ providertest.Hands = (*Hands)(nil)

// Every hand of a person does what it says, on the organizer's calendar and on a guest's.
func TestHands(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 12, day, 9, 0, 0, 0, time.UTC) }
	link := "https://docs.google.com/document/d/doc1/edit"
	w := open(t)
	e := w.insert1(mia, weekly(with(raj), object{"description": "Agenda: " + link, "attachments": []any{object{"fileUrl": link}},
		"extendedProperties": object{"private": object{"mark": "m"}}}), "supportsAttachments=true")
	id, h := text(e, "id"), w.Hands(mia)
	one := func(day int) object { return w.get(mia, fmt.Sprintf("%s_202612%02dT090000Z", id, day)) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	must(h.Resize(id, at(8), 30*time.Minute))
	if text(sub(one(8), "end"), "dateTime") != "2026-12-08T10:30:00+01:00" {
		t.Errorf("shortened to %v", one(8)["end"])
	}
	must(h.Relocate(id, at(8), "Garden"))
	must(h.Relocate(id, time.Time{}, "Cellar"))
	if text(one(8), "location") != "Garden" || text(one(15), "location") != "Cellar" {
		t.Error("place")
	}
	must(h.SetLink(id, at(8), ""))
	if x := one(8); x["attachments"] != nil && len(list(x, "attachments")) > 0 || strings.Contains(text(x, "description"), link) {
		t.Errorf("link of one: %v", x)
	}
	must(h.RemoveAttachments(id, at(15)))
	if x := one(15); len(list(x, "attachments")) > 0 || !strings.Contains(text(x, "description"), link) {
		t.Errorf("attachment of one: %v", x)
	}
	must(h.SetLink(id, time.Time{}, link+"?tab=1"))
	if x := w.get(mia, id); text(x, "description") != "Agenda: "+link+"?tab=1" || len(list(x, "attachments")) != 1 {
		t.Errorf("link of all: %v", x)
	}
	must(h.Rich(id, time.Time{}))
	if got := text(w.get(mia, id), "description"); got != `Agenda: <a href="`+link+`?tab=1">`+link+`?tab=1</a>` {
		t.Errorf("rich: %s", got)
	}
	must(h.AddGuest(id, lee))
	if guest(one(8), lee) == nil || guest(one(22), lee) == nil || text(w.get(lee, id), "status") != "confirmed" {
		t.Error("guest")
	}
	must(h.SetFree(id))
	if text(w.get(mia, id), "transparency") != "transparent" || w.get(raj, id)["transparency"] != nil {
		t.Error("free")
	}
	must(h.Note(id, "bring; the, numbers"))
	must(h.StripMark(id))
	if ok, err := h.Noted(id, "bring; the, numbers"); !ok || err != nil || text(sub(sub(w.get(mia, id), "extendedProperties"), "private"), "mark") != "" {
		t.Error("note and mark", ok, err)
	}
	must(h.Cancel(id, at(22)))
	must(h.CancelStatus(id, at(29)))
	w.call(mia, "GET", cal+"/"+id+"_20261222T090000Z", nil).wrong(404, "notFound")
	if text(one(29), "status") != "cancelled" {
		t.Error("cancelled")
	}
	must(h.PutBack(id, at(22)))
	must(h.PutBack(id, at(29)))
	if text(one(22), "status") != "confirmed" || text(one(29), "status") != "confirmed" || text(w.get(raj, id+"_20261229T090000Z"), "status") != "confirmed" {
		t.Error("put back")
	}
	must(w.Hands(raj).Decline(id, at(22)))
	must(w.Hands(raj).Decline(id, time.Time{}))
	must(w.Hands(lee).Accept(id, time.Time{}))
	for _, x := range []object{w.get(mia, id), one(8), one(22)} {
		if text(guest(x, raj), "responseStatus") != "declined" || text(guest(x, lee), "responseStatus") != "accepted" {
			t.Errorf("answers %v", x["attendees"])
		}
	}
	twin, err := h.Duplicate(id)
	must(err)
	if x := w.get(mia, twin); twin == id || text(x, "iCalUID") == text(e, "iCalUID") || len(exceptions(first(w.list(raj)), twin)) == 0 {
		t.Errorf("twin %v", x)
	}
	must(h.Delete(twin))
	if text(w.get(raj, twin), "status") != "cancelled" || !slices.Equal(h.Series(), []string{id}) {
		t.Error("deleted")
	}
	must(w.Hands(raj).Move(id, at(15), at(16))) // in the guest's own copy only
	if text(sub(one(15), "start"), "dateTime") != "2026-12-15T10:00:00+01:00" || text(sub(w.get(raj, id+"_20261215T090000Z"), "start"), "dateTime") != "2026-12-16T14:30:00+05:30" {
		t.Error("the guest's move")
	}
	must(h.EndAt(id, at(10)))
	if r := texts(w.get(mia, id), "recurrence"); r[0] != "RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20261210T090000Z" {
		t.Errorf("rule %v", r)
	}
	must(w.Hands(raj).Delete(id))
	if x := w.get(mia, id); text(x, "status") != "confirmed" {
		t.Error("the guest deleted the organizer's event")
	}
	must(h.DeleteQuietly(id))
	if text(w.get(lee, id), "status") != "confirmed" || len(w.Mails()) != 0 {
		t.Error("a quiet deletion is told")
	}
	if err := h.Move("nothing", at(8), at(9)); err == nil {
		t.Error("no error for what is not there")
	}
}
