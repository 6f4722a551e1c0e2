package seriestest

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/drift"
	"holdfast/internal/lineage"
	"holdfast/internal/plan"
	"holdfast/internal/provider/memory"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// verb is a line of a moment. Words that start with $ are values; {a|b} is one of these words. A line may begin with
// a pair and a colon, else the roster's first pair is meant.
type verb struct {
	pattern string
	do      func(s *teller, v values)
}

var verbs []verb

func init() {
	verbs = []verb{
		{"is booked", func(s *teller, v values) { s.book(v, series.Date{}) }},
		{"is booked from $date", func(s *teller, v values) { s.book(v, s.date(v.of["date"])) }},
		{"is booked under another org", func(s *teller, v values) {
			w := s.wanted(v.pair)
			w.Org, w.Generation, w.First = "other", 1, w.Slot.First(series.DateOf(s.now))
			_, err := s.world.Calendar(v.pair.Manager).Create(context.Background(), w)
			s.must(err)
		}},
		{"the plan is done", func(s *teller, _ values) { s.carryOut(1000) }},
		{"the plan is half done", func(s *teller, _ values) { s.carryOut(1) }},
		{"the end is half done for $who", func(s *teller, v values) { // as caldav's End leaves it when it is cut off
			_, err := s.world.Calendar(v.of["who"]).Update(context.Background(), s.head(v).Ref, series.Patch{People: &series.PeoplePatch{Organizer: s.wanted(v.pair).Manager}})
			s.must(err)
		}},
		{"what is due is delivered", func(s *teller, _ values) { s.deliver() }},
		{"the journal is lost", func(s *teller, _ values) {
			s.observed, s.fresh, s.doubtful = map[string]lineage.Observed{}, true, nil
		}},
		{"ask accept", func(s *teller, v values) { s.asks = append(s.asks, plan.Ask{Pair: v.pair, Accept: true}) }},
		{"ask accept all the same", func(s *teller, v values) {
			s.asks = append(s.asks, plan.Ask{Pair: v.pair, Accept: true, Force: true})
		}},
		{"ask invite", func(s *teller, v values) { s.asks = append(s.asks, plan.Ask{Pair: v.pair, Invite: true}) }},
		{"ask restore", func(s *teller, v values) { s.asks = append(s.asks, plan.Ask{Pair: v.pair}) }},
		{"ask restore all the same", func(s *teller, v values) {
			s.asks = append(s.asks, plan.Ask{Pair: v.pair, Force: true})
		}},
		{"ask restore $date", func(s *teller, v values) {
			s.asks = append(s.asks, plan.Ask{Pair: v.pair, Occurrence: s.date(v.of["date"])})
		}},
		{"ask rebook $date to $rest all the same", func(s *teller, v values) { s.askRebook(v, true) }},
		{"ask rebook $date to $rest", func(s *teller, v values) { s.askRebook(v, false) }},
		{"ask undo $date at $rest", func(s *teller, v values) { s.askUndo(v) }},
		{"what brakes hold is allowed", func(s *teller, _ values) { s.allowNow = true }},
		{"what brakes held is allowed", func(s *teller, _ values) { s.allowed = allowed(s.last, "") }},
		{"only the {create|end} that brakes hold is allowed", func(s *teller, v values) {
			s.allowNow, s.allows = true, plan.Action(v.of["0"])
		}},
		{"the {create|end|update|heal} failed too often", func(s *teller, v values) { s.stuck = plan.Action(v.of["0"]) }},
		{"the roster was just saved", func(s *teller, _ values) { s.settling = true }},
		{"$n writes were made today", func(s *teller, v values) {
			n, err := strconv.Atoi(v.of["n"])
			s.must(err)
			s.writes = map[series.Pair]int{v.pair: n}
		}},
		{"the calendar of $who {cannot be read|lists nothing|is gone}", func(s *teller, v values) {
			who := v.of["who"]
			switch v.of["0"] {
			case "cannot be read":
				s.unread[who] = true
			case "lists nothing":
				s.faults(who, memory.EmptyListing)
			case "is gone":
				s.faults(who, memory.Vanished)
			}
		}},
		{"the document is well", func(s *teller, v values) { s.documents[v.pair] = nil }},
		{"the document is {missing|unreadable|overshared} because $rest", func(s *teller, v values) {
			s.documents[v.pair] = append(s.documents[v.pair], drift.Finding{Kind: drift.Kind("doc-" + v.of["0"]), Detail: v.of["rest"]})
		}},
		{"copies are {slow|quick}", func(s *teller, v values) { s.world.SetSlowCopies(v.of["0"] == "slow") }},

		{"$who moves $date to $when", func(s *teller, v values) { s.must(s.hands(v).Move(s.id(v), s.original(v), s.when(v, "when"))) }},
		{"$who resizes $date to $length", func(s *teller, v values) { s.must(s.hands(v).Resize(s.id(v), s.original(v), s.length(v))) }},
		{"$who cancels $date", func(s *teller, v values) { s.must(s.hands(v).Cancel(s.id(v), s.original(v))) }},
		{"$who cancels the old $date", func(s *teller, v values) { // of a series whose successor is booked already
			snap := s.observed[v.of["who"]].Snapshot
			at := snap.Series[0].Slot().On(s.date(v.of["date"]))
			s.must(s.hands(v).Cancel(snap.Series[0].ID, at))
		}},
		{"$who strikes $date", func(s *teller, v values) { s.must(s.hands(v).CancelStatus(s.id(v), s.original(v))) }},
		{"$who puts $date back", func(s *teller, v values) { s.must(s.hands(v).PutBack(s.id(v), s.original(v))) }},
		{"$who moves all to $day $at $rest from $date", func(s *teller, v values) { s.moveAll(v) }},
		{"$who moves all to $day $at from $date", func(s *teller, v values) { s.moveAll(v) }},
		{"$who splits $date to $when", func(s *teller, v values) { s.split(v) }},
		{"$who splits $date to $when unmarked", func(s *teller, v values) { s.must(s.hands(v).StripMark(s.split(v))) }},
		{"$who answers {accepted|declined} to $date", func(s *teller, v values) { s.answer(v) }},
		{"$who relocates $date to $rest", func(s *teller, v values) { s.must(s.hands(v).Relocate(s.id(v), s.original(v), v.of["rest"])) }},
		{"$who unlinks $date", func(s *teller, v values) { s.must(s.hands(v).SetLink(s.id(v), s.original(v), "")) }},
		{"$who links $date to $rest", func(s *teller, v values) { s.must(s.hands(v).SetLink(s.id(v), s.original(v), Link+v.of["rest"])) }},
		{"$who invites $rest", func(s *teller, v values) { s.must(s.hands(v).AddGuest(s.id(v), v.of["rest"])) }},
		{"$who titles the series $rest", func(s *teller, v values) {
			s.must(s.hands(v).Retitle(s.id(v), time.Time{}, v.of["rest"]))
		}},
		{"$who sets the series to free", func(s *teller, v values) { s.must(s.hands(v).SetFree(s.id(v))) }},
		{"$who strips the mark", func(s *teller, v values) { s.must(s.hands(v).StripMark(s.id(v))) }},
		{"$who duplicates the series", func(s *teller, v values) {
			_, err := s.hands(v).Duplicate(s.id(v))
			s.must(err)
		}},
		{"$who replaces the series", func(s *teller, v values) {
			id := s.id(v)
			_, err := s.hands(v).Duplicate(id)
			s.must(err)
			s.must(s.hands(v).Delete(id))
		}},
		{"$who deletes the {series|copy}", func(s *teller, v values) { s.must(s.hands(v).Delete(s.id(v))) }},
		{"$who strikes the series", func(s *teller, v values) { s.must(s.hands(v).CancelStatus(s.id(v), time.Time{})) }},
		{"$who ends the series on $date", func(s *teller, v values) {
			s.must(s.hands(v).EndAt(s.id(v), series.Instant(s.date(v.of["date"]), 24*60-1, s.head(v).Zone)))
		}},

		{"$who adds a busy $length at $when", func(s *teller, v values) { s.busy(v, series.Hard, s.length(v), "") }},
		{"$who adds a tentative $length at $when", func(s *teller, v values) { s.busy(v, series.Soft, s.length(v), "") }},
		{"$who adds an all-day event of $length from $when", func(s *teller, v values) {
			s.busy(v, series.AllDayKind, s.length(v), "")
		}},
		{"$who adds $n busy $length every $weeks from $when", func(s *teller, v values) {
			s.busy(v, series.Hard, s.length(v), fmt.Sprintf("FREQ=WEEKLY;COUNT=%s;INTERVAL=%d", v.of["n"], s.weeks(v.of["weeks"])))
		}},
		{"$who adds out of office $date to $until", func(s *teller, v values) {
			from, to := s.date(v.of["date"]), s.date(v.of["until"])
			zone := s.seen[v.of["who"]].Zone
			_, err := s.hands(v).AddBusy(series.Busy{Start: series.Instant(from, 0, zone), Duration: time.Duration(to.DaysSince(from)+1) * 24 * time.Hour,
				Zone: zone, AllDay: true, Kind: series.AwayKind}, "secret")
			s.must(err)
		}},
		{"$who clears other events", func(s *teller, v values) { s.hands(v).ClearBusy() }},
		{"$who adds a $length 1:1 every $weeks with $other on $day $at from $date", func(s *teller, v values) {
			base := series.Slot{Every: s.weeks(v.of["weeks"]), Zone: s.seen[v.of["who"]].Zone}
			slot := s.slot(v.of["day"]+" "+v.of["at"], base)
			e := series.Event{
				Start:     slot.On(s.date(v.of["date"])),
				Zone:      slot.Zone,
				Duration:  s.length(v),
				Rule:      series.Rule{Plain: true, Every: slot.Every},
				Title:     "Chat",
				Organizer: s.seen[v.of["who"]].Email,
				Guests:    []series.Guest{{Address: s.seen[v.of["other"]].Email}},
			}
			_, err := s.hands(v).Add(e)
			s.must(err)
		}},
		{"$who adds a 1:1 with $other on $day $at from $date", func(s *teller, v values) {
			slot := s.slot(v.of["day"]+" "+v.of["at"], series.Slot{Duration: time.Hour, Every: 1, Zone: s.seen[v.of["who"]].Zone})
			s.add(v, slot.On(s.date(v.of["date"])), series.Rule{Plain: true, Every: 1}, v.of["other"], "Catch up")
		}},
		{"$who adds a meeting with $other at $when", func(s *teller, v values) {
			s.add(v, s.when(v, "when"), series.Rule{}, v.of["other"], "Chat")
		}},
		{"$who adds a look-alike at $when", func(s *teller, v values) { s.add(v, s.when(v, "when"), series.Rule{}, "", s.wanted(v.pair).Title) }},
		{"$who deletes the stand-in", func(s *teller, v values) {
			for _, x := range s.observed[v.of["who"]].Snapshot.StandIns {
				s.must(s.hands(v).Delete(x.ID))
			}
		}},
	}
}

// values are what a line says where its verb has $words, and of which pair.
type values struct {
	pair series.Pair
	of   map[string]string
}

// words are what $words may be.
var words = map[string]string{
	"date": `(?:all|\d{4}-\d\d-\d\d)`, "until": `\d{4}-\d\d-\d\d`, "when": `\d{4}-\d\d-\d\d \d\d:\d\d`, "day": `[A-Z][a-z][a-z]`, "at": `\d\d:\d\d`, "length": `[0-9hm]+`,
	"who": `[a-z0-9]+`, "other": `[a-z0-9]+`, "n": `\d+`, "weeks": `\dw`, "rest": `.+?`,
}

func (v verb) match(line string) (map[string]string, bool) {
	n := -1
	text := regexp.MustCompile(`\$[a-z]+|\{[^}]*\}`).ReplaceAllStringFunc(v.pattern, func(w string) string {
		if w[0] == '{' {
			n++
			return fmt.Sprintf("(?P<c%d>%s)", n, strings.Trim(w, "{}"))
		}
		return fmt.Sprintf("(?P<%s>%s)", w[1:], words[w[1:]])
	})
	re := regexp.MustCompile("^" + text + "$")
	m := re.FindStringSubmatch(line)
	if m == nil {
		return nil, false
	}
	of := map[string]string{}
	for i, name := range re.SubexpNames() {
		of[strings.TrimPrefix(name, "c")] = m[i]
	}
	return of, true
}

// event does what a line of a moment says.
func (s *teller) event(line string) {
	v := values{}
	if name, rest, ok := strings.Cut(line, ": "); ok {
		pair, err := series.ParsePair(name)
		s.must(err)
		v.pair, line = pair, rest
	} else if name, rest, ok := strings.Cut(line, " is booked"); ok {
		pair, err := series.ParsePair(name)
		s.must(err)
		v.pair, line = pair, "is booked"+rest
	} else if len(s.want) > 0 {
		v.pair = s.want[0].Pair
	}
	for _, x := range verbs {
		if of, ok := x.match(line); ok {
			v.of = of
			x.do(s, v)
			return
		}
	}
	s.fail("nobody knows how to do that")
}

func (s *teller) wanted(p series.Pair) series.Series {
	for _, w := range s.want {
		if w.Pair == p {
			return w
		}
	}
	s.fail("the roster has no pair %s", p)
	return series.Series{}
}

// book books the pair as the roster wants it, from the day on or, if that is zero, as soon as it can be.
func (s *teller) book(v values, first series.Date) {
	w := s.wanted(v.pair)
	if c, ok := s.chosen[v.pair]; ok {
		w.Slot.Weekday, w.Slot.At = c.Weekday, c.At
	}
	if first.IsZero() {
		first = w.Slot.First(series.DateOf(s.now))
	}
	w.Generation, w.First = 1, first
	_, err := s.world.Calendar(v.pair.Manager).Create(context.Background(), w)
	s.must(err)
}

func (s *teller) hands(v values) *memory.Hands {
	if s.world.Calendar(v.of["who"]) == nil {
		s.fail("%s is nobody", v.of["who"])
	}
	return s.world.Hands(v.of["who"])
}

// event of the pair on the person's calendar, as it is now: the one that begins last.
func (s *teller) head(v values) series.Event {
	who := v.of["who"]
	snap, err := providertest.Observe(context.Background(), s.world.Calendar(who), series.Snapshot{},
		s.interest(s.seen[who]))
	s.must(err)
	var out series.Event
	for _, e := range append(snap.Series, snap.Copies...) {
		if e.Mark.Pair == v.pair && (out.ID == "" || e.Start.After(out.Start)) {
			out = e
		}
	}
	for _, c := range snap.Candidates {
		if out.ID == "" && c.Pair == v.pair {
			out = c.Event
		}
	}
	if out.ID == "" {
		s.fail("%s has no series of %s", who, v.pair)
	}
	return out
}

func (s *teller) id(v values) string { return s.head(v).ID }

// original is the start of the occurrence that the series has on the day; zero for all.
func (s *teller) original(v values) time.Time {
	if v.of["date"] == "all" {
		return time.Time{}
	}
	e, d := s.head(v), s.date(v.of["date"])
	start := e.Slot().On(d)
	if len(e.Slot().Dates(e.First(), d, d)) == 0 {
		s.fail("there is no meeting on %s", d.Long())
	}
	return start
}

// when is a moment on the clock of the series, or else of the person.
func (s *teller) when(v values, name string) time.Time {
	day, clock, _ := strings.Cut(v.of[name], " ")
	at, err := series.ParseTimeOfDay(clock)
	s.must(err)
	zone := s.seen[v.of["who"]].Zone
	if w := s.wanted(v.pair); w.Slot.Zone != "" {
		zone = w.Slot.Zone
	}
	return series.Instant(s.date(day), at, zone)
}

func (s *teller) length(v values) time.Duration {
	d, err := time.ParseDuration(v.of["length"])
	s.must(err)
	return d
}

func (s *teller) moveAll(v values) {
	to := s.slot(v.of["day"]+" "+v.of["at"], s.head(v).Slot())
	for f := range strings.FieldsSeq(v.of["rest"]) {
		if d, err := time.ParseDuration(f); err == nil {
			to.Duration = d
		} else {
			to.Every = s.weeks(f)
		}
	}
	s.must(s.hands(v).MoveAll(s.id(v), to, s.date(v.of["date"])))
}

func (s *teller) split(v values) string {
	id, err := s.hands(v).Split(s.id(v), s.original(v), s.when(v, "when"))
	s.must(err)
	return id
}

func (s *teller) answer(v values) {
	stat := map[string]series.PartStat{"accepted": series.Accepted, "declined": series.Declined}[v.of["0"]]
	s.must(s.hands(v).Answer(s.id(v), s.original(v), s.seen[v.of["who"]].Email, stat))
}

func (s *teller) busy(v values, kind series.Kind, length time.Duration, rule string) {
	_, err := s.hands(v).AddBusy(series.Busy{Start: s.when(v, "when"), Duration: length, Zone: Zone, RRule: rule, Kind: kind}, "secret")
	s.must(err)
}

// add stores an unmarked event of the person and perhaps somebody else.
func (s *teller) add(v values, start time.Time, rule series.Rule, other, title string) {
	e := series.Event{Start: start, Zone: start.Location().String(), Duration: time.Hour, Rule: rule, Title: title}
	if other != "" {
		e.Organizer = s.seen[v.of["who"]].Email
		e.Guests = []series.Guest{{Address: s.people[other].Email}}
	}
	_, err := s.hands(v).Add(e)
	s.must(err)
}

// askRebook reads "Thu 14:00" or "2026-12-03 14:00".
func (s *teller) askRebook(v values, force bool) {
	to := s.askedTime(v.of["rest"])
	s.asks = append(s.asks, plan.Ask{Pair: v.pair, Occurrence: s.date(v.of["date"]), To: &to, Force: force})
}

// askUndo takes "Thu 14:00, was cancelled" or "Thu 14:00, was 2026-12-09 11:00" in Berlin.
func (s *teller) askUndo(v values) {
	is, was, _ := strings.Cut(v.of["rest"], ", was ")
	at, before := s.askedTime(is), plan.Before{}
	if was != "cancelled" {
		t := s.askedTime(was)
		before.Start = series.Instant(t.Date, t.At, "Europe/Berlin")
	}
	s.asks = append(s.asks, plan.Ask{Pair: v.pair, Occurrence: s.date(v.of["date"]), To: &at, Undo: &before})
}

// askedTime reads "Thu 14:00" or "2026-12-10 14:00".
func (s *teller) askedTime(text string) plan.Time {
	day, at, _ := strings.Cut(text, " ")
	to, err := plan.Time{}, error(nil)
	to.At, err = series.ParseTimeOfDay(at)
	s.must(err)
	if to.Weekday, err = series.ParseWeekday(day); err != nil {
		to.Date = s.date(day)
	}
	return to
}

// faults makes the next look at the person's calendar go wrong.
func (s *teller) faults(who string, f memory.Fault) {
	s.world.SetFaults(func(c memory.Call) memory.Fault {
		if c.Op == "observe" && c.Person == who {
			return f
		}
		return memory.None
	})
}

// carryOut does so many of the changes of the last moment's plan.
func (s *teller) carryOut(changes int) {
	if s.last == nil {
		s.fail("there is no plan yet")
	}
	now := map[string]series.Ref{}
	ctx := context.Background()
	for i, c := range plan.Diff(s.last.PlanInput()).Changes {
		if i == changes {
			break
		}
		cal, ref := s.world.Calendar(c.Calendar), series.Ref{}
		for _, step := range c.Steps {
			step = step.Later(func(id string) (series.Ref, bool) {
				later, ok := now[id]
				return later, ok
			})
			if step.Ref.ID != "" {
				ref = step.Ref
			}
			if later, ok := now[ref.ID]; ok {
				ref = later
			}
			id := ref.ID
			var err error
			ref, err = reconcile.Do(ctx, cal, ref, step)
			s.must(err)
			if id != "" {
				now[id] = ref
			}
		}
		if !c.Allowed {
			s.done[s.now] = append(s.done[s.now], plan.Recent{ID: c.ID(), Pair: c.Pair, Counts: c.Counts, Mails: c.Mails})
		}
	}
}

// deliver makes the deliveries that were due at the last moment, as scheduling agent.
func (s *teller) deliver() {
	ctx := context.Background()
	for _, d := range plan.Deliveries(s.last.Views, s.last.Asks, s.last.Now) {
		cal := s.world.Calendar(d.Calendar)
		var err error
		if d.Event != nil {
			_, err = cal.Deliver(ctx, d.Ref, *d.Event, d.Attendee)
		} else {
			_, err = cal.Answer(ctx, d.Ref, d.Attendee, d.Answers)
		}
		s.must(err)
	}
}
