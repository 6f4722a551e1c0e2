package prepdoc

import (
	"cmp"
	"hash/fnv"
	"time"

	"holdfast/internal/series"
)

// State is what is remembered of a pair's document between rounds. Losing it costs a look.
type State struct {
	Made     bool        // by Holdfast, or to be made; else the roster gives the link
	File     string      // Drive id; "" before there is a document, and for links that are not Google's
	Link     string      // what the series carries; "" before there is a document
	Seen     bool        // File was there once, so that its absence means something
	Missed   int         // looks in a row that did not find File
	Checked  time.Time   // when it was last looked at
	Findings []Finding   // as of Checked
	Section  series.Date // the occurrence whose section was written last
	Tried    time.Time   // when a write last failed, which may yet have been done; nothing is tried again before settle
}

// Doc is a document's metadata, as its manager sees it.
type Doc struct {
	ID              string
	Marks           Marks
	Trashed         bool
	WritersCanShare bool
	SharedDrive     bool
	CanEdit         bool   // the manager
	Owner           string // id of the manager's permission if they own it, else ""
	// Permissions are all of them, unless Private.
	Permissions []Permission
	Private     bool // the manager may not see who has access: a given document that they only edit
}

// Marks are what Holdfast keeps on the document that it made.
type Marks struct {
	Key     string      // of the pair: series.Pair.Key
	Report  string      // id of the report's permission, once it was given
	Address string      // digest of the address that it was given to; "" is not known
	Section series.Date // the occurrence whose section was written last
}

// Permission is one row of who may do what with the document.
type Permission struct {
	ID        string // of the grantee, the same on every document
	Type      string // user, group, domain, anyone
	Role      string // owner, organizer, fileOrganizer, writer, commenter, reader
	Address   string // lower case
	View      string // not "": a part of the document only
	Deleted   bool   // the account is gone
	Pending   bool   // is about to become the owner
	Inherited bool   // from a folder or a shared drive
	Expires   time.Time
}

// Seen is what a look found.
type Seen struct{ Doc *Doc } // nil: no such document, or none that the manager's client may see

// Step is one thing to do about a document.
type Step string

// The steps. All but Look and Rest write, and all can be repeated.
const (
	Rest  Step = ""        // nothing is to be done
	Look  Step = "look"    // read the metadata
	Make  Step = "make"    // copy the template
	Lock  Step = "lock"    // let only the owner share it
	Share Step = "share"   // let the report edit it
	Mark  Step = "mark"    // write Marks
	Write Step = "section" // put the next meeting's section at the top
)

// settle is how long Drive's search may take to show a new file, of whose making the answer was lost.
const settle = 10 * time.Minute

// Plan decides what is to be done next about a pair's document, given what is remembered and what a look found (nil: not
// looked yet). The State it returns is that of st with what seen tells.
func Plan(now time.Time, w Want, st State, seen *Seen) (State, Step) {
	if st.Made != w.made() {
		st = State{Made: w.made()}
	}
	if !w.made() {
		if st.Link != w.Series.Link {
			st = State{File: FileID(w.Series.Link), Link: w.Series.Link}
		}
		if st.File == "" {
			return st, Rest
		}
	}
	if last := w.Series.Ends; !last.IsZero() && now.After(series.Instant(last.AddDays(1), 0, w.Series.Slot.Zone)) {
		st.Findings = nil
		return st, Rest
	}
	section := w.made() && !w.Hold && !w.Next.Start.IsZero() && st.rested(now)
	if seen == nil {
		if w.due(now, st) || section && st.Section != w.Next.Date && len(st.Findings) == 0 {
			return st, Look
		}
		return st, Rest
	}
	st.Checked, st.Findings = now, nil
	d := seen.Doc
	if d == nil || d.Trashed {
		return w.missing(now, st, d)
	}
	if d.ID != st.File {
		st = State{Made: true, File: d.ID, Link: linkOf(d.ID), Checked: now, Tried: st.Tried}
	}
	st.Seen, st.Missed = true, 0
	st.Findings = w.findings(now, *d)
	if !w.made() {
		return st, Rest
	}
	st.Section = cmp.Or(st.Section, d.Marks.Section)
	report := d.report(w)
	switch {
	case w.Hold:
		return st, Rest
	case d.Marks.Report == "" && d.WritersCanShare && !d.SharedDrive:
		return st, Lock
	case d.Marks.Report == "" && (report == nil || !report.edits(now)): // its folder may let them in, to read or to edit
		return st, Share
	case d.Marks != w.marks(st, *d):
		return st, Mark
	case section && d.CanEdit && st.Section != w.Next.Date:
		return st, Write
	}
	st.Tried = time.Time{}
	return st, Rest
}

// missing decides about a document that is in the trash (d) or not to be found. One that was never seen is made; one that
// somebody removed is told, and not replaced unasked: in the trash it can be brought back.
func (w Want) missing(now time.Time, st State, d *Doc) (State, Step) {
	free := w.made() && !w.Hold && st.rested(now)
	switch {
	case d != nil && w.Remake && free:
		return State{Made: true, Checked: now}, Make
	case d != nil:
		st.File, st.Seen, st.Missed = d.ID, true, 0
		if w.made() {
			st.Link = linkOf(d.ID)
		}
		st.Findings = []Finding{{Missing, "it is in the trash"}}
	case (st.Seen || w.SeesAll && !w.made()) && !(w.Remake && free):
		// One answer that it is not there may be a passing one.
		if st.Missed++; st.Missed > 1 {
			st.Findings = []Finding{{Missing, "it is gone, or the manager may not see it any more"}}
			if !st.Seen {
				st.Findings[0].Detail = "it is not there, or the manager may not see it"
			}
		}
	case free:
		return State{Made: true, Checked: now}, Make
	}
	return st, Rest
}

// rested reports whether the last failure is long enough ago.
func (st State) rested(now time.Time) bool {
	return st.Tried.IsZero() || !now.Before(st.Tried.Add(settle))
}

// due reports whether it is time to look: every week, at an hour of the pair's own; every hour while something is
// wrong; at once where a look is unfinished, or where the calendar links to another document.
func (w Want) due(now time.Time, st State) bool {
	switch {
	case st.Checked.IsZero() || st.Missed == 1 || w.Remake:
		return true
	case w.made() && st.File != "" && FileID(w.Known) != "" && FileID(w.Known) != st.File:
		return st.rested(now)
	case !w.Hold && (!st.Tried.IsZero() || w.made() && st.File == ""):
		return st.rested(now)
	case len(st.Findings) > 0:
		return !now.Before(st.Checked.Add(time.Hour))
	}
	h := fnv.New32()
	h.Write([]byte(w.Series.Pair.String()))
	early := time.Duration(h.Sum32()%24) * time.Hour // so that an org's looks are spread over the day
	return !now.Before(st.Checked.AddDate(0, 0, 7).Add(-early))
}

// marks are those that the document should bear.
func (w Want) marks(st State, d Doc) Marks {
	m := Marks{w.keys()[0], d.Marks.Report, d.Marks.Address, st.Section}
	if p := d.report(w); m.Report == "" && p != nil {
		m.Report, m.Address = p.ID, series.Digest(series.Address(w.Series.Report.Email))
	}
	return m
}
