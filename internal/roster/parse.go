package roster

import (
	"cmp"
	"maps"
	"net/mail"
	"slices"
	"strings"

	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
)

// Input is one roster file: its name as problems shall tell it, and its text.
type Input struct {
	Name string
	Data []byte
}

// Parse merges the files into one roster. calendars are the names that people may have as calendar, true for
// those at Google, where documents can be made; nil checks none. read reads the .ics files of holidays; its error does
// not repeat the path. The error of Parse is yamlpos.Problems with all that is wrong; the roster is then empty.
func Parse(inputs []Input, calendars map[string]bool, read func(path string) ([]byte, error)) (Roster, error) {
	p := parser{calendars: calendars, read: read, people: map[string]*person{}, free: map[string]*FreeDays{},
		hours: map[string]series.Hours{}, warned: map[string]bool{}}
	var files []File
	unread, whole := false, true
	for _, in := range inputs {
		var f File
		problems := yamlpos.Decode(in.Name, in.Data, &f)
		p.Problems = append(p.Problems, problems...)
		whole = whole && len(problems) == 0
		stated := f.People != nil || f.OneOnOnes != nil || f.Defaults.Wishes != (Wishes{}) || f.Defaults.Holidays != nil ||
			f.Defaults.Telling.given()
		unread = unread || len(problems) > 0 && !stated
		files = append(files, f)
	}
	if unread {
		// Whatever the other files say of the people in this one would look wrong.
		return Roster{}, p.Err()
	}
	for _, f := range files {
		p.addDefaults(f.Defaults)
	}
	free := p.freeDays("defaults", p.holidays)
	told := p.notices("defaults", p.telling, Notices{})
	for _, f := range files {
		for _, e := range f.People {
			p.addPerson(e.Key, e.Value, free, told)
		}
	}
	p.checkWishes("defaults", &p.defaults)
	p.checkAddresses()
	p.checkFormerly()
	for _, f := range files {
		for _, g := range f.OneOnOnes {
			p.addGroup(g)
		}
	}
	if whole && !slices.ContainsFunc(files, func(f File) bool { return f.OneOnOnes != nil }) && len(inputs) > 0 {
		p.warnings.Add(yamlpos.Pos{File: inputs[0].Name, Line: 1, Column: 1}, "", "one_on_ones is missing: nobody meets")
	}
	p.checkLines()
	p.resolveZones(whole)
	r := Roster{Notices: map[string]Notices{}}
	for _, e := range p.ids {
		r.People = append(r.People, p.people[e].Person)
		r.Notices[e] = p.people[e].notices
	}
	slices.SortFunc(r.People, func(a, b Person) int { return strings.Compare(a.ID, b.ID) })
	r.Pairs = p.resolvePairs()
	p.checkOverlaps(r.Pairs)
	if err := p.Err(); err != nil {
		return Roster{}, err
	}
	slices.SortFunc(r.Pairs, func(a, b Pair) int { return a.Compare(b.Pair) })
	r.warnings = p.warnings
	return r, nil
}

type parser struct {
	yamlpos.Problems
	warnings  yamlpos.Problems
	warned    map[string]bool // zones
	calendars map[string]bool
	read      func(path string) ([]byte, error)
	defaults  Wishes
	holidays  Holidays             // of defaults
	telling   Telling              // of defaults
	free      map[string]*FreeDays // by what is stated, and where
	hours     map[string]series.Hours
	people    map[string]*person
	ids       []string // of people, in the order of the files
	pairs     []*wish
	managers  map[string]string // report -> the manager named first
}

// person is somebody with the places of what they say.
type person struct {
	Person
	calendar yamlpos.Text
	emails   []yamlpos.Text
	formerly []yamlpos.Text
	notices  Notices
}

func (p *parser) addDefaults(f Defaults) {
	to := p.defaults.fields()
	for i, t := range f.fields() {
		switch {
		case !t.Given():
		case to[i].Given():
			p.Add(t.Pos, "defaults", "%s is given twice (first at %s)", wishNames[i], to[i].Pos)
		default:
			*to[i] = *t
		}
	}
	switch {
	case len(f.Holidays) > 0 && len(p.holidays) > 0:
		p.Add(f.Holidays[0].Pos, "defaults", "holidays is given twice (first at %s)", p.holidays[0].Pos)
	case f.Holidays != nil:
		p.holidays = f.Holidays
	}
	p.addTelling(f.Telling)
	switch at := f.PrepDoc.place(); {
	case !at.Given():
	case p.defaults.PrepDoc.place().Given():
		p.Add(at, "defaults", "prep_doc is given twice (first at %s)", p.defaults.PrepDoc.place())
	default:
		p.defaults.PrepDoc = f.PrepDoc
	}
}

const idRule = "lower-case letters, digits, - and _, at most 64"

func (p *parser) addPerson(id yamlpos.Text, f FilePerson, free *FreeDays, told Notices) {
	what := "person " + id.V
	if first, again := p.people[id.V]; again {
		p.Add(id.Pos, what, "given twice (first at %s)", first.At)
		return
	}
	if !series.ID.MatchString(id.V) {
		p.Add(id.Pos, what, "%q is not an id: want %s", id.V, idRule)
	}
	x := &person{calendar: f.Calendar, formerly: f.Formerly, emails: append([]yamlpos.Text{f.Email}, f.Aliases...)}
	x.ID, x.Name, x.Calendar, x.Zone, x.Free = id.V, strings.TrimSpace(f.Name.V), f.Calendar.V, f.Zone.V, free
	x.At, x.HoursAt = id.Pos, cmp.Or(f.Hours.Pos, id.Pos)
	x.Email = series.Address(f.Email.V)
	x.notices = p.notices(what, f.Telling, told)
	if t := f.Slack; t.Given() && !slackID.MatchString(t.V) {
		p.Add(t.Pos, what, "slack: %q is not what Slack calls a person: want their member ID, like U0123ABCD", t.V)
	}
	x.notices.Slack = f.Slack.V
	for _, a := range f.Aliases {
		x.Aliases = append(x.Aliases, series.Address(a.V))
	}
	for _, o := range f.Formerly {
		if o.V != id.V { // renamed and renamed back
			x.Formerly = append(x.Formerly, o.V)
		}
	}
	if f.Name.Given() {
		if fault := lineFault(x.Name, maxName); fault != "" {
			p.Add(f.Name.Pos, what, "name %s", fault)
		} else if x.Name == "" {
			p.Add(f.Name.Pos, what, "name must be one line of text")
		}
	}
	if c := f.Calendar; c.Given() && p.calendars != nil {
		if _, known := p.calendars[c.V]; !known {
			p.Add(c.Pos, what, "unknown calendar %q%s", c.V, p.Suggest(c.V, slices.Sorted(maps.Keys(p.calendars))))
		}
	}
	p.checkZone(what, f.Zone)
	if f.Holidays != nil {
		x.Free = p.freeDays(what, f.Holidays)
	}
	var err error
	text := cmp.Or(f.Hours.V, defaultHours)
	hours, known := p.hours[text] // most have the same
	if !known {
		if hours, err = parseHours(text); err != nil {
			p.Add(f.Hours.Pos, what, "%v", err)
		} else {
			p.hours[text] = hours
		}
	}
	x.Hours = hours
	for _, a := range f.Away {
		from, ok1 := p.date(what, a.From)
		to, ok2 := p.date(what, a.To)
		if ok1 && ok2 && to.Before(from) {
			p.Add(a.From.Pos, what, "away from %s is after to %s", from, to)
		}
		if fault := lineFault(a.Why.V, maxText); fault != "" {
			p.Add(a.Why.Pos, what, "why %s", fault)
		}
		// Why somebody is on leave is theirs: from here on nobody is told.
		x.Away = append(x.Away, series.Away{From: from, To: to, Why: series.Leave})
	}
	slices.SortStableFunc(x.Away, func(a, b series.Away) int { return a.From.Compare(b.From) })
	p.people[id.V] = x
	p.ids = append(p.ids, id.V)
}

// date reads a date that must be there; one that was not given was reported by the decoder.
func (p *parser) date(what string, t yamlpos.Text) (series.Date, bool) {
	if !t.Given() {
		return series.Date{}, false
	}
	d, err := series.ParseDate(t.V)
	if err != nil {
		p.Add(t.Pos, what, "%v", err)
	}
	return d, err == nil
}

// checkAddresses finds what is no address, and addresses that two people, or one twice, have.
func (p *parser) checkAddresses() {
	type claim struct {
		id string
		at yamlpos.Pos
	}
	owners := map[string]claim{}
	for _, id := range p.ids {
		for _, e := range p.people[id].emails {
			if !e.Given() {
				continue
			}
			if fault := lineFault(e.V, maxAddress); fault != "" {
				p.Add(e.Pos, "person "+id, "mail address %s", fault)
				continue
			}
			a, err := mail.ParseAddress(e.V)
			if err != nil || a.Name != "" || a.Address != e.V || strings.ContainsAny(e.V, ` "<>`) {
				p.Add(e.Pos, "person "+id, "%q is not a mail address", e.V)
				continue
			}
			addr := series.Address(e.V)
			if first, taken := owners[addr]; taken {
				p.Add(e.Pos, "person "+id, "address %s is that of person %s already (%s)", addr, first.id, first.at)
				continue
			}
			owners[addr] = claim{id, e.Pos}
		}
	}
}

// checkFormerly finds earlier ids that are no ids, belong to somebody now, or are claimed twice.
func (p *parser) checkFormerly() {
	owners := map[string]string{}
	for _, id := range p.ids {
		for _, f := range p.people[id].formerly {
			what := "person " + id
			if f.V == id {
				continue
			}
			switch live, taken := p.people[f.V], owners[f.V]; {
			case !series.ID.MatchString(f.V):
				p.Add(f.Pos, what, "formerly %q is not an id: want %s", f.V, idRule)
			case live != nil:
				p.Add(f.Pos, what, "formerly %s is an id in use (%s)", f.V, live.At)
			case taken != "":
				p.Add(f.Pos, what, "formerly %s is claimed by person %s already", f.V, taken)
			default:
				owners[f.V] = id
			}
		}
	}
}

// resolveZones gives people without a zone that of the defaults, or else that of the manager named first. Who then has
// none and is in a 1:1 is told so if the files were read whole; whom nobody meets needs none.
func (p *parser) resolveZones(whole bool) {
	fallback := p.defaults.Zone.V
	if !isZone(fallback) {
		fallback = ""
	}
	meets := map[string]bool{}
	for _, w := range p.pairs {
		meets[w.Manager], meets[w.Report] = true, true
	}
	for _, id := range p.ids {
		x, seen := p.people[id], map[string]bool{}
		for up := id; x.Zone == "" && up != "" && !seen[up]; up = p.managers[up] {
			seen[up] = true
			x.Zone = cmp.Or(p.people[up].Zone, fallback)
		}
		switch {
		case x.Zone != "":
		case !meets[id]:
			x.Zone = "UTC"
		case whole:
			p.Add(x.At, "person "+id, "zone is missing, and there is no manager to take one from")
		}
	}
}
