package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"holdfast/config"
	"holdfast/internal/daemon"
	"holdfast/internal/demo"
	"holdfast/internal/reconcile"
	"holdfast/internal/tzdata"
	"holdfast/internal/wire"
	"holdfast/internal/yamlpos"
)

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{Use: "init [DIR]", Short: "Write settings and a roster to start from", Args: atMost(1),
		Long: "Writes holdfast.yaml, roster.yaml and the schemas by which editors complete\n" +
			"and check them. Overwrites nothing.",
		Example: "  holdfast init\n  holdfast init /etc/holdfast",
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			written := []string{}
			for _, name := range config.Starters {
				if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
					return hinted{fmt.Errorf("%s is there already; nothing was written", filepath.Join(dir, name)), "name another folder: `holdfast init DIR`"}
				}
				written = append(written, filepath.Join(dir, name))
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			for i, name := range config.Starters {
				b, err := config.Files.ReadFile(name)
				if err == nil {
					err = os.WriteFile(written[i], b, 0o644)
				}
				if err != nil {
					return err
				}
			}
			if a.output == "json" {
				return a.json(wire.Files{Files: written})
			}
			a.printf("Wrote %s.\n\nNext:\n", a.say().List(written))
			flag := ""
			if dir != "." {
				flag = " --config " + filepath.Join(dir, "holdfast.yaml")
			}
			for i, step := range []string{
				"your calendar server into " + filepath.Join(dir, "holdfast.yaml") + ", its password alone into " + filepath.Join(dir, "secrets", "dav") + "; for Google see the README",
				"your people, and who meets whom, into " + filepath.Join(dir, "roster.yaml"),
				"`holdfast check" + flag + "`, then `holdfast doctor" + flag + "`, then `holdfast plan" + flag + "`",
			} {
				a.printf("  %d. %s\n", i+1, step)
			}
			return nil
		}}
}

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{Use: "check", Short: "Read settings and roster, report every problem", Args: atMost(0),
		Long: "Reads both files and reports every problem with its line. No calendar is\n" +
			"asked: that is what `holdfast doctor` is for.",
		RunE: func(*cobra.Command, []string) error {
			var problems, warnings yamlpos.Problems
			var want reconcile.Desired
			d, err := daemon.New(a.options())
			if err == nil {
				if want, err = d.Desired(a.Clock()); err == nil {
					err = want.Problems
				}
				warnings = d.Warnings()
			}
			if err != nil && !errors.As(err, &problems) {
				return a.explain(err)
			}
			if len(problems) > 0 {
				a.code = exitError
			}
			if a.output == "json" {
				as := func(severity string) func(yamlpos.Problem) wire.Problem {
					return func(p yamlpos.Problem) wire.Problem {
						return wire.Problem{File: p.File, Line: p.Line, Column: p.Column, What: p.What, Text: p.Text, Severity: severity}
					}
				}
				return a.json(append(wire.List(problems, as("error")), wire.List(warnings, as("warning"))...))
			}
			if d != nil {
				a.warn(d, slices.Collect(maps.Values(want.People)), true)
			}
			for _, p := range problems {
				a.printf("%s\n", p.Error())
			}
			if len(problems) > 0 {
				a.printf("%s: nothing will be written until that is mended.\n", a.say().Count(len(problems), "problem"))
				return nil
			}
			people, pairs := a.say().Count(len(want.People), "person"), a.say().Count(len(want.Series), "pair")
			a.printf("%s and the roster are good: %s, %s.\n", a.config, people, pairs)
			return nil
		}}
}

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{Use: "run", Short: "Run the daemon", Args: atMost(0),
		Long: "Makes a round at once and then keeps watching. A changed roster is read while\n" +
			"running; SIGHUP asks for a round at once; SIGTERM and Ctrl-C stop it cleanly.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			hup := make(chan os.Signal, 1)
			signal.Notify(hup, syscall.SIGHUP)
			defer signal.Stop(hup)
			wake := make(chan struct{})
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					select {
					case <-ctx.Done():
						return
					case <-hup:
						select {
						case wake <- struct{}{}:
						case <-ctx.Done():
						}
					}
				}
			}()
			err = d.Run(ctx, wake)
			cancel()
			<-done
			return err
		}}
}

func (a *app) demoCommand() *cobra.Command {
	once, google := false, false
	cmd := &cobra.Command{Use: "demo", Short: "Do the main job with nothing to set up", Args: atMost(0),
		Long: "Starts a calendar server on loopback with a sample org, runs the real daemon\n" +
			"against it, and lets people move, cancel, shorten and decline. Your own\n" +
			"calendar program can join. With --google a stand-in for Google Calendar takes\n" +
			"the server's place.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := demo.Options{Once: once, Google: google, Out: a.Out, Command: command(),
				Daemon: daemon.Options{Clock: a.Clock, Log: a.log, Version: version()}}
			if !once {
				o.After = time.After
			}
			return demo.Run(cmd.Context(), o)
		}}
	cmd.Flags().BoolVar(&once, "once", false, "tell the story once and end")
	cmd.Flags().BoolVar(&google, "google", false, "on a stand-in for Google Calendar, not on a CalDAV server")
	return cmd
}

// command is how a shell starts this program.
func command() string {
	self, err := os.Executable()
	if found, lookErr := exec.LookPath("holdfast"); err != nil || lookErr == nil && same(found, self) {
		return "holdfast"
	}
	return self
}

// same reports whether both names lead to one file.
func same(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: atMost(0),
		RunE: func(*cobra.Command, []string) error {
			if a.output == "json" {
				b := build()
				zones, _ := tzdata.Releases()
				return a.json(wire.Version{
					Go:           wire.Null(b[2]),
					Revision:     wire.Null(b[1]),
					Version:      wire.Null(b[0]),
					ZoneData:     zones.Version,
					ZoneDataFrom: zones.From,
				})
			}
			a.printf("%s\n", version())
			return nil
		}}
}

// version is the program with its build and the zone data that it uses, for people.
func version() string {
	b := build()
	return "holdfast " + strings.Join(slices.DeleteFunc(b[:], func(s string) bool { return s == "" }), " ") +
		"\nzone data " + tzdata.Described()
}

// build is the program's version, the revision it was made from, and the Go that made it; "" where that is not known.
func build() [3]string {
	out := [3]string{"(devel)"}
	if b, ok := debug.ReadBuildInfo(); ok {
		out[0], out[2] = b.Main.Version, b.GoVersion
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				out[1] = s.Value
			}
		}
	}
	return out
}
