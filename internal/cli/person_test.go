package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/internal/store"
)

// A journal that cannot be written to is read all the same: that somebody looked is then in no log, which the log says.
func TestLooksAreShownWithoutTheirLog(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	for name, text := range map[string]string{
		"holdfast.yaml": "org: acme\nroster: [roster.yaml]\ncalendars:\n  office:\n" +
			"    caldav: {url: https://dav.example.com/, username: h, password_file: p, calendar: \"/{person.id}/\"}\n",
		"roster.yaml": "people:\n  mia: {name: Mia, email: mia@example.com, calendar: office, zone: UTC}\n" +
			"  raj: {name: Raj, email: raj@example.com, calendar: office, zone: UTC}\n" +
			"one_on_ones:\n  - {manager: mia, reports: [{report: raj, slot: Tue 10:00}]}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "holdfast.db")
	journal, err := store.Open(t.Context(), "sqlite:"+path, clock, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	look := func() (code int, out, log string) {
		var stdout, stderr bytes.Buffer
		code = Run(t.Context(), []string{"history", "mia/raj", "--verbose", "--config", filepath.Join(dir, "holdfast.yaml")},
			IO{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Clock: clock})
		return code, stdout.String(), stderr.String()
	}
	const missing = "is not in the access log"
	code, want, log := look()
	if code != 0 || strings.Contains(log, missing) {
		t.Fatalf("%d: %s%s", code, want, log)
	}
	db, err := store.OpenDB(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var entered int
	err = db.QueryRow(`SELECT count(*) FROM visits WHERE place = 'shell' AND what = 'record'`).Scan(&entered)
	if err != nil || entered != 1 {
		t.Errorf("entered %d times: %v", entered, err)
	}
	if _, err := db.Exec(`CREATE TRIGGER full BEFORE INSERT ON visits
		BEGIN SELECT RAISE(FAIL, 'the disk is full'); END`); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Hour)
	if code, out, log := look(); code != 0 || out != want || !strings.Contains(log, missing) {
		t.Errorf("%d: %s%s", code, out, log)
	}
}
