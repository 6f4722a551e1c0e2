package googletest

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

func discovered(t *testing.T) map[string]*discovery {
	t.Helper()
	all, err := discoveries()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// leftOut are the methods that the double does not answer.
var leftOut = map[string]string{
	"calendar": `acl.delete acl.get acl.insert acl.list acl.patch acl.update acl.watch calendarList.delete calendarList.insert calendarList.patch
		calendarList.update calendarList.watch calendars.clear calendars.delete calendars.insert calendars.patch calendars.transferOwnership
		calendars.update colors.get events.quickAdd settings.watch`,
	"docs": ``,
}

// Every route of the double is a method of Google's with the same verb, path and scopes; those it leaves out are named, so
// that a new one is noticed.
func TestRoutesAreDeclared(t *testing.T) {
	all := discovered(t)
	here := map[string]bool{}
	for _, m := range methods {
		api, _, _ := strings.Cut(m.id, ".")
		d := all[api].method(m.id)
		if d == nil {
			t.Errorf("%s is not declared", m.id)
			continue
		}
		here[m.id] = true
		var scopes []string
		for _, s := range strings.Fields(m.scopes) {
			scopes = append(scopes, scopeRoot+s)
		}
		want := slices.Sorted(slices.Values(d.scopes))
		if slices.Sort(scopes); d.verb != m.verb || d.path != m.path || !slices.Equal(scopes, want) {
			t.Errorf("%s: %s %s %v, declared %s %s %v", m.id, m.verb, m.path, scopes, d.verb, d.path, want)
		}
	}
	if n := len(all["calendar"].methods); n < 38 {
		t.Errorf("%d methods of Calendar, once there were 38", n)
	}
	for api, names := range leftOut {
		want := strings.Fields(names)
		var out []string
		for _, m := range all[api].methods {
			if !here[m.id] {
				out = append(out, strings.TrimPrefix(m.id, api+"."))
			}
		}
		if slices.Sort(want); !slices.Equal(slices.Sorted(slices.Values(out)), want) {
			t.Errorf("%s leaves out %v, want %v", api, out, want)
		}
	}
}

// What the double lets clients write is declared, with the same types.
func TestShapesAreDeclared(t *testing.T) {
	all := discovered(t)
	for schema, sh := range map[string]shape{"calendar Event": eventShape, "drive File": fileShape, "drive Permission": permShape} {
		api, name, _ := strings.Cut(schema, " ")
		checkShape(t, all[api], sub(all[api].schemas, name), sh, name)
	}
}

func checkShape(t *testing.T, d *discovery, schema object, want any, path string) {
	schema = d.schema(schema)
	switch want := want.(type) {
	case shape:
		for k, w := range want {
			m := sub(sub(schema, "properties"), k)
			if m == nil {
				t.Errorf("%s.%s is not declared", path, k)
				continue
			}
			checkShape(t, d, m, w, path+"."+k)
		}
	case of:
		if text(schema, "type") != "array" {
			t.Errorf("%s is no array but %s", path, text(schema, "type"))
		}
		checkShape(t, d, sub(schema, "items"), want.item, path+"[]")
	case kind:
		have := text(schema, "type")
		if want == dict && text(sub(schema, "additionalProperties"), "type") == "string" {
			return
		}
		if have != string(want) {
			t.Errorf("%s is %s, declared %s", path, want, have)
		}
	}
}

// The values that the double takes are those that Google lists.
func TestValuesAreDeclared(t *testing.T) {
	all := discovered(t)
	event := sub(sub(all["calendar"].schemas, "Event"), "properties")
	for f, have := range enums {
		want := slices.DeleteFunc(valuesOf(sub(event, f)), func(v string) bool { return v == "fromGmail" }) // cannot be made
		if !slices.Equal(slices.Sorted(slices.Values(have)), slices.Sorted(slices.Values(want))) {
			t.Errorf("%s: %v, declared %v", f, have, want)
		}
	}
	status := valuesOf(sub(sub(sub(all["calendar"].schemas, "EventAttendee"), "properties"), "responseStatus"))
	if !slices.Equal(slices.Sorted(slices.Values(answers)), slices.Sorted(slices.Values(status))) {
		t.Errorf("responseStatus: %v, declared %v", answers, status)
	}
	list := all["calendar"].method("calendar.events.list")
	if says := text(sub(list.parameters, "syncToken"), "description"); says != "" {
		for _, p := range notWithSync {
			if !strings.Contains(says, "- "+p+" ") {
				t.Errorf("%s may stand beside a sync token", p)
			}
		}
	}
	for name := range docRequests {
		if sub(sub(sub(all["docs"].schemas, "Request"), "properties"), name) == nil {
			t.Errorf("request %s is not declared", name)
		}
	}
}

// Strict notices what is not declared.
func TestStrict(t *testing.T) {
	all := discovered(t)
	d := all["calendar"]
	event := object{"$ref": "Event"}
	for what, v := range map[string]object{
		"an unknown property":   {"titel": "x"},
		"an unknown inner one":  {"start": object{"zone": "UTC"}},
		"a wrong type":          {"summary": 1.0},
		"an unlisted value":     {"status": "gone"},
		"a bad time":            {"created": "yesterday"},
		"an array for one":      {"start": []any{}},
		"one for an array":      {"attendees": object{}},
		"a fraction":            {"sequence": 1.5},
		"a null in an answer":   {"summary": nil},
		"an unknown attendee":   {"attendees": []any{object{"mail": "x"}}},
		"a property that is no": {"extendedProperties": object{"private": object{"k": 1.0}}},
	} {
		if len(d.check(event, v, "Event", "")) == 0 {
			t.Errorf("%s is not noticed", what)
		}
	}
	if len(d.check(object{"$ref": "Channel"}, object{"expiration": 1426325213000.0}, "Channel", "")) == 0 {
		t.Error("an expiration as a number is not noticed")
	}
	if len(d.check(event, object{"summary": "x"}, "Event", "calendar.events.insert")) == 0 {
		t.Error("a missing start is not noticed")
	}
	assertion := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"scope":"https://www.googleapis.com/auth/calendar.events.owned calendar"}`)) + ".x"
	if got := strangeScopes(all, "scope=openid+email+https://www.googleapis.com/auth/drive.files", "assertion="+assertion); !slices.Equal(got, []string{"https://www.googleapis.com/auth/drive.files", "calendar"}) {
		t.Errorf("undeclared scopes: %v", got)
	}
	m := d.method("calendar.events.list")
	for name, v := range map[string]string{"maxResult": "1", "showDeleted": "yes", "maxResults": "0", "orderBy": "id", "timeMin": "2026-12-01", "calendarId": "x"} {
		if len(checkParameter(sub(m.parameters, name), name, []string{v})) == 0 {
			t.Errorf("%s=%s is not noticed", name, v)
		}
	}
	if len(checkParameter(sub(m.parameters, "q"), "q", []string{"a", "b"})) == 0 {
		t.Error("a repeated parameter is not noticed")
	}
	events := object{"$ref": "Events"}
	if len(d.checkFields(events, "items(id,start/zone)")) == 0 || len(d.checkFields(events, "nextSyncToken,items(id,start(dateTime),attendees/email,extendedProperties/private/*)")) != 0 {
		t.Error("fields are not read")
	}
}
