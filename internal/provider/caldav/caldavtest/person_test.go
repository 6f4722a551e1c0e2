package caldavtest

import (
	"context"
	"strings"
	"testing"
	"time"
)

// marked is an event with what Holdfast puts on one, and a third line of its title's own.
func marked(uid string) string {
	return event(uid, `DESCRIPTION:Bring notes\nAgenda: https://docs.example.com/d/abc\nMia`, "ATTACH;FMTTYPE=text/html:https://docs.example.com/d/abc",
		"URL:https://docs.example.com/d/abc", "X-HOLDFAST-PAIR:mia/raj", "TRANSP:OPAQUE", "LOCATION:Room Alder")
}

func TestPersonEdits(t *testing.T) {
	ctx, second := context.Background(), at(8, 10, 0)
	type check func(s *site, p Person, e Entry) string
	none := func(*site, Person, Entry) string { return "" }
	says := func(ok bool, problem string) string {
		if ok {
			return ""
		}
		return problem
	}
	for name, c := range map[string]struct {
		do   func(Person) error
		then check
	}{
		"move": {func(p Person) error { return p.Move(ctx, "a", second, at(10, 14, 0)) }, func(s *site, _ Person, e Entry) string {
			o := s.override(e, second)
			return says(o.Start.Equal(at(10, 14, 0)) && o.End.Equal(at(10, 15, 0)) && strings.Contains(e.Text, "DTSTART;TZID=Europe/Berlin:20261210T140000"), "not moved")
		}},
		"move twice": {func(p Person) error {
			if err := p.Move(ctx, "a", second, at(10, 14, 0)); err != nil {
				return err
			}
			return p.Move(ctx, "a", second, at(11, 14, 0))
		}, func(s *site, _ Person, e Entry) string {
			return says(len(e.Overrides) == 1 && s.override(e, second).Start.Equal(at(11, 14, 0)), "not moved")
		}},
		"shorten": {func(p Person) error { return p.Shorten(ctx, "a", second, 30*time.Minute) }, func(s *site, _ Person, e Entry) string {
			return says(s.override(e, second).End.Equal(at(8, 10, 30)), "not shorter")
		}},
		"cancel": {func(p Person) error { return p.Cancel(ctx, "a", second) }, func(_ *site, _ Person, e Entry) string {
			return says(len(e.Excluded) == 1 && e.Excluded[0].Equal(second) && len(e.Overrides) == 0, "not excluded")
		}},
		"cancel, put back": {func(p Person) error {
			if err := p.Cancel(ctx, "a", second); err != nil {
				return err
			}
			return p.PutBack(ctx, "a", second)
		}, func(_ *site, _ Person, e Entry) string {
			return says(len(e.Excluded) == 0 && len(e.Overrides) == 0, "not put back")
		}},
		"cancel by status": {func(p Person) error { return p.CancelOverride(ctx, "a", second) }, func(s *site, _ Person, e Entry) string {
			return says(s.override(e, second).Cancelled && !e.Cancelled, "not cancelled")
		}},
		"relocate one": {func(p Person) error { return p.Relocate(ctx, "a", second, "Café; 2") }, func(s *site, _ Person, e Entry) string {
			return says(s.override(e, second).Place == "Café; 2" && e.Place == "Room Alder", "wrong places")
		}},
		"relocate all": {func(p Person) error { return p.Relocate(ctx, "a", time.Time{}, "Oak") }, func(_ *site, _ Person, e Entry) string {
			return says(e.Place == "Oak" && len(e.Overrides) == 0, "wrong place")
		}},
		"add a guest": {func(p Person) error { return p.AddGuest(ctx, "a", second, "lee@example.test") }, func(s *site, _ Person, e Entry) string {
			_, invited := s.override(e, second).Answers["lee@example.test"]
			return says(invited && len(e.Answers) == 0, "wrong guests")
		}},
		"free": {func(p Person) error { return p.SetFree(ctx, "a", time.Time{}) }, func(_ *site, _ Person, e Entry) string { return says(e.Free, "busy") }},
		"retitle": {func(p Person) error { return p.Retitle(ctx, "a", second, "Tea, then") }, func(s *site, _ Person, e Entry) string {
			return says(s.override(e, second).Title == "Tea, then", "wrong title")
		}},
		"remove the link": {func(p Person) error { return p.RemoveLink(ctx, "a", time.Time{}) }, func(_ *site, _ Person, e Entry) string {
			return says(e.Description == "Bring notes\nMia" && !strings.Contains(e.Text, "docs.example.com") && strings.Contains(e.Text, "X-HOLDFAST-PAIR"), "wrong properties")
		}},
		"remove the link of one": {func(p Person) error { return p.RemoveLink(ctx, "a", second) }, func(s *site, _ Person, e Entry) string {
			return says(s.override(e, second).Description == "Bring notes\nMia" && strings.Count(e.Text, "docs.example.com") == 3, "wrong properties")
		}},
		"move all": {func(p Person) error {
			if err := p.Cancel(ctx, "a", second); err != nil {
				return err
			}
			return p.MoveAll(ctx, "a", at(15, 10, 0), at(17, 9, 0))
		}, func(_ *site, _ Person, e Entry) string {
			return says(e.Start.Equal(at(3, 9, 0)) && e.End.Equal(at(3, 10, 0)) && e.Rule == "FREQ=WEEKLY;BYDAY=TH" && e.Excluded[0].Equal(at(10, 9, 0)), "not moved")
		}},
		"end": {func(p Person) error { return p.EndBefore(ctx, "a", at(15, 10, 0)) }, func(_ *site, _ Person, e Entry) string {
			return says(e.Rule == "FREQ=WEEKLY;BYDAY=TU;UNTIL=20261215T085959Z", "not ended")
		}},
		"delete": {func(p Person) error {
			if err := p.Delete(ctx, "a"); err != nil {
				return err
			}
			_, err := p.AddEvent(ctx, "left", at(1, 10, 0), at(1, 11, 0))
			return err
		}, none},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, false, Quirks{})
			p := s.person("mia")
			s.want(s.do("mia", "PUT", cal+"a.ics", marked("a")), 201)
			s.ok(c.do(p))
			es, err := p.Events(ctx)
			s.ok(err)
			if len(es) != 1 {
				t.Fatalf("%d events", len(es))
			}
			if problem := c.then(s, p, es[0]); problem != "" {
				t.Errorf("%s:\n%s", problem, es[0].Text)
			}
		})
	}
}

func TestPersonSplitsAndDuplicates(t *testing.T) {
	ctx := context.Background()
	s := serve(t, false, Quirks{})
	p := s.person("mia")
	s.want(s.do("mia", "PUT", cal+"a.ics", marked("a")), 201)
	s.ok(p.Move(ctx, "a", at(8, 10, 0), at(9, 10, 0)))
	s.ok(p.Move(ctx, "a", at(22, 10, 0), at(23, 10, 0)))
	next, err := p.SplitMove(ctx, "a", at(15, 10, 0), at(16, 11, 0))
	s.ok(err)
	old, fresh := s.see(p, "a"), s.see(p, next)
	if old.Rule != "FREQ=WEEKLY;BYDAY=TU;UNTIL=20261215T085959Z" || len(old.Overrides) != 1 {
		t.Errorf("the old part:\n%s", old.Text)
	}
	if !fresh.Start.Equal(at(16, 11, 0)) || fresh.Rule != "FREQ=WEEKLY;BYDAY=WE" || len(fresh.Overrides) != 0 || !strings.Contains(fresh.Text, "X-HOLDFAST-PAIR:mia/raj") {
		t.Errorf("the new part:\n%s", fresh.Text)
	}
	twin, err := p.Duplicate(ctx, "a")
	s.ok(err)
	if got := strings.ReplaceAll(s.see(p, twin).Text, twin, "a"); got != old.Text {
		t.Errorf("the twin differs:\n%s", got)
	}
	if err := p.Move(ctx, "a", at(9, 10, 0), at(9, 11, 0)); err == nil {
		t.Error("moved an occurrence that is none")
	}
	if err := p.Move(ctx, "none", at(8, 10, 0), at(9, 11, 0)); err == nil {
		t.Error("moved an event that is none")
	}
}

// A person who was slower than somebody else is told, and nothing is lost.
func TestPersonIsConditional(t *testing.T) {
	s := serve(t, false, Quirks{})
	p := s.person("mia")
	s.want(s.do("mia", "PUT", cal+"a.ics", marked("a")), 201)
	err := p.edit(context.Background(), "a", func(z zoning) error {
		s.want(s.do("mia", "PUT", cal+"a.ics", event("a", "LOCATION:Faster")), 204)
		z.find(time.Time{}).setValue("LOCATION", "Slower")
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "412") || s.see(p, "a").Place != "Faster" {
		t.Errorf("err %v", err)
	}
}
