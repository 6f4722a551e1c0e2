package link

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/series"
)

var monday = time.Date(2026, 12, 7, 9, 0, 0, 0, time.UTC)

func load(t *testing.T, path string, now time.Time) Keys {
	t.Helper()
	k, err := Load(path, now)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTokenRoundTrip(t *testing.T) {
	keys := load(t, filepath.Join(t.TempDir(), "keys"), monday)
	rapid.Check(t, func(r *rapid.T) {
		id := rapid.StringMatching(`[a-z0-9._-]{1,20}`)
		a := Act{
			Do:     rapid.SampledFrom([]string{Rebook, Ack, Undo, Stop}).Draw(r, "do"),
			Reader: id.Draw(r, "reader"),
			Pair:   series.Pair{Manager: id.Draw(r, "manager"), Report: id.Draw(r, "report")},
			Flag:   id.Draw(r, "flag"),
			Until:  monday.Add(time.Duration(rapid.IntRange(1, 1e6).Draw(r, "seconds")) * time.Second),
		}
		if rapid.Bool().Draw(r, "meeting") {
			a.Occurrence = series.DateOf(a.Until).AddDays(rapid.IntRange(-9, 9).Draw(r, "days"))
			a.To = a.Until.Add(-time.Hour)
		}
		token := keys.Token(a)
		if got, err := keys.Open(token, monday); err != nil || got != a {
			r.Fatalf("%v: %+v, not %+v", err, got, a)
		}
		if _, err := keys.Open(token, a.Until); !errors.Is(err, ErrOver) {
			r.Fatalf("after its end: %v", err)
		}
		at := rapid.IntRange(0, len(token)-1).Draw(r, "at")
		other := rapid.SampledFrom([]byte("abcXYZ019-_")).Draw(r, "letter")
		if forged := token[:at] + string(other) + token[at+1:]; forged != token {
			if _, err := keys.Open(forged, monday); !errors.Is(err, ErrForged) {
				r.Fatalf("a letter was changed: %v", err)
			}
		}
	})
}

func TestKeysAreRenewed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	first := load(t, path, monday)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
	token := first.Token(Act{Do: Stop, Reader: "mia"})
	again := load(t, path, monday.Add(renewal-1))
	if len(again) != 1 || again.Token(Act{Do: Stop, Reader: "mia"}) != token {
		t.Fatal("a key that is not old was replaced")
	}
	second := load(t, path, monday.Add(renewal))
	if len(second) != generations || second.Token(Act{Do: Stop, Reader: "mia"}) == token {
		t.Fatal("an old key makes links still")
	}
	if _, err := second.Open(token, monday); err != nil {
		t.Fatal(err)
	}
	third := load(t, path, monday.Add(2*renewal))
	if _, err := third.Open(token, monday); len(third) != generations || !errors.Is(err, ErrForged) {
		t.Fatal(len(third), err)
	}
}

func TestWhatIsNoKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte("2026-12-07T09:00:00Z c2hvcnQ=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, monday); err == nil || !strings.Contains(err.Error(), path+":1 is no key") {
		t.Fatal(err)
	}
}
