package seriestest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// Link is the prep link that stories call by its last part.
const Link = "https://docs.example.com/d/"

// A roster has a line for each pair,
//
//	mia/raj: Tue 10:00, 30m, every 2w, zone report, place Room Alder, link abc, starts 2026-12-01, ends 2027-01-31
//	mia/raj: Tue 10:00, template T, link abc   the link being that of the document made from T
//	mia/lee: auto, chosen Mon 09:00      what the free slot is; without it there is none
//	mia/lee: auto, better Mon 09:00      what is proposed instead, if the booked slot does not work
//
// and for people where they are not what staff says:
//
//	raj: Asia/Kolkata, email r@x.example, alias q@x.example, formerly rajesh, away 2026-12-21 to 2027-01-03 leave, no calendar
//	lee: hours 09:00-17:00       Monday to Friday; without it any time will do
type roster struct {
	people map[string]series.Person
	pairs  []wish
	better map[series.Pair]series.Slot
}

type wish struct {
	series.Series
	zone string
}

// staff is where people live.
var staff = map[string]string{"mia": Zone, "raj": "Asia/Kolkata", "lee": Zone, "ana": "America/New_York", "bo": "America/New_York"}

func (s *teller) person(id string) series.Person {
	if s.next.people == nil {
		s.next.people, s.next.better = map[string]series.Person{}, map[series.Pair]series.Slot{}
	}
	p, ok := s.next.people[id]
	if !ok {
		p = series.Person{ID: id, Name: strings.ToUpper(id[:1]) + id[1:], Email: id + "@example.com", Calendar: "office", Zone: cmp.Or(staff[id], Zone)}
		s.next.people[id] = p
	}
	return p
}

// wish reads one line of a roster.
func (s *teller) wish(line string) {
	name, rest, ok := strings.Cut(line, ":")
	if !ok {
		s.fail("want name: wishes")
	}
	words := strings.Split(rest, ",")
	pair, err := series.ParsePair(name)
	if err != nil {
		p := s.person(name)
		for _, w := range words {
			s.about(&p, strings.TrimSpace(w))
		}
		s.next.people[name] = p
		return
	}
	s.person(pair.Manager)
	s.person(pair.Report)
	w := wish{Series: series.Series{Org: "acme", Pair: pair, Private: true, Slot: series.Slot{Duration: time.Hour, Every: 1}}, zone: "manager"}
	for i, x := range words {
		s.wants(&w, i, strings.TrimSpace(x))
	}
	s.next.pairs = append(s.next.pairs, w)
}

func (s *teller) about(p *series.Person, text string) {
	key, value, _ := strings.Cut(text, " ")
	switch key {
	case "email":
		p.Email = value
	case "alias":
		p.Aliases = append(p.Aliases, value)
	case "formerly":
		p.Formerly = append(p.Formerly, value)
	case "no":
		p.Calendar = ""
	case "hours":
		from, to, _ := strings.Cut(value, "-")
		a, err1 := series.ParseTimeOfDay(from)
		b, err2 := series.ParseTimeOfDay(to)
		s.must(cmp.Or(err1, err2))
		p.Hours = make(series.Hours, 7)
		for d := time.Monday; d <= time.Friday; d++ {
			p.Hours[d] = []series.Window{{From: a, To: b}}
		}
	case "away":
		f := strings.Fields(value)
		a := series.Away{From: s.date(f[0]), To: s.date(f[0]), Why: strings.Join(f[1:], " ")}
		if f[1] == "to" {
			a.To, a.Why = s.date(f[2]), strings.Join(f[3:], " ")
		}
		p.Away = append(p.Away, a)
	default:
		if _, err := series.Location(text); err != nil {
			s.fail("%q: %v", text, err)
		}
		p.Zone = text
	}
}

func (s *teller) wants(w *wish, i int, text string) {
	key, value, _ := strings.Cut(text, " ")
	switch key {
	case "auto":
		w.Auto = true
	case "chosen":
		if s.chosen == nil {
			s.chosen = map[series.Pair]series.Slot{}
		}
		s.chosen[w.Pair] = s.slot(value, series.Slot{})
	case "better":
		s.next.better[w.Pair] = s.slot(value, series.Slot{})
	case "every":
		w.Slot.Every = s.weeks(value)
	case "zone":
		w.zone = value
	case "place":
		w.Place = value
	case "link":
		w.Link = Link + value
	case "template":
		w.Doc.Template = value
	case "starts":
		w.Starts = s.date(value)
	case "ends":
		w.Ends = s.date(value)
	default:
		if i == 0 {
			w.Slot = s.slot(text, w.Slot)
			return
		}
		d, err := time.ParseDuration(text)
		s.must(err)
		w.Slot.Duration = d
	}
}

// slot reads "Tue 10:00"; the rest is base's.
func (s *teller) slot(text string, base series.Slot) series.Slot {
	day, at, _ := strings.Cut(text, " ")
	var err1, err2 error
	base.Weekday, err1 = series.ParseWeekday(day)
	base.At, err2 = series.ParseTimeOfDay(at)
	s.must(cmp.Or(err1, err2))
	return base
}

func (s *teller) weeks(text string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(text, "w"))
	s.must(err)
	return n
}

func (s *teller) date(text string) series.Date {
	d, err := series.ParseDate(text)
	s.must(err)
	return d
}

// newRoster makes what was read the roster.
func (s *teller) newRoster() {
	s.people, s.want, s.better = s.next.people, nil, map[series.Pair]series.Slot{}
	for _, w := range s.next.pairs {
		m, r := s.people[w.Pair.Manager], s.people[w.Pair.Report]
		w.Manager, w.Report = m, r
		switch w.zone {
		case "manager":
			w.Slot.Zone = m.Zone
		case "report":
			w.Slot.Zone = r.Zone
		default:
			w.Slot.Zone = w.zone
		}
		w.Title = fmt.Sprintf("1:1 %s / %s", m.Name, r.Name)
		if w.Line = w.Slot.Line(); w.Auto {
			w.Line = fmt.Sprintf("auto %s %dw %s", w.Slot.Duration, w.Slot.Every, w.zone)
		}
		for _, a := range append([]string{m.ID}, m.Formerly...) {
			for _, b := range append([]string{r.ID}, r.Formerly...) {
				if f := (series.Pair{Manager: a, Report: b}); f != w.Pair {
					w.Formerly = append(w.Formerly, f)
				}
			}
		}
		if b, ok := s.next.better[w.Pair]; ok {
			b.Duration, b.Every, b.Zone = w.Slot.Duration, w.Slot.Every, w.Slot.Zone
			s.better[w.Pair] = b
		}
		s.want = append(s.want, w.Series)
	}
	slices.SortFunc(s.want, func(a, b series.Series) int { return a.Pair.Compare(b.Pair) })
	s.next = roster{}
	if s.world != nil {
		s.join()
	}
}

// interest is what a person's calendar is searched for.
func (s *teller) interest(p series.Person) provider.Interest {
	in := provider.Interest{Org: "acme", Owner: p.Addresses()}
	for _, w := range s.want {
		if w.Pair.Has(p.ID) {
			in.Pairs = append(in.Pairs, provider.InterestPair{Pair: w.Pair, Formerly: w.Formerly, Manager: w.Manager.Addresses(),
				Report: w.Report.Addresses(), Title: w.Title})
		}
	}
	seen := func(yield func(string, series.Packed) bool) {
		for id, o := range s.observed {
			if !yield(id, series.Pack(o.Snapshot)) {
				return
			}
		}
	}
	for _, pair := range series.Had(seen)[p.ID] {
		same := func(x provider.InterestPair) bool { return x.Pair == pair }
		if in.Now(pair) == pair && !slices.ContainsFunc(in.Pairs, same) {
			in.Pairs = append(in.Pairs, provider.InterestPair{Pair: pair, Manager: s.seen[pair.Manager].Addresses(),
				Report: s.seen[pair.Report].Addresses()})
		}
	}
	return in
}

// setting reads one line of settings: those of the policy, and what the server does.
func (s *teller) setting(line string) {
	key, value, _ := strings.Cut(line, ": ")
	number := func() int {
		n, err := strconv.Atoi(value)
		s.must(err)
		return n
	}
	set := map[string]func(){
		"moved":         func() { s.policy.Moved = value },
		"series_moved":  func() { s.policy.SeriesMoved = value },
		"series_ended":  func() { s.policy.SeriesEnded = value },
		"horizon":       func() { s.policy.HorizonWeeks = s.weeks(value) },
		"max_creations": func() { s.policy.MaxCreations = plan.Limit{Count: number()} },
		"max_endings":   func() { s.policy.MaxEndings = plan.Limit{Count: number()} },
		"max_mails":     func() { s.policy.MaxMails = number() },
		"max_writes":    func() { s.policy.MaxWrites = number() },
		"delivers":      func() { s.options.Schedules = value == "server" }, // else holdfast
		"quiet":         func() { s.options.Quiet = value == "yes" },        // else every write is delivered
		"singly":        func() { s.singly = value == "yes" },               // else one message tells all of a new series
	}
	f := set[key]
	if f == nil {
		s.fail("want one of %s", slices.Sorted(maps.Keys(set)))
	}
	f()
}
