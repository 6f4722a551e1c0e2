package store

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/internal/plan"
	"holdfast/internal/reconcile"
	"holdfast/internal/series"
)

// holdEnv names the file on which this test binary plays a daemon, until its input ends or it is killed.
const holdEnv = "STORE_TEST_HOLD"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdEnv); path != "" {
		if err := hold(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// hold takes the file for itself, leaves a transaction half done and says so.
func hold(path string) error {
	s, err := Open(context.Background(), "sqlite:"+path, at(noon), Options{})
	if err != nil {
		return err
	}
	if _, err := s.Exclusive(context.Background()); err != nil {
		return err
	}
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM rounds`); err != nil {
		return err
	}
	fmt.Println("holding")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func TestKilledDaemon(t *testing.T) {
	path := file(t)
	s := open(t, path, noon)
	must(t, s.Commit(t.Context(), reconcile.Record{At: noon, Standing: standing("aa")}))

	daemon := exec.CommandContext(t.Context(), os.Args[0])
	daemon.Env = append(os.Environ(), holdEnv+"="+path)
	daemon.Stderr = os.Stderr
	_, err := daemon.StdinPipe()
	must(t, err)
	out, err := daemon.StdoutPipe()
	must(t, err)
	must(t, daemon.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "holding\n" {
		t.Fatalf("the daemon said %q, %v", line, err)
	}

	if _, err := s.Exclusive(t.Context()); err == nil || !strings.Contains(err.Error(), "another holdfast run is at work") {
		t.Errorf("a second daemon: %v", err)
	}
	if m := load(t, s); m.Standing.Roster.Digest != "aa" {
		t.Error("reading beside the daemon shows what it has not committed")
	}
	must(t, daemon.Process.Kill())
	daemon.Wait() // says that it was killed

	release, err := s.Exclusive(t.Context())
	must(t, err)
	if _, err := s.Exclusive(t.Context()); err == nil {
		t.Error("two of one process have the file for themselves")
	}
	must(t, release())
	if m := load(t, s); m.Empty || m.Standing.Roster.Digest != "aa" {
		t.Errorf("after the kill: empty %v, standing %q", m.Empty, m.Standing.Roster.Digest)
	}
	must(t, s.Commit(t.Context(), reconcile.Record{At: noon, Standing: standing("bb")}))
}

// A `sync` while `run` runs: nothing is lost, nothing fails.
func TestTwoStoresAtOnce(t *testing.T) {
	path := file(t)
	stores := []*Store{open(t, path, noon), open(t, path, noon)}
	const rounds = 30
	var all sync.WaitGroup
	for i, s := range stores {
		all.Go(func() {
			for n := range rounds {
				_, err := s.Load(t.Context())
				if err == nil {
					_, err = s.Begin(t.Context(), reconcile.Act{At: noon, Pair: mia, Action: plan.Update}, &series.Event{Start: noon.AddDate(0, n, i), Zone: "UTC"})
				}
				if err == nil {
					is := map[string]series.Snapshot{fmt.Sprint(i, n): {At: noon}}
					err = s.Commit(t.Context(), reconcile.Record{At: noon, Snapshots: packed(is)})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	m := load(t, stores[0])
	if m.Writes[mia] != 2*rounds || len(m.Snapshots) != 2*rounds || len(m.TimesSeen[mia]) != versionsKept {
		t.Errorf("%d writes, %d snapshots, %d versions", m.Writes[mia], len(m.Snapshots), len(m.TimesSeen[mia]))
	}
	integrity(t, stores[1].db)
}

func integrity(t *testing.T, db *sql.DB) {
	t.Helper()
	var says string
	must(t, db.QueryRow(`PRAGMA integrity_check`).Scan(&says))
	if d := cmp.Diff("ok", says); d != "" {
		t.Error(d)
	}
}

// Two processes that open a new file at once both get it whole.
func TestOpenAtOnce(t *testing.T) {
	path := file(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			s, err := Open(t.Context(), "sqlite:"+path, at(noon), Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if m, err := s.Load(t.Context()); err != nil || !m.Empty {
				t.Error(m.Empty, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
