package googletest

import (
	"math"
	"strings"
)

// shape is what may stand in an object that a client writes; all else is ignored. Its values are a kind, a shape, or of.
type shape map[string]any

// kind is a JSON type as the discovery documents name it.
type kind string

const (
	str     kind = "string"
	boolean kind = "boolean"
	integer kind = "integer"
	dict    kind = "dict" // an object of strings
)

// of is an array of a kind or shape.
type of struct{ item any }

var dateTimeShape = shape{"date": str, "dateTime": str, "timeZone": str}

// eventShape is what clients may write of an event.
var eventShape = shape{
	"id": str, "iCalUID": str, "summary": str, "description": str, "location": str, "colorId": str, "eventLabelId": str,
	"status": str, "transparency": str, "visibility": str, "eventType": str, "sequence": integer,
	"start": dateTimeShape, "end": dateTimeShape, "recurrence": of{str},
	"guestsCanInviteOthers": boolean, "guestsCanModify": boolean, "guestsCanSeeOtherGuests": boolean, "anyoneCanAddSelf": boolean,
	"attendees": of{shape{"email": str, "displayName": str, "comment": str, "responseStatus": str, "optional": boolean,
		"resource": boolean, "additionalGuests": integer}},
	"extendedProperties": shape{"private": dict, "shared": dict},
	"reminders":          shape{"useDefault": boolean, "overrides": of{shape{"method": str, "minutes": integer}}},
	"attachments":        of{shape{"fileUrl": str, "title": str, "mimeType": str, "iconLink": str}},
	"source":             shape{"title": str, "url": str},
	"organizer":          shape{"email": str, "displayName": str}, // counts for an import only
	"conferenceData": shape{"conferenceId": str, "notes": str, "signature": str,
		"createRequest":      shape{"requestId": str, "conferenceSolutionKey": shape{"type": str}},
		"conferenceSolution": shape{"name": str, "iconUri": str, "key": shape{"type": str}},
		"entryPoints":        of{shape{"entryPointType": str, "uri": str, "label": str}}},
	"outOfOfficeProperties": shape{"autoDeclineMode": str, "declineMessage": str},
	"focusTimeProperties":   shape{"autoDeclineMode": str, "declineMessage": str, "chatStatus": str},
	"workingLocationProperties": shape{"type": str, "customLocation": shape{"label": str},
		"officeLocation": shape{"buildingId": str, "deskId": str, "floorId": str, "floorSectionId": str, "label": str}},
	"birthdayProperties": shape{"type": str},
}

// read is the part of in that the shape knows. Nulls stay, for patches; a wrong type is an error.
func (sh shape) read(in object, path string) (object, *problem) {
	out := object{}
	for k, v := range in {
		want, known := sh[k]
		if !known {
			continue
		}
		if v == nil {
			out[k] = nil
			continue
		}
		r, p := fit(want, v, strings.TrimPrefix(path+"."+k, "."))
		if p != nil {
			return nil, p
		}
		out[k] = r
	}
	return out, nil
}

func fit(want, v any, path string) (any, *problem) {
	wrong := bad("invalid", "Invalid value for: "+path)
	switch want := want.(type) {
	case shape:
		if o, ok := v.(object); ok {
			return want.read(o, path)
		}
	case of:
		in, ok := v.([]any)
		if !ok {
			return nil, wrong
		}
		out := []any{}
		for _, x := range in {
			r, p := fit(want.item, x, path)
			if p != nil {
				return nil, p
			}
			out = append(out, r)
		}
		return out, nil
	case kind:
		if want.takes(v) {
			return cloneAny(v), nil
		}
	}
	return nil, wrong
}

func (k kind) takes(v any) bool {
	switch v := v.(type) {
	case string:
		return k == str
	case bool:
		return k == boolean
	case float64:
		return k == integer && v == math.Trunc(v)
	case object:
		for _, x := range v {
			if _, ok := x.(string); !ok && x != nil {
				return false
			}
		}
		return k == dict
	}
	return false
}
