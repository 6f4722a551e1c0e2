package googletest

import "strings"

// startConference begins what a createRequest in next (or, for a new event, in its body) asks for. A request id that was
// seen on the event before is ignored.
func (s *Server) startConference(e *event, next object) {
	body := next
	if body == nil {
		body = e.body
	}
	data := sub(body, "conferenceData")
	create := sub(data, "createRequest")
	if create == nil {
		return
	}
	was := sub(sub(e.body, "conferenceData"), "createRequest")
	if next != nil && was != nil && text(was, "requestId") == text(create, "requestId") {
		body["conferenceData"] = clone(e.body["conferenceData"])
		return
	}
	create = clone(create)
	create["status"] = object{"statusCode": "pending"}
	body["conferenceData"] = object{"createRequest": create}
	if e.pending = s.opt.Behavior.ConferenceReads; e.pending == 0 {
		s.endConference(body, e.id)
	}
}

// readConference counts a read of an event whose conference is pending.
func (s *Server) readConference(e *event) {
	if e.pending == 0 {
		return
	}
	if e.pending--; e.pending == 0 {
		e.body = clone(e.body)
		s.endConference(e.body, e.id)
		s.touch(e, false)
		if !e.isCopy() {
			s.share(e, write{})
		}
	}
}

func (s *Server) endConference(body object, id string) {
	data := sub(body, "conferenceData")
	status := sub(sub(data, "createRequest"), "status")
	if s.opt.Behavior.ConferenceFails {
		status["statusCode"] = "failure"
		return
	}
	status["statusCode"] = "success"
	code := strings.Map(func(r rune) rune { return 'a' + r%26 }, (s.newID())[:10])
	code = code[:3] + "-" + code[3:7] + "-" + code[7:]
	data["conferenceId"] = code
	data["signature"] = "sig-" + id
	data["conferenceSolution"] = object{"key": object{"type": "hangoutsMeet"}, "name": "Google Meet", "iconUri": "https://fonts.gstatic.com/s/i/meet.png"}
	data["entryPoints"] = []any{object{"entryPointType": "video", "uri": "https://meet.google.com/" + code, "label": "meet.google.com/" + code}}
}
