package providertest

import (
	"time"

	"holdfast/internal/provider"
	"holdfast/internal/series"
)

// lived is a series with everything on it that others than Update may have put there: a planned skip, a person's
// move, cancellation and place of one occurrence, an answer, a note.
func (b *bench) lived() series.Event {
	b.Helper()
	e := b.book()
	b.ref(b.Manager.Calendar.Skip(b.ctx, e.Ref, []series.Skip{{Date: b.day(2), Why: "leave"}}))
	h := b.Manager.Hands
	b.must(h.Relocate(e.ID, b.at(4), "Garden"))
	b.must(h.Cancel(e.ID, b.at(3)))
	b.must(h.Move(e.ID, b.at(1), b.at(1).Add(49*time.Hour)))
	b.accept(e)
	b.must(h.Note(e.ID, note))
	return b.one()
}

// accept makes the report's answer stand on the organizer's event, by way of the copy where there is one.
func (b *bench) accept(e series.Event) {
	b.Helper()
	h, id := b.Manager.Hands, e.ID
	if b.Schedules {
		h, id = b.Report.Hands, b.copied().ID
	}
	b.must(h.Answer(id, time.Time{}, b.Report.Person.Email, series.Accepted))
}

const note = "bring the numbers, please; all of them"

// noted sees that what people own of the series is still there.
func (b *bench) noted(id string) {
	b.Helper()
	if ok := got[bool](b)(b.Manager.Hands.Noted(id, note)); !ok {
		b.Error("what a person wrote into the event is gone")
	}
}

// update is one Update of a lived series, of which want is what it changes.
func update(patch func(*bench) series.Patch, want func(*bench, *series.Event)) func(*bench) {
	return func(b *bench) {
		e := b.lived()
		ref := b.ref(b.Manager.Calendar.Update(b.ctx, e.Ref, patch(b)))
		now := b.sees("updated", e, func(x *series.Event) { want(b, x) })
		if now.Ref != ref {
			b.Errorf("Update answered %v, Observe finds it as %v", ref, now.Ref)
		}
		b.noted(e.ID)
		b.again(b.Manager)
	}
}

func ptr[T any](v T) *T { return &v }

// place is what an Update of the place makes of e: overrides that stood where the series stood follow.
func place(e *series.Event, to string) {
	for i := range e.Overrides {
		if e.Overrides[i].Place == e.Place {
			e.Overrides[i].Place = to
		}
	}
	e.Place = to
}

const writesOnly = "Update writes the fields named in p and refreshes only their digests; all else stays"

var updating = []check{
	{"update/place", writesOnly, update(
		func(*bench) series.Patch { return series.Patch{Place: ptr("Room Birch; 1,5")} },
		func(_ *bench, e *series.Event) {
			place(e, "Room Birch; 1,5")
			e.Mark.Written[series.FieldPlace] = series.Digest(e.Place)
		})},
	{"update/no-place", "an empty place removes it; it is owned no more", update(
		func(*bench) series.Patch { return series.Patch{Place: ptr("")} },
		func(_ *bench, e *series.Event) {
			place(e, "")
			delete(e.Mark.Written, series.FieldPlace)
		})},
	{"update/link-of-one", "a link that a person put on one occurrence stays; all others get the new one", func(b *bench) {
		e, theirs := b.book(), "https://elsewhere.example.com/theirs"
		b.must(b.Manager.Hands.SetLink(e.ID, b.at(1), theirs))
		b.must(b.Manager.Hands.Relocate(e.ID, b.at(2), "Garden"))
		e = b.one()
		got[series.Ref](b)(b.Manager.Calendar.Update(b.ctx, e.Ref, series.Patch{Link: ptr("https://docs.example.com/d/new")}))
		b.sees("linked", e, func(x *series.Event) {
			x.Link, x.Overrides[1].Link = "https://docs.example.com/d/new", "https://docs.example.com/d/new"
			x.Mark.Written[series.FieldLink] = series.Digest(x.Link)
		})
	}},
	{"update/link", "the link is written on the master and the overrides that had it or none", update(
		func(*bench) series.Patch { return series.Patch{Link: ptr("https://docs.example.com/d/new")} },
		func(_ *bench, e *series.Event) {
			e.Link = "https://docs.example.com/d/new"
			for i := range e.Overrides {
				e.Overrides[i].Link = e.Link
			}
			e.Mark.Written[series.FieldLink] = series.Digest(e.Link)
		})},
	{"update/no-link", "an empty link removes it; it is owned no more", update(
		func(*bench) series.Patch { return series.Patch{Link: ptr("")} },
		func(_ *bench, e *series.Event) {
			e.Link = ""
			for i := range e.Overrides {
				e.Overrides[i].Link = ""
			}
			delete(e.Mark.Written, series.FieldLink)
		})},
	{"update/people", "people are written on the master, and added to and taken from overrides as from the series", update(
		func(b *bench) series.Patch {
			return series.Patch{People: &series.PeoplePatch{Organizer: b.Manager.Person, Guests: []series.Person{b.Third, b.Report.Person}}}
		},
		func(b *bench, e *series.Event) {
			third := series.Guest{Address: series.Address(b.Third.Email), Answer: series.NeedsAction}
			e.Guests = append(e.Guests, third)
			sortGuests(e.Guests)
			for i := range e.Overrides {
				e.Overrides[i].Guests = append(e.Overrides[i].Guests, third)
				sortGuests(e.Overrides[i].Guests)
			}
			e.Mark.Written[series.FieldPeople] = e.People()
		})},
	{"update/mark", "the mark is written whole, but for Written, of which the fields it names are taken", update(
		func(b *bench) series.Patch {
			m := b.wish().Mark()
			m.Pair = series.Pair{Manager: m.Pair.Manager, Report: m.Pair.Report + "-married"}
			b.also = []provider.InterestPair{{
				Pair:    m.Pair,
				Manager: b.interest(b.Manager).Owner,
				Report:  b.interest(b.Report).Owner,
			}}
			m.Slot.At += 60
			m.Line = m.Slot.Line()
			m.Skips = []series.Skip{{Date: b.day(2), Why: series.OutOfOffice}}
			m.Written = map[series.Field]string{series.FieldSlot: series.DigestSlot(m.Slot)}
			return series.Patch{Mark: &m}
		},
		func(b *bench, e *series.Event) {
			e.Derived = false // its identity is that of the earlier pair, of which this roster knows nothing
			e.Mark.Pair.Report += "-married"
			e.Mark.Slot.At += 60
			e.Mark.Line = e.Mark.Slot.Line()
			e.Mark.Skips[0].Why = series.OutOfOffice
			e.Mark.Written[series.FieldSlot] = series.DigestSlot(e.Mark.Slot)
		})},
	{"update/slot", "a slot is written as a whole; days that were out stay out; people answer anew (RFC 5546 section 3.2.2.1)", func(b *bench) {
		e := b.book()
		b.ref(b.Manager.Calendar.Skip(b.ctx, e.Ref, []series.Skip{{Date: b.day(2), Why: "leave"}}))
		b.must(b.Manager.Hands.Cancel(e.ID, b.at(4)))
		b.accept(e)
		b.must(b.Manager.Hands.Note(e.ID, note))
		e = b.one()
		to := series.Slot{Weekday: time.Tuesday, At: 15*60 + 30, Duration: 45 * time.Minute, Every: 1, Zone: berlin}
		b.ref(b.Manager.Calendar.Update(b.ctx, e.Ref, series.Patch{Slot: &series.SlotPatch{Slot: to, First: b.day(0)}}))
		now := b.sees("moved", e, func(x *series.Event) {
			x.Start, x.Duration = to.On(b.day(0)), to.Duration
			x.Excluded = []time.Time{to.On(b.day(2)), to.On(b.day(4))}
			x.Guests[0].Answer = series.NeedsAction
			x.Mark.Written[series.FieldSlot] = series.DigestSlot(to)
		})
		b.onSlot(now, to)
		b.noted(e.ID)
		other := series.Slot{Weekday: time.Friday, At: 9 * 60, Duration: time.Hour, Every: 2, Zone: "America/New_York"}
		b.ref(b.Manager.Calendar.Update(b.ctx, now.Ref, series.Patch{Slot: &series.SlotPatch{Slot: other, First: b.day(0).AddDays(3)}}))
		if now = b.one(); now.Slot() != other || len(now.Overrides) > 0 {
			b.Errorf("on %s with %d overrides, want %s", now.Slot().Line(), len(now.Overrides), other.Line())
		}
		b.onSlot(now, other)
	}},
	{"update/slot-takes-the-end-away", "a slot is start, duration, rule and zone together: the rule has no end", func(b *bench) {
		e := b.book()
		b.must(b.Manager.Hands.EndAt(e.ID, b.at(4)))
		ended := b.one()
		if !ended.EndedByHand() || ended.LastDay() != b.day(4) {
			b.Fatalf("ended by hand %v, last day %v, want %v", ended.EndedByHand(), ended.LastDay(), b.day(4))
		}
		b.ref(b.Manager.Calendar.Update(b.ctx, ended.Ref, series.Patch{Slot: &series.SlotPatch{Slot: tuesdays, First: b.day(0)}}))
		put := b.sees("put back", e, func(*series.Event) {})
		ref := b.ref(b.Manager.Calendar.End(b.ctx, put.Ref, b.day(4)))
		b.ref(b.Manager.Calendar.Update(b.ctx, ref, series.Patch{Slot: &series.SlotPatch{Slot: tuesdays, First: b.day(0)}}))
		b.sees("put back after an end of ours", e, func(*series.Event) {})
	}},
	{"update/slot-restores-skips", "days that are planned to be out are out again where the series is put back", func(b *bench) {
		e := b.book()
		b.ref(b.Manager.Calendar.Skip(b.ctx, e.Ref, []series.Skip{{Date: b.day(2), Why: "leave"}}))
		was := b.one()
		b.must(b.Manager.Hands.MoveAll(e.ID, series.Slot{Weekday: time.Friday, At: 9 * 60, Duration: time.Hour, Every: 1, Zone: berlin}, b.day(0).AddDays(3)))
		b.ref(b.Manager.Calendar.Update(b.ctx, b.one().Ref, series.Patch{Slot: &series.SlotPatch{Slot: tuesdays, First: b.day(0)}}))
		b.sees("put back", was, func(*series.Event) {})
	}},
	{"update/generation", "an event is of derived identity only while its mark has the generation that its identity has", func(b *bench) {
		e := b.book()
		m := e.Mark
		m.Generation, m.Written = 4, nil
		b.ref(b.Manager.Calendar.Update(b.ctx, e.Ref, series.Patch{Mark: &m}))
		b.sees("of another generation", e, func(x *series.Event) { x.Derived, x.Mark.Generation = false, 4 })
	}},
	{"update/busy", "busy is written on the master and every override", func(b *bench) {
		e := b.lived()
		b.must(b.Manager.Hands.SetFree(e.ID))
		b.must(b.Manager.Hands.Move(e.ID, b.at(6), b.at(6).Add(time.Hour)))
		free := b.one()
		if !free.Free || !free.Touched(series.FieldBusy) {
			b.Fatalf("set to free by hand: free %v, touched %v", free.Free, free.Touched(series.FieldBusy))
		}
		b.ref(b.Manager.Calendar.Update(b.ctx, free.Ref, series.Patch{Busy: true}))
		b.sees("busy again", free, func(x *series.Event) {
			x.Free = false
			for i := range x.Overrides {
				x.Overrides[i].Free = false
			}
		})
		b.noted(e.ID)
	}},
	{"update/touched-fields-stay", "a person's edit of one field is not undone, nor its digest refreshed, by writing another", func(b *bench) {
		e := b.lived()
		b.must(b.Manager.Hands.Relocate(e.ID, time.Time{}, "Café"))
		b.must(b.Manager.Hands.AddGuest(e.ID, b.Third.Email))
		touched := b.one()
		if !touched.Touched(series.FieldPlace) || !touched.Touched(series.FieldPeople) || touched.Touched(series.FieldLink) {
			b.Fatalf("place touched %v, people %v, link %v", touched.Touched(series.FieldPlace), touched.Touched(series.FieldPeople), touched.Touched(series.FieldLink))
		}
		m := touched.Mark
		m.Line, m.Written = "another line", nil
		b.ref(b.Manager.Calendar.Update(b.ctx, touched.Ref, series.Patch{Link: ptr("https://docs.example.com/d/new"), Mark: &m}))
		b.sees("updated", touched, func(x *series.Event) {
			x.Link = "https://docs.example.com/d/new"
			for i := range x.Overrides {
				x.Overrides[i].Link = x.Link
			}
			x.Mark.Line = "another line"
			x.Mark.Written[series.FieldLink] = series.Digest(x.Link)
		})
	}},
	{"update/adopts", "an unmarked 1:1 of the pair becomes a series by its mark; what is not named stays the pair's own", func(b *bench) {
		id := b.ownOneOnOne()
		b.must(b.Manager.Hands.Note(id, note))
		c := b.see(b.Manager).Candidates[0].Event
		want := b.wish()
		m := want.Mark()
		b.ref(b.Manager.Calendar.Update(b.ctx, c.Ref, series.Patch{Mark: &m, Link: &want.Link}))
		now := b.one()
		b.same("adopted", b.but(c, func(x *series.Event) {
			x.Mark, x.Link, x.Title = m, want.Link, ownTitle
		}), now)
		if now.Derived {
			b.Error("a person's event is told to be of derived identity")
		}
		b.noted(id)
		if n := len(b.see(b.Manager).Candidates); n != 0 {
			b.Errorf("still %d candidates", n)
		}
	}},
	{"update/heals-a-mark", "what the identity tells of a lost mark is told; the mark can be written again", func(b *bench) {
		e := b.lived()
		b.must(b.Manager.Hands.StripMark(e.ID))
		bare := b.sees("without its mark", e, func(x *series.Event) {
			x.Mark = series.Mark{Org: x.Mark.Org, Pair: x.Mark.Pair, Generation: x.Mark.Generation}
		})
		b.ref(b.Manager.Calendar.Update(b.ctx, bare.Ref, series.Patch{Mark: &e.Mark}))
		b.sees("healed", e, func(*series.Event) {})
	}},
	{"update/nothing-new", "writing what is there already changes nothing", func(b *bench) {
		e := b.lived()
		b.ref(b.Manager.Calendar.Update(b.ctx, e.Ref, series.Patch{Place: &e.Place, Link: &e.Link, Busy: true, Mark: &e.Mark}))
		b.sees("written as it was", e, func(*series.Event) {})
	}},
	{"writes/stale", "where the event has another version the answer is a Conflict and nothing is written", func(b *bench) {
		e := b.lived()
		b.must(b.Manager.Hands.Note(e.ID, "one more word"))
		now := b.one()
		if now.Version == e.Version {
			b.Fatal("the version stayed the same though a person wrote")
		}
		c := b.Manager.Calendar
		for what, write := range map[string]func() (series.Ref, error){
			"Update":              func() (series.Ref, error) { return c.Update(b.ctx, e.Ref, series.Patch{Place: ptr("elsewhere")}) },
			"Skip":                func() (series.Ref, error) { return c.Skip(b.ctx, e.Ref, []series.Skip{{Date: b.day(5), Why: "leave"}}) },
			"Unskip":              func() (series.Ref, error) { return c.Unskip(b.ctx, e.Ref, []series.Date{b.day(2)}) },
			"SetOverride":         func() (series.Ref, error) { return c.SetOverride(b.ctx, e.Ref, b.moved(6, time.Hour)) },
			"ClearOverride":       func() (series.Ref, error) { return c.ClearOverride(b.ctx, e.Ref, b.at(1)) },
			"End":                 func() (series.Ref, error) { return c.End(b.ctx, e.Ref, b.day(4)) },
			"End before it began": func() (series.Ref, error) { return c.End(b.ctx, e.Ref, b.day(-1)) },
			"Answer": func() (series.Ref, error) {
				return c.Answer(b.ctx, e.Ref, b.Report.Person.Email, []provider.Answer{{PartStat: series.Declined}})
			},
		} {
			_, err := write()
			b.wantKind(err, provider.Conflict, what)
		}
		b.sees("after stale writes", now, func(*series.Event) {})
	}},
	{"writes/chain", "a write returns the Ref under which a read now finds the event", func(b *bench) {
		c, at := b.Manager.Calendar, b.wish()
		ref := b.ref(c.Create(b.ctx, at))
		ref = b.ref(c.Update(b.ctx, ref, series.Patch{Place: ptr("Room Birch")}))
		ref = b.ref(c.Skip(b.ctx, ref, []series.Skip{{Date: b.day(1), Why: "leave"}}))
		ref = b.ref(c.SetOverride(b.ctx, ref, b.moved(3, time.Hour)))
		ref = b.ref(c.Unskip(b.ctx, ref, []series.Date{b.day(1)}))
		ref = b.ref(c.ClearOverride(b.ctx, ref, b.at(3)))
		ref = b.ref(c.End(b.ctx, ref, b.day(5)))
		if e := b.one(); e.Ref != ref || e.Place != "Room Birch" || len(e.Excluded)+len(e.Overrides) > 0 || e.LastDay() != b.day(5) {
			b.Errorf("answered %v, observed %v, place %q, %d out, %d overrides, last day %v", ref, e.Ref, e.Place, len(e.Excluded), len(e.Overrides), e.LastDay())
		}
	}},
	{"writes/of-what-is-gone", "a write of a deleted event is a Conflict", func(b *bench) {
		e := b.book()
		b.must(b.Manager.Hands.Delete(e.ID))
		_, err := b.Manager.Calendar.Update(b.ctx, e.Ref, series.Patch{Place: ptr("elsewhere")})
		b.wantKind(err, provider.Conflict, "Update")
		_, err = b.Manager.Calendar.Skip(b.ctx, e.Ref, []series.Skip{{Date: b.day(1), Why: "leave"}})
		b.wantKind(err, provider.Conflict, "Skip")
		b.none()
	}},
}

// moved is the n-th occurrence, later by so much.
func (b *bench) moved(n int, by time.Duration) series.Override {
	w := b.wish()
	return series.Override{Original: b.at(n), Start: b.at(n).Add(by), Duration: time.Hour, Place: w.Place, Link: w.Link}
}

const ownTitle = "Our chat"

// ownOneOnOne is a weekly 1:1 that the pair made for itself.
func (b *bench) ownOneOnOne() string {
	b.Helper()
	return got[string](b)(b.Manager.Hands.Add(series.Event{
		Start: b.at(0), Zone: berlin, Duration: time.Hour, Rule: series.Rule{Plain: true, Every: 1}, Title: ownTitle, Place: "Terrace",
		Organizer: b.Manager.Person.Email, Guests: []series.Guest{{Address: b.Report.Person.Email, Answer: series.NeedsAction}},
	}))
}
