package wire

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/deed"
	"holdfast/internal/drift"
	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
	"holdfast/internal/slotting"
)

var update = flag.Bool("update", false, "rewrite the JSON in testdata")

// TestFormats: the JSON that others read keeps its fields, and their order; what is not known is null or left out.
func TestFormats(t *testing.T) {
	raj, day := series.Pair{Manager: "mia", Report: "raj"}, series.Date{Year: 2026, Month: time.December, Day: 8}
	slot := series.Slot{Weekday: time.Tuesday, At: 600, Duration: time.Hour, Every: 1, Zone: "Europe/Berlin"}
	at, hours, rate := slot.On(day), 26*time.Hour, 0.5
	change := plan.Change{Pair: raj, Action: plan.Create, Generation: 1, To: series.WholeSlot(slot), Mails: 1}
	failure := reconcile.Failure{Subject: reconcile.CalendarOf("mia"), Err: errors.New("no"), Hint: "look"}
	booking := reconcile.Failure{Subject: reconcile.BookingOf(raj), Err: errors.New("no")}
	round := reconcile.Round{Failures: []reconcile.Failure{failure, booking}}
	held := plan.Held{Change: change, Because: "a limit"}
	round.Plan = plan.Plan{Changes: []plan.Change{change}, Held: []plan.Held{held}, Mails: 1}
	lost := drift.Flag{
		Pair:       raj,
		Kind:       drift.Cancelled,
		Occurrence: day,
		From:       series.AspectOf(at),
		By:         drift.ByUnknown,
		Notice:     &hours,
		Since:      at.UTC(),
	}
	repeats := drift.Flag{
		Pair:   raj,
		Kind:   drift.DoubleBooked,
		Detail: "another event",
		By:     drift.ByReport,
		Since:  at.UTC(),
		Moment: drift.Moment{Dates: []series.Date{day}, Why: []string{"leave"}},
	}
	stale := reconcile.Reason{Person: "mia", Outage: reconcile.Outage{Since: at.UTC(),
		Text: "the calendar of mia cannot be read: observe: refused", Hint: "look"}}
	costs := []slotting.Cost{{Points: 8, Text: "early"}}
	option := slotting.Option{Slot: slot, Costs: costs, Local: map[string]string{"raj": "14:30"}}
	got, err := json.MarshalIndent([]any{
		PlanOf(round),
		PlanOf(reconcile.Round{}),
		RoundOf(round),
		List([]reconcile.FlagRow{
			{Flag: lost, State: "open"},
			{Flag: repeats, State: "closed", Acknowledged: []string{"mia"}},
		}, FlagOf),
		StatusOf(reconcile.Status{Pair: raj, State: reconcile.Unbooked}),
		StatusOf(reconcile.Status{
			Pair:     raj,
			Slot:     slot,
			Next:     at,
			State:    reconcile.Stale,
			Kept:     &rate,
			Duration: time.Hour,
			MadeUp:   []reconcile.MadeUp{{Occurrence: day, To: at}},
			Why:      []reconcile.Reason{stale},
		}),
		OutcomeOf(drift.Outcome{Pair: raj, Week: day.Week(), Occurrence: day, Result: drift.Kept, By: drift.ByUnknown}),
		OutcomeOf(drift.Outcome{Pair: raj, Week: day.Week(), Occurrence: day, Result: drift.Slipped, By: drift.ByUnknown,
			Notice: &hours, Final: true}),
		ExplanationOf(reconcile.Explanation{Want: series.Series{Pair: raj, Auto: true},
			Reasoning: slotting.Reasoning{Present: option, Possible: 3}}),
		DeedOf(deed.Deed{
			At:         at,
			Who:        "mia",
			From:       deed.Page,
			Kind:       deed.Rebook,
			Pair:       raj,
			Occurrence: day,
			To:         at,
			Flag:       "f",
			Result:     deed.Done,
		}),
		DeedOf(deed.Deed{At: at, From: deed.Shell, Kind: deed.ConfirmEmpty, Of: "mia"}),
		DeedOf(deed.Deed{At: at, From: deed.API, Admin: true, Kind: deed.Allow, Changes: []string{"c"}}),
		Finding{}, Touch{}, Problem{}, Acknowledged{}, Person{}, Withdrawn{}, Files{}, Version{},
		Notice{Until: Time(at)}, Draft{}, Tried{Until: Time(time.Time{})},
		Week{Days: []Day{{OneOnOnes: []Met{{}}, Busy: []Busy{{}}}}},
		Feasible{Conflicts: []Conflict{{Wishes: []Wish{{}}}}},
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "formats.json")
	if *update {
		err = os.WriteFile(file, got, 0o644)
	}
	want, readErr := os.ReadFile(file)
	if err = errors.Join(err, readErr); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
