package prepdoc

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/internal/series"
)

// The kinds of finding: they are kinds of flag, of the whole series.
const (
	Missing    = "doc-missing"    // the document is gone or in the trash
	Unreadable = "doc-unreadable" // one of the two cannot edit it
	Overshared = "doc-overshared" // somebody else can see it
)

// Finding is something wrong with a document. At most one of a kind.
type Finding struct {
	Kind   string
	Detail string // plain words with counts; no names, no addresses, no links
}

// findings are what is wrong with a document that is there.
func (w Want) findings(now time.Time, d Doc) []Finding {
	var out []Finding
	report := slices.ContainsFunc(d.Permissions, func(p Permission) bool { return w.isReport(d, p) && p.edits(now) })
	var who []string
	if !d.CanEdit {
		who = append(who, "the manager")
	}
	if !report && !d.Private {
		who = append(who, "the report")
	}
	if len(who) > 0 {
		out = append(out, Finding{Unreadable, strings.Join(who, " and ") + " cannot edit it"})
	}
	if others := w.others(now, d); others != "" {
		out = append(out, Finding{Overshared, others + " can see it"})
	}
	return out
}

// others tells in words who can see the document beside the two; "" for nobody.
func (w Want) others(now time.Time, d Doc) string {
	var anyone, domains, groups, members, people, pending int
	for _, p := range d.Permissions {
		manager := p.ID == d.Owner && p.ID != "" || slices.ContainsFunc(w.Series.Manager.Addresses(), p.is)
		pair := p.Type == "user" && (manager || w.isReport(d, p))
		switch {
		case p.Deleted || p.expired(now):
		case p.Type == "anyone":
			anyone++
		case p.Type == "domain":
			domains++
		case p.Type == "group":
			groups++
		case pair && p.Pending:
			pending++
		case pair:
		case p.Inherited:
			members++
		default:
			people++
		}
	}
	var words []string
	add := func(n int, one, many string) {
		switch {
		case n == 1 || n > 0 && many == "":
			words = append(words, one)
		case n > 1:
			words = append(words, fmt.Sprintf(many, n))
		}
	}
	add(anyone, "anyone with the link", "")
	add(domains, "a whole domain", "%d whole domains")
	add(groups, "a group", "%d groups")
	add(people, "one other person", "%d other people")
	add(members, "one other member of its folder or drive", "%d other members of its folder or drive")
	add(pending, "whoever gets it with its pending new owner", "")
	return strings.Join(words, ", ")
}

// report is the report's row; nil if there is none.
func (d Doc) report(w Want) *Permission {
	for i, p := range d.Permissions {
		if w.isReport(d, p) {
			return &d.Permissions[i]
		}
	}
	return nil
}

// isReport reports whether the row is the report's: by the id noted when it was given, since Drive shows an account under
// its main address only, else by address. Who had another address then may be somebody else, from whom the roster has the id.
func (w Want) isReport(d Doc, p Permission) bool {
	all := w.Series.Report.Addresses()
	given := d.Marks.Address == "" || slices.ContainsFunc(all, func(a string) bool { return series.Digest(series.Address(a)) == d.Marks.Address })
	return p.Type == "user" && (given && p.ID == d.Marks.Report && p.ID != "" || slices.ContainsFunc(all, p.is))
}

func (p Permission) is(address string) bool {
	return p.Address != "" && p.Address == series.Address(address)
}

func (p Permission) expired(now time.Time) bool { return !p.Expires.IsZero() && !p.Expires.After(now) }

// edits reports whether the row lets its user edit the whole document.
func (p Permission) edits(now time.Time) bool {
	return slices.Contains([]string{"owner", "organizer", "fileOrganizer", "writer"}, p.Role) && p.View == "" && !p.Deleted && !p.expired(now)
}
