package googletest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// Hands are what a person does with Google's own clients: unconditional, never limited, and mailing the guests. They
// are the hands of package providertest, whose comments say what each does, and more. id is an event's id on the
// person's calendar; original names an occurrence by its original start, where zero the series itself.
type Hands struct {
	s   *Server
	cal *calendar
}

// Hands are those of the user on the primary calendar.
func (s *Server) Hands(user string) *Hands {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Hands{s, s.cals[s.users[strings.ToLower(user)].Email]}
}

func (h *Hands) write(sendUpdates string) write {
	return write{method: "hand", by: h.cal.owner.Email, hand: true, sendUpdates: sendUpdates, attachments: true, conference: true}
}

// do is one thing done, and the bell it rings.
func (h *Hands) do(f func() *problem) error {
	h.s.mu.Lock()
	h.s.settle()
	p := f()
	bell := h.s.takeBell()
	h.s.mu.Unlock()
	bell()
	if p != nil {
		return fmt.Errorf("%d %s: %s", p.code, p.reason, p.text)
	}
	return nil
}

func instance(id string, original time.Time) string {
	if original.IsZero() {
		return id
	}
	return id + "_" + moment{t: original}.suffix()
}

// edit patches the event or occurrence with what change makes of its present state.
func (h *Hands) edit(id string, original time.Time, change func(o occurrence) object) error {
	return h.do(func() *problem { return h.change(id, original, change) })
}

func (h *Hands) change(id string, original time.Time, change func(o occurrence) object) *problem {
	o, p := h.cal.find(instance(id, original))
	if p != nil {
		return p
	}
	_, p = h.s.edit(h.cal, o.id(), change(o), h.write("all"))
	return p
}

// all changes the series and every exception of it.
func (h *Hands) all(id string, change func(o occurrence) object) error {
	return h.do(func() *problem {
		e := h.cal.events[id]
		if e == nil {
			return notFound()
		}
		if p := h.change(id, time.Time{}, change); p != nil {
			return p
		}
		for _, k := range sorted(e.exceptions) {
			if x := e.exceptions[k]; x != nil && !x.cancelled {
				if p := h.change(id, x.original.t, change); p != nil {
					return p
				}
			}
		}
		return nil
	})
}

// span is start and end as a client writes them.
func span(start time.Time, d time.Duration, zone string) object {
	return object{"start": moment{t: start, zone: zone}.object(), "end": moment{t: start.Add(d), zone: zone}.object()}
}

// Move drags one occurrence to another start. On a guest's calendar it stays there.
func (h *Hands) Move(id string, original, to time.Time) error {
	return h.edit(id, original, func(o occurrence) object { return span(to, o.end.t.Sub(o.start.t), o.start.zone) })
}

// Resize gives one occurrence another duration.
func (h *Hands) Resize(id string, original time.Time, d time.Duration) error {
	return h.edit(id, original, func(o occurrence) object { return span(o.start.t, d, o.start.zone) })
}

// MoveAll drags the whole series: all exceptions are lost.
func (h *Hands) MoveAll(id string, to series.Slot, first series.Date) error {
	return h.edit(id, time.Time{}, func(o occurrence) object {
		lines := slices.DeleteFunc(texts(o.body, "recurrence"), isRule)
		out := span(to.On(first), to.Duration, to.Zone)
		out["recurrence"] = anys(append([]string{weeklyRule(to.Every, to.Weekday)}, lines...))
		return out
	})
}

func isRule(line string) bool { return strings.HasPrefix(line, "RRULE") }

func dayCode(d time.Weekday) string { return strings.ToUpper(d.String()[:2]) }

func weeklyRule(every int, day time.Weekday) string {
	if every > 1 {
		return fmt.Sprintf("RRULE:FREQ=WEEKLY;INTERVAL=%d;BYDAY=%s", every, dayCode(day))
	}
	return "RRULE:FREQ=WEEKLY;BYDAY=" + dayCode(day)
}

// ruleWith are the recurrence lines with the parts of every rule changed: "" removes a part.
func ruleWith(lines []string, parts map[string]string) []any {
	var out []any
	for _, line := range lines {
		if isRule(line) {
			kept := slices.DeleteFunc(strings.Split(strings.TrimPrefix(line, "RRULE:"), ";"), func(p string) bool {
				_, changed := parts[strings.SplitN(p, "=", 2)[0]]
				return changed
			})
			for _, k := range sorted(parts) {
				if parts[k] != "" {
					kept = append(kept, k+"="+parts[k])
				}
			}
			line = "RRULE:" + strings.Join(kept, ";")
		}
		out = append(out, line)
	}
	return out
}

// Cancel takes one occurrence out with an EXDATE, as clients that speak iCalendar do.
func (h *Hands) Cancel(id string, original time.Time) error {
	return h.edit(id, time.Time{}, func(o occurrence) object {
		line := "EXDATE;TZID=" + o.start.zone + ":" + shows(moment{t: original, zone: o.start.zone}.local()).Format("20060102T150405")
		return object{"recurrence": anys(append(texts(o.body, "recurrence"), line))}
	})
}

// CancelStatus deletes one occurrence, as Google's clients do; zero: the series.
func (h *Hands) CancelStatus(id string, original time.Time) error {
	return h.edit(id, original, func(occurrence) object { return object{"status": "cancelled"} })
}

// PutBack undoes Cancel, CancelStatus and Delete.
func (h *Hands) PutBack(id string, original time.Time) error {
	return h.do(func() *problem {
		e := h.cal.events[id]
		if e == nil {
			return notFound()
		}
		if original.IsZero() || e.exceptions[moment{t: original}.suffix()] != nil {
			return h.change(id, original, func(occurrence) object { return object{"status": "confirmed"} })
		}
		return h.change(id, time.Time{}, func(o occurrence) object {
			return object{"recurrence": anys(slices.DeleteFunc(texts(o.body, "recurrence"), func(line string) bool {
				rec, ok := readRecurrence([]string{line}, o.start)
				return ok && rec.exdate[original.Unix()]
			}))}
		})
	})
}

var partStats = map[series.PartStat]string{series.NeedsAction: "needsAction", series.Accepted: "accepted", series.Declined: "declined", series.Tentative: "tentative"}

// Answer answers for an attendee; zero: the series and all its exceptions. On a guest's own calendar it reaches the
// organizer.
func (h *Hands) Answer(id string, original time.Time, attendee string, stat series.PartStat) error {
	change := func(o occurrence) object {
		guests := clone(list(o.body, "attendees"))
		for _, a := range guests {
			u := h.s.users[strings.ToLower(attendee)]
			if a := a.(object); strings.EqualFold(text(a, "email"), attendee) || u.is(text(a, "email")) {
				a["responseStatus"] = partStats[stat]
			}
		}
		return object{"attendees": guests}
	}
	if original.IsZero() {
		return h.all(id, change)
	}
	return h.edit(id, original, change)
}

// Accept accepts for the calendar's owner, one occurrence or with zero all; also by mail, where an invitation does
// not show yet.
func (h *Hands) Accept(id string, original time.Time) error {
	return h.Answer(id, original, h.cal.owner.Email, series.Accepted)
}

// Decline declines one occurrence; zero: all.
func (h *Hands) Decline(id string, original time.Time) error {
	return h.Answer(id, original, h.cal.owner.Email, series.Declined)
}

// Relocate sets the place; zero: of the series only.
func (h *Hands) Relocate(id string, original time.Time, place string) error {
	return h.edit(id, original, func(occurrence) object { return object{"location": place} })
}

// Retitle sets the title; zero: of the series only.
func (h *Hands) Retitle(id string, original time.Time, title string) error {
	return h.edit(id, original, func(occurrence) object { return object{"summary": title} })
}

// agenda begins the line of a description that holds the prep link.
const agenda = "Agenda: "

// SetLink replaces the prep link in the description and among the attachments; "" removes it.
func (h *Hands) SetLink(id string, original time.Time, link string) error {
	return h.edit(id, original, func(o occurrence) object {
		old := ""
		lines := slices.DeleteFunc(strings.Split(text(o.body, "description"), "\n"), func(l string) bool {
			url, is := strings.CutPrefix(l, agenda)
			if is {
				old = url
			}
			return is || l == "" && text(o.body, "description") == ""
		})
		files := slices.DeleteFunc(clone(list(o.body, "attachments")), func(a any) bool { return text(a.(object), "fileUrl") == old })
		if link != "" {
			lines = append(lines, agenda+link)
			files = append(files, object{"fileUrl": link, "title": "Agenda"})
		}
		return object{"description": strings.Join(lines, "\n"), "attachments": files}
	})
}

// RemoveAttachments takes all files off; the description stays.
func (h *Hands) RemoveAttachments(id string, original time.Time) error {
	return h.edit(id, original, func(occurrence) object { return object{"attachments": []any{}} })
}

// AddGuest invites address to the series and all its exceptions.
func (h *Hands) AddGuest(id, address string) error {
	return h.all(id, func(o occurrence) object {
		return object{"attendees": append(clone(list(o.body, "attendees")), object{"email": address})}
	})
}

// SetFree shows the series as free.
func (h *Hands) SetFree(id string) error {
	return h.edit(id, time.Time{}, func(occurrence) object { return object{"transparency": "transparent"} })
}

// StripMark removes the private properties that Note did not write.
func (h *Hands) StripMark(id string) error {
	return h.all(id, func(o occurrence) object {
		gone := object{}
		for k := range sub(sub(o.body, "extendedProperties"), "private") {
			if !strings.HasPrefix(k, ownKey) {
				gone[k] = nil
			}
		}
		return object{"extendedProperties": object{"private": gone}}
	})
}

const (
	ownKey   = "own-note-"
	ownColor = "5"
)

var ownReminders = []any{object{"method": "popup", "minutes": 7.0}}

func noteKey(text string) string { return ownKey + base32hex.EncodeToString([]byte(text))[:8] }

// Note adds a line to the description, a private property, a colour and a reminder.
func (h *Hands) Note(id, note string) error {
	return h.edit(id, time.Time{}, func(o occurrence) object {
		return object{
			"description":        strings.TrimPrefix(text(o.body, "description")+"\n"+note, "\n"),
			"colorId":            ownColor,
			"reminders":          object{"useDefault": false, "overrides": ownReminders},
			"extendedProperties": object{"private": object{noteKey(note): note}},
		}
	})
}

// Noted reports whether all that Note wrote is still there.
func (h *Hands) Noted(id, note string) (bool, error) {
	ok := false
	err := h.do(func() *problem {
		o, p := h.cal.find(id)
		if p == nil {
			ok = strings.Contains(text(o.body, "description"), note) && text(o.body, "colorId") == ownColor &&
				reflect.DeepEqual(sub(o.body, "reminders")["overrides"], ownReminders) &&
				text(sub(sub(o.body, "extendedProperties"), "private"), noteKey(note)) == note
		}
		return p
	})
	return ok, err
}

// EndAt writes UNTIL.
func (h *Hands) EndAt(id string, until time.Time) error {
	return h.edit(id, time.Time{}, func(o occurrence) object {
		return object{"recurrence": ruleWith(texts(o.body, "recurrence"), map[string]string{"COUNT": "", "UNTIL": until.UTC().Format("20060102T150405Z")})}
	})
}

// Delete deletes the event: on a guest's calendar it goes only there, and the guest declines.
func (h *Hands) Delete(id string) error {
	return h.do(func() *problem { return h.s.erase(h.cal, id, h.write("all")) })
}

// DeleteQuietly deletes without telling the guests, whose copies stay.
func (h *Hands) DeleteQuietly(id string) error {
	return h.do(func() *problem { return h.s.erase(h.cal, id, h.write("none")) })
}

// Rich stores the description as Google's own editor does, in HTML.
func (h *Hands) Rich(id string, original time.Time) error {
	return h.edit(id, original, func(o occurrence) object {
		words := strings.Split(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", " <br> ").Replace(text(o.body, "description")), " ")
		for i, word := range words {
			if strings.HasPrefix(word, "https://") {
				words[i] = `<a href="` + word + `">` + word + `</a>`
			}
		}
		return object{"description": strings.ReplaceAll(strings.Join(words, " "), " <br> ", "<br>")}
	})
}
