package say

import (
	"cmp"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/series"
)

// parties are what the two of a pair are called, and what a meeting of theirs is.
type parties struct {
	manager, report, ofManager, ofReport string
	meeting, day                         func(series.Date) string // a zero day: the series
	reads                                Role                     // who of them is the reader; "": neither
}

// theTwo are the parties where both are called by what they are.
func (r Reader) theTwo() parties {
	day := func(d series.Date) string {
		if d.IsZero() {
			return r.say("series", facts{})
		}
		return r.Date(d)
	}
	return parties{
		manager:   r.say("manager", facts{}),
		report:    r.say("report", facts{}),
		ofManager: r.say("manager.of", facts{}),
		ofReport:  r.say("report.of", facts{}),
		meeting:   day,
		day:       day,
	}
}

// details are the names of the texts for what package drift says of a flag.
var details = map[string]string{
	drift.InAnotherEvent: "detail.other-event",
	drift.CopyDeleted:    "detail.copy-deleted",
	drift.CopyGone:       "detail.copy-gone",
	drift.NoWay:          "detail.no-way",
	drift.Undone:         "detail.undone",
}

// Flag is what is different, in a sentence without a full stop: "Tue 8 Dec 2026 was moved to Thu 10 Dec 15:00".
func (r Reader) Flag(f drift.Flag) string { return r.flag(f, r.theTwo()) }

func (r Reader) flag(f drift.Flag, who parties) string {
	return r.say("flag."+string(f.Kind), r.facts(f, who))
}

// facts are those of a flag.
func (r Reader) facts(f drift.Flag, who parties) facts {
	out := facts{
		Meeting:   who.meeting(f.Occurrence),
		Day:       who.day(f.Occurrence),
		From:      r.Aspect(f.From),
		To:        r.Aspect(f.To),
		Manager:   who.manager,
		Report:    who.report,
		OfManager: who.ofManager,
		OfReport:  who.ofReport,
		By:        r.by(f.By, who),
		Detail:    f.Detail,
		Dates:     r.dates(f.Dates),
		Pair:      f.Pair.String(),
		Series:    f.Occurrence.IsZero(),
	}
	_, out.Until = f.To.Day()
	if f.Kind == drift.SeriesMoved && !out.Series { // from that day on
		out.Meeting, out.Other = who.meeting(series.Date{}), out.Day
	}
	if f.Kind == drift.DoubleBooked {
		out.Detail = r.other(f, who)
	} else if name, known := details[f.Detail]; known {
		if own := name + ".you"; who.reads == Report && r.catalogue().has(own) {
			name = own
		}
		out.Detail = r.say(name, out)
	} else if f.Detail != "" {
		out.Detail = r.say("detail", facts{Text: f.Detail})
	}
	if !out.Series {
		out.Occurrence = f.Occurrence.String()
	}
	return out
}

// other is what a meeting collides with; of a flag that is closed it is what the journal has.
func (r Reader) other(f drift.Flag, who parties) string {
	var of []string
	for _, id := range f.Whose {
		switch id {
		case f.Pair.Manager:
			of = append(of, who.ofManager)
		case f.Pair.Report:
			of = append(of, who.ofReport)
		}
	}
	if len(of) == 0 {
		return cmp.Or(f.Detail, r.say("other", facts{}))
	}
	return r.say("other."+string(f.Other), facts{Text: r.catalogue().list(of)})
}

// by is " by the manager"; "" where nobody is proven to have done it.
func (r Reader) by(by drift.By, who parties) string {
	switch by {
	case drift.ByManager:
		return r.say("by", facts{Text: who.manager})
	case drift.ByReport:
		return r.say("by", facts{Text: who.report})
	}
	return ""
}

// shownDates is how many dates of a collision that repeats are told; the rest is counted.
const shownDates = 4

// dates are "8 Dec, 15 Dec and 2 more dates".
func (r Reader) dates(all []series.Date) string {
	var out []string
	for i, d := range all {
		if left := len(all) - i; i == shownDates && left > 1 {
			out = append(out, r.Count(left, "more"))
			break
		}
		out = append(out, r.say("date.short", r.of(d)))
	}
	return r.catalogue().list(out)
}

// Makeups tells at which times a lost meeting could be made up for; "" where there is none.
func (r Reader) Makeups(f drift.Flag) string {
	if len(f.Makeups) == 0 {
		return ""
	}
	return r.say("makeups", facts{Text: r.Times(f.Makeups)})
}

// BookMakeup is the command that books the first of the make-ups; "" where there is none.
func (r Reader) BookMakeup(f drift.Flag) string {
	if len(f.Makeups) == 0 {
		return ""
	}
	return r.say("makeups.book", facts{
		Pair:       f.Pair.String(),
		Occurrence: f.Occurrence.String(),
		Time:       CommandTime(f.Makeups[0]),
	})
}

// CommandTime is a time of a meeting's week as commands take it, in any language: "Thu 14:00".
func CommandTime(t time.Time) string { return series.ShortDay(t.Weekday()) + " " + clock(t) }

// Hint is what can be done about a flag of a pair, to whose document the roster may give the link.
func (r Reader) Hint(f drift.Flag, linked bool) string {
	return r.say(hint(f, linked), r.facts(f, r.theTwo()))
}

// hint is the name of the text.
func hint(f drift.Flag, linked bool) string {
	own := "hint." + string(f.Kind)
	single := !f.Occurrence.IsZero()
	switch f.Kind {
	case drift.SeriesMoved, drift.SeriesEnded, drift.DeclinedKind, drift.CopyDiffers, drift.Undelivered,
		drift.RoomDeclined, drift.DoubleBooked, drift.Duplicate:
		return own
	case drift.SlotUnfit:
		if f.To.IsZero() {
			return own + ".none"
		}
		return own
	case drift.DocMissing, drift.DocUnreadable, drift.DocOvershared:
		if linked {
			return own + ".linked"
		}
		return own
	case drift.Moved, drift.Cancelled, drift.Shortened, drift.PlaceChanged, drift.NotBusy:
		if single {
			return "hint.restore.one"
		}
		return "hint.restore"
	case drift.LinkChanged, drift.GuestAdded, drift.GuestRemoved:
		if !single {
			return "hint.restore"
		}
	}
	return "hint.by-hand"
}

// Outcome is what became of a week's 1:1.
func (r Reader) Outcome(o drift.Outcome) string {
	who := r.theTwo()
	text := r.say("outcome."+string(o.Result), facts{
		Day:    r.Date(o.Occurrence),
		By:     r.by(o.By, who),
		Report: who.report,
	})
	if with := r.WithNotice(o.Notice); with != "" {
		text += r.say("outcome.notice", facts{Text: with})
	}
	if !o.Final {
		text += r.SoFar()
	}
	return text
}

// SoFar is what follows an outcome that is not final.
func (r Reader) SoFar() string { return r.say("outcome.sofar", facts{}) }
