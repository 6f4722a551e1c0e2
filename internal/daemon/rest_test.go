package daemon

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	// restFor is how long BenchmarkRest watches the daemon.
	restFor = 30 * time.Second
	// clockTicks is how many of them /proc counts in a second (proc_pid_stat(5), USER_HZ).
	clockTicks = 100
)

// cpuOf are the CPU seconds that a process has used so far, in hundredths (Linux).
func cpuOf(b *testing.B, pid int) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // behind the name
	fields, sum := strings.Fields(rest), 0
	for _, f := range fields[11:13] { // utime, stime
		ticks, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		sum += ticks
	}
	return float64(sum) / clockTicks
}

// BenchmarkRest is what the daemon uses of a core between polls, when nothing happens: the built program, with
// everybody booked and calendars that are polled once an hour, from when it has come to rest.
func BenchmarkRest(b *testing.B) {
	binary := built(b)
	atScale(b, func(b *testing.B, pairs int) {
		o := newOrg(b, pairs)
		o.book()
		o.close()
		text, err := os.ReadFile(o.dir + "/holdfast.yaml")
		if err != nil {
			b.Fatal(err)
		}
		o.write("holdfast.yaml", strings.Replace(string(text), "password_file: pw", "password_file: pw, poll: 1h", 1))
		cmd, complaints := program{b, binary, o.dir}.command("run")
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		defer func() {
			_ = cmd.Process.Kill() // nobody will want its journal
			<-ended
		}()
		spend := func(while time.Duration) float64 {
			before := cpuOf(b, cmd.Process.Pid)
			select {
			case err := <-ended:
				ended <- err
				b.Fatalf("holdfast run ended: %v: %s", err, complaints)
			case <-time.After(while):
			}
			return cpuOf(b, cmd.Process.Pid) - before
		}
		spend(10 * time.Second) // its first rounds
		for spend(5*time.Second) > 0.05 {
		}
		used, runs := 0.0, 0.0
		for b.Loop() {
			used += spend(restFor)
			runs++
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(100*used/runs/restFor.Seconds(), "%-of-a-core")
	})
}
