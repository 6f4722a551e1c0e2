package daemon

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// peer is vdirsyncer (https://vdirsyncer.pimutils.org), which keeps calendars and folders of files the same: the
// program in Debian that does with a CalDAV server what a round of Holdfast begins with, to ask every calendar what
// changed.
type peer struct {
	*testing.B
	config string
}

// newPeer has vdirsyncer keep everybody's calendar; it has read nothing yet.
func newPeer(b *testing.B, pairs int, address string) peer {
	b.Helper()
	if _, err := exec.LookPath("vdirsyncer"); err != nil {
		b.Fatal("vdirsyncer is not installed; on Debian: apt-get install vdirsyncer")
	}
	dir := b.TempDir()
	p := peer{b, filepath.Join(dir, "config")}
	var text strings.Builder
	fmt.Fprintf(&text, "[general]\nstatus_path = \"%s/status\"\n", dir)
	employ(pairs, func(id string, _, _ int) {
		fmt.Fprintf(&text, "[pair %[1]s]\na = \"%[1]s_theirs\"\nb = \"%[1]s_here\"\ncollections = null\n"+
			"[storage %[1]s_theirs]\ntype = \"caldav\"\nurl = \"http://%[2]s/calendars/%[1]s/default/\"\n"+
			"username = \"%[1]s\"\npassword = \"%[3]s\"\n"+
			"[storage %[1]s_here]\ntype = \"filesystem\"\npath = \"%[4]s/%[1]s\"\nfileext = \".ics\"\n",
			id, address, fleetPassword, dir)
		if err := os.Mkdir(filepath.Join(dir, id), 0o700); err != nil {
			b.Fatal(err)
		}
	})
	if err := os.WriteFile(p.config, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	p.run("discover")
	return p
}

// run runs one of its commands and returns the CPU seconds that it took.
func (p peer) run(command string) float64 {
	p.Helper()
	return seconds(p.B, exec.Command("vdirsyncer", "--config", p.config, "--verbosity", "WARNING", command))
}

// kept is how many objects it has.
func (p peer) kept() int {
	p.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(p.config), "*", "*.ics"))
	if err != nil {
		p.Fatal(err)
	}
	return len(files)
}

// seconds are the CPU seconds that a program takes which should succeed.
func seconds(b *testing.B, cmd *exec.Cmd) float64 {
	b.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v: %s", cmd, err, said.Bytes())
	}
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
}

// BenchmarkPeer is a round in which nothing happened beside what vdirsyncer takes to find that out of the same
// calendars on the same server. Ours is measured twice: vdirsyncer is a program that starts, and so is
// `holdfast sync`; the daemon's round stands for what runs all day.
func BenchmarkPeer(b *testing.B) {
	binary := built(b)
	atScale(b, func(b *testing.B, pairs int) {
		o := newOrg(b, pairs)
		o.book()
		o.rest()
		theirs := newPeer(b, pairs, o.address)
		theirs.run("sync")
		if kept := theirs.kept(); kept < 13*pairs {
			b.Fatalf("vdirsyncer keeps %d objects of %d pairs", kept, pairs)
		}
		var round cost
		idle, rounds := 0.0, 0.0
		for b.Loop() {
			round.measure(b, o.idle)
			idle += theirs.run("sync")
			rounds++
		}
		o.close()
		p := program{b, binary, o.dir}
		sync := func() float64 { cmd, _ := p.command("sync"); return seconds(b, cmd) }
		sync() // an hour has passed for it
		once := sync()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(round.cpu/rounds, "cpu-s/round")
		b.ReportMetric(once, "cpu-s/sync")
		b.ReportMetric(idle/rounds, "vdirsyncer-cpu-s")
		b.ReportMetric(idle/round.cpu, "vdirsyncer/round")
		b.ReportMetric(idle/rounds/once, "vdirsyncer/sync")
	})
}
