package daemon

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// program is the built program, with the settings of a folder.
type program struct {
	*testing.B
	binary, dir string
}

// built is the path of the program as it is now.
func built(b *testing.B) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "holdfast")
	if out, err := exec.Command("go", "build", "-o", binary, "holdfast/cmd/holdfast").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v: %s", err, out)
	}
	return binary
}

// command is one of its commands; what it prints on its standard output is not looked at.
func (p program) command(name string) (cmd *exec.Cmd, complaints *bytes.Buffer) {
	complaints = &bytes.Buffer{}
	cmd = exec.Command(p.binary, name, "--config", filepath.Join(p.dir, "holdfast.yaml"))
	cmd.Stderr = complaints
	return cmd, complaints
}

// look runs a command that only looks, and returns how long it took.
func (p program) look(name string) time.Duration {
	p.Helper()
	cmd, complaints := p.command(name)
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		p.Fatalf("holdfast %s: %v: %s", name, err, complaints)
	}
	return time.Since(begin)
}

// start runs the daemon until its first request comes to the door, and returns how long that took.
func (p program) start(door <-chan time.Time) time.Duration {
	p.Helper()
	cmd, complaints := p.command("run")
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case at := <-door:
		_ = cmd.Process.Kill() // nobody will want its journal
		<-ended
		return at.Sub(begin)
	case err := <-ended:
		p.Fatalf("holdfast run ended before it asked anything: %v: %s", err, complaints)
		return 0
	}
}

// BenchmarkStart is how long the built program takes, with the journal of an org that is booked, from its start to its
// first request, and how long it takes to show what the journal has. The files were just read, and so
// are in the machine's memory.
func BenchmarkStart(b *testing.B) {
	binary := built(b)
	atScale(b, func(b *testing.B, pairs int) {
		o := newOrg(b, pairs)
		o.book()
		o.close()
		o.stop()
		times, runs := map[string]time.Duration{}, time.Duration(0)
		for b.Loop() {
			p := program{b, binary, b.TempDir()}
			if err := os.CopyFS(p.dir, os.DirFS(o.dir)); err != nil {
				b.Fatal(err)
			}
			first := make(chan time.Time, 1)
			door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				select {
				case first <- time.Now():
				default: // not the first
				}
				w.WriteHeader(http.StatusServiceUnavailable)
			}))
			for _, name := range []string{"status", "flags", "history"} {
				times[name] += p.look(name)
			}
			o.settings(p.dir, door.Listener.Addr().String())
			times["run-to-request"] += p.start(first)
			door.Close()
			runs++
			if err := os.RemoveAll(p.dir); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(0, "ns/op")
		for name, took := range times {
			b.ReportMetric(float64((took/runs).Microseconds())/1e3, name+"-ms")
		}
	})
}
