package prepdoc

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"holdfast/internal/series"
)

// Stories of Plan, one case after another. A file "in" begins from nothing, "then" goes on with the state that the case
// before left. Lines: now TIME; want KEY=VALUE…; state KEY=VALUE…; seen nothing; doc KEY=VALUE…; perm ID TYPE ROLE
// [ADDRESS] [KEY=VALUE…]. A file "out" has the step, the findings and what is remembered.
func TestPlan(t *testing.T) {
	files, err := filepath.Glob("testdata/plan/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var x planCase
			cases := 0
			for _, f := range a.Files {
				switch f.Name {
				case "in":
					x = planCase{}
					fallthrough
				case "then":
					x.read(t, string(f.Data))
				case "out":
					cases++
					var step Step
					x.state, step = Plan(x.now, x.want, x.state, x.seen)
					if d := cmp.Diff(string(f.Data), outText(x.state, step)); d != "" {
						t.Errorf("case %d: %s", cases, d)
					}
				}
			}
			if cases == 0 {
				t.Error("no cases")
			}
		})
	}
}

type planCase struct {
	now   time.Time
	want  Want
	state State
	seen  *Seen
}

func (x *planCase) read(t *testing.T, text string) {
	x.seen = nil
	x.want = Want{Series: pair()}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02T15:04", s)
		must(err)
		return v
	}
	day := func(s string) series.Date {
		v, err := series.ParseDate(s)
		must(err)
		return v
	}
	for l := range strings.Lines(text) {
		f := strings.Fields(l)
		if len(f) == 0 {
			continue
		}
		var doc *Doc
		if x.seen != nil {
			doc = x.seen.Doc
		}
		var perm *Permission
		switch f[0] {
		case "now":
			x.now = at(f[1])
		case "seen":
			x.seen = &Seen{}
		case "doc":
			doc = &Doc{}
			x.seen = &Seen{doc}
		case "perm":
			doc.Permissions = append(doc.Permissions, Permission{ID: f[1], Type: f[2], Role: f[3]})
			perm = &doc.Permissions[len(doc.Permissions)-1]
		}
		for _, kv := range f[1:] {
			k, v, _ := strings.Cut(kv, "=")
			switch f[0] + " " + k {
			case "want template":
				x.want.Series.Doc.Template = v
			case "want link":
				x.want.Series.Link = v
			case "want next":
				x.want.Series.Doc.Section = "standard"
				x.want.Next = Occurrence{day(v), day(v), series.Instant(day(v), 600, "Europe/Berlin")}
			case "want ends":
				x.want.Series.Ends = day(v)
			case "want seesall":
				x.want.SeesAll = true
			case "want hold":
				x.want.Hold = true
			case "want remake":
				x.want.Remake = true
			case "want formerly":
				p, err := series.ParsePair(v)
				must(err)
				x.want.Series.Formerly = []series.Pair{p}
			case "state made":
				x.state.Made = true
			case "state checked":
				x.state.Checked = at(v)
			case "state tried":
				x.state.Tried = at(v)
			case "doc id":
				doc.ID = v
			case "doc pair":
				p, err := series.ParsePair(v)
				must(err)
				doc.Marks.Key = p.Key("acme")
			case "doc report":
				doc.Marks.Report = v
			case "doc section":
				doc.Marks.Section = day(v)
			case "doc owner":
				doc.Owner = v
			case "doc canedit":
				doc.CanEdit = true
			case "doc writersshare":
				doc.WritersCanShare = true
			case "doc shareddrive":
				doc.SharedDrive = true
			case "doc private":
				doc.Private = true
			case "doc trashed":
				doc.Trashed = true
			case "perm view":
				perm.View = v
			case "perm deleted":
				perm.Deleted = true
			case "perm pending":
				perm.Pending = true
			case "perm inherited":
				perm.Inherited = true
			case "perm expires":
				perm.Expires = at(v)
			default:
				switch {
				case perm != nil && strings.Contains(kv, "@"):
					perm.Address = kv
				case f[0] != "perm" && f[0] != "now" && f[0] != "seen":
					t.Fatalf("what is %q?", l)
				}
			}
		}
	}
}

func outText(st State, step Step) string {
	if step == Rest {
		step = "rest"
	}
	out := string(step) + "\n"
	for _, f := range st.Findings {
		out += f.Kind + ": " + f.Detail + "\n"
	}
	out += "state"
	for _, x := range []struct {
		name string
		v    any
		set  bool
	}{
		{"made", st.Made, st.Made}, {"file", st.File, st.File != ""}, {"link", st.Link, st.Link != ""}, {"seen", st.Seen, st.Seen},
		{"missed", st.Missed, st.Missed > 0}, {"checked", st.Checked.Format("2006-01-02T15:04"), !st.Checked.IsZero()},
		{"section", st.Section, !st.Section.IsZero()}, {"tried", st.Tried.Format("2006-01-02T15:04"), !st.Tried.IsZero()},
	} {
		if x.set {
			out += fmt.Sprintf(" %s=%v", x.name, x.v)
		}
	}
	return out + "\n"
}

// Whatever is there and remembered: a document that Holdfast did not make is never written, nothing is written under
// Hold, each step has what it needs, and a second plan of the same is the same.
func TestPlanIsSafe(t *testing.T) {
	addresses := []string{"mia@example.com", "raj@example.com", "lee@example.com", ""}
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)
		w := Want{Series: pair(), Hold: rapid.Bool().Draw(t, "hold"), Remake: rapid.Bool().Draw(t, "remake")}
		if rapid.Bool().Draw(t, "template") {
			w.Series.Doc = series.PrepDoc{Template: "t", Section: "standard"}
			if rapid.Bool().Draw(t, "due") {
				w.Next = tuesday
			}
		} else {
			w.Series.Link = rapid.SampledFrom([]string{"", "https://docs.example.com/x", linkOf("given")}).Draw(t, "link")
		}
		when := rapid.SampledFrom([]time.Time{{}, now.Add(-time.Minute), now.Add(-2 * time.Hour), now.AddDate(0, 0, -8)})
		st := State{Made: rapid.Bool().Draw(t, "made"), File: rapid.SampledFrom([]string{"", "d1"}).Draw(t, "file"), Seen: rapid.Bool().Draw(t, "seen"),
			Missed: rapid.IntRange(0, 2).Draw(t, "missed"), Checked: when.Draw(t, "checked"), Tried: when.Draw(t, "tried")}
		var seen *Seen
		if rapid.Bool().Draw(t, "looked") {
			seen = &Seen{}
			if rapid.Bool().Draw(t, "there") {
				d := &Doc{ID: rapid.SampledFrom([]string{"d1", "d2"}).Draw(t, "id"), Trashed: rapid.Bool().Draw(t, "trashed"),
					CanEdit: rapid.Bool().Draw(t, "can edit"), WritersCanShare: rapid.Bool().Draw(t, "writers share"),
					Marks: Marks{w.keys()[0], rapid.SampledFrom([]string{"", "p1"}).Draw(t, "marked"), "", series.Date{}}}
				for range rapid.IntRange(0, 3).Draw(t, "permissions") {
					d.Permissions = append(d.Permissions, Permission{ID: rapid.SampledFrom([]string{"p1", "p2"}).Draw(t, "permission"),
						Type:    rapid.SampledFrom([]string{"user", "group", "anyone"}).Draw(t, "type"),
						Role:    rapid.SampledFrom([]string{"owner", "writer", "reader"}).Draw(t, "role"),
						Address: rapid.SampledFrom(addresses).Draw(t, "address"), Deleted: rapid.Bool().Draw(t, "deleted")})
				}
				seen.Doc = d
			}
		}
		got, step := Plan(now, w, st, seen)
		again, same := Plan(now, w, st, seen)
		if step != same || cmp.Diff(got, again) != "" {
			t.Fatal("not the same twice")
		}
		writes := step != Rest && step != Look
		switch {
		case writes && (!w.made() || w.Hold):
			t.Fatal(step, "of a document that is not ours to write now")
		case writes && seen == nil, step == Look && seen != nil:
			t.Fatal(step, "out of order")
		case writes && step != Make && (seen.Doc == nil || seen.Doc.Trashed):
			t.Fatal(step, "of nothing")
		case step == Make && seen.Doc != nil && !(seen.Doc.Trashed && w.Remake):
			t.Fatal("a second document")
		case step == Share && (seen.Doc.Marks.Report != "" || seen.Doc.WritersCanShare):
			t.Fatal("shared again, or before it was locked")
		case slices.ContainsFunc(got.Findings, func(f Finding) bool { return strings.Contains(f.Detail, "@") || strings.Contains(f.Detail, "://") }):
			t.Fatal("a finding with an address")
		}
	})
}
