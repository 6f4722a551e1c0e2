package caldav

import (
	"strings"
	"testing"

	"holdfast/internal/provider/caldav/caldavtest"
	"holdfast/internal/provider/providertest"
	"holdfast/internal/series"
)

func unchanged(*caldavtest.Options) {}

func TestContractLikeDAViCal(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.Fixture {
		return likeDAViCal(t, unchanged).fixture("acme")
	})
}

// Who delivers is what the settings say; left to themselves a server that delivers, and on DAViCal Holdfast. Where it
// is Holdfast the server finds nobody to deliver to, with a change or with a deletion.
func TestWhoDelivers(t *testing.T) {
	for kind, start := range map[string]func(*testing.T, func(*caldavtest.Options)) server{
		"scheduling": scheduling, "like DAViCal": likeDAViCal,
	} {
		for setting, delivers := range map[string]bool{
			"": kind == "scheduling", "auto": kind == "scheduling", "holdfast": false, "server": true,
		} {
			t.Run(kind+"/"+setting, func(t *testing.T) {
				s := start(t, unchanged)
				w := watch(t, s, "mia")
				w.o.Scheduling = setting
				ref := w.book()
				place := "Room Birch"
				ref, err := w.Update(t.Context(), ref, series.Patch{Place: &place})
				w.must(err)
				copies := standing(t, s, "raj")
				if got := w.look(); got.Schedules != delivers || got.Quiet == delivers || (copies == 1) != delivers {
					t.Errorf("the server delivers %v, quiet %v, %d copies", got.Schedules, got.Quiet, copies)
				}
				text, err := w.Send("GET", ref.ID, nil)
				w.must(err)
				unfolded := strings.ReplaceAll(string(text), "\r\n ", "")
				if strings.Contains(unfolded, "SCHEDULE-AGENT=CLIENT") == delivers {
					t.Errorf("stored:\n%s", text)
				}
				_, err = w.End(t.Context(), ref, weeklySeries().First.AddDays(-1))
				w.must(err)
				if n := cancellations(t, s, "raj"); (n == 1) != delivers {
					t.Errorf("%d cancellations", n)
				}
			})
		}
	}
}

// Whom a person has added there, the server has nobody to deliver to either once Holdfast has written.
func TestGuestAddedOnDAViCal(t *testing.T) {
	s := likeDAViCal(t, unchanged)
	w := watch(t, s, "mia")
	ref := w.book()
	w.must(w.AddGuest(ref.ID, "lee@example.test"))
	place := "Room Birch"
	_, err := w.Update(t.Context(), w.look().Series[0].Ref, series.Patch{Place: &place})
	w.must(err)
	text, err := w.Send("GET", ref.ID, nil)
	w.must(err)
	unfolded := strings.ReplaceAll(string(text), "\r\n ", "")
	if !strings.Contains(unfolded, "SCHEDULE-AGENT=CLIENT:mailto:lee@example.test") {
		t.Errorf("lee is left to the server:\n%s", text)
	}
}
