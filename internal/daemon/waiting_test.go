package daemon

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/riverqueue/river"
)

func TestWaiting(t *testing.T) {
	q := newQueue(t, filepath.Join(t.TempDir(), "queue.db"), newHeldSteps(), oneDay)
	defer stopQueue(t, q)
	for want, at := range []time.Time{{}, oneDay(), time.Now().AddDate(1, 0, 0)} { // to be sent now, and next year
		if want > 0 {
			args := sendArgs{Notice: at.String(), Reader: "mia"}
			if _, err := q.client.Insert(t.Context(), args, &river.InsertOpts{ScheduledAt: at}); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := q.Waiting(t.Context()); n != want || err != nil {
			t.Errorf("%d jobs wait: %v, want %d", n, err, want)
		}
	}
	if _, err := q.db.ExecContext(t.Context(), `UPDATE river_job SET state = 'completed', finalized_at = 1`); err != nil {
		t.Fatal(err)
	}
	if n, err := q.Waiting(t.Context()); n != 0 || err != nil {
		t.Errorf("%d jobs wait that are done: %v", n, err)
	}
}
