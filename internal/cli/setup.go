package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"holdfast/config"
	"holdfast/internal/daemon"
	"holdfast/internal/demo"
	"holdfast/internal/yamlpos"
)

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{Use: "init [DIR]", Short: "Write settings and a roster to start from", Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			for _, name := range config.Starters {
				if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
					return hinted{fmt.Errorf("%s is there already; nothing was written", filepath.Join(dir, name)), "name another folder: `holdfast init DIR`"}
				}
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			for _, name := range config.Starters {
				b, err := config.Files.ReadFile(name)
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
					return err
				}
				a.printf("wrote %s\n", filepath.Join(dir, name))
			}
			a.printf("\nNext: put your people into %s and your server into %s, then `holdfast check` and `holdfast doctor`.\n",
				filepath.Join(dir, "roster.yaml"), filepath.Join(dir, "holdfast.yaml"))
			return nil
		}}
}

type problemJSON struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	What   string `json:"what"`
	Text   string `json:"text"`
}

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{Use: "check", Short: "Read settings and roster, report every problem", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var problems yamlpos.Problems
			pairs, people := 0, 0
			d, err := daemon.New(a.options())
			if err == nil {
				want, rosterErr := d.Desired(a.Clock())
				if rosterErr == nil {
					rosterErr = want.Problems
				}
				err, pairs, people = rosterErr, len(want.Series), len(want.People)
			}
			if err != nil && !errors.As(err, &problems) {
				return a.explain(err)
			}
			if len(problems) > 0 {
				a.code = exitError
			}
			if a.output == "json" {
				out := []problemJSON{}
				for _, p := range problems {
					out = append(out, problemJSON(p))
				}
				return a.json(out)
			}
			for _, p := range problems {
				a.printf("%s\n", p.Error())
			}
			if len(problems) > 0 {
				a.printf("%s.\n", count(len(problems), "problem"))
				return nil
			}
			for _, w := range d.Settings.Warnings {
				fmt.Fprintln(a.Err, "warning: "+w.Error())
			}
			a.printf("%s and the roster are good: %s, %s.\n", a.config, peopleCount(people), count(pairs, "pair"))
			return nil
		}}
}

func peopleCount(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{Use: "run", Short: "Run the daemon", Args: cobra.NoArgs,
		Long: "Makes a round at once and then keeps watching. A changed roster is read while running; SIGHUP asks for a round\n" +
			"at once; SIGTERM and Ctrl-C stop it cleanly.",
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
	once := false
	cmd := &cobra.Command{Use: "demo", Short: "Do the main job with nothing to set up", Args: cobra.NoArgs,
		Long: "Starts a calendar server on loopback with a sample org, runs the real daemon against it, and lets people move,\n" +
			"cancel, shorten and decline. Your own calendar program can join.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demo.Run(cmd.Context(), demo.Options{Once: once, Out: a.Out, Clock: a.Clock, Log: a.log})
		}}
	cmd.Flags().BoolVar(&once, "once", false, "tell the story once and end")
	return cmd
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			version, revision, goVersion := "(devel)", "", ""
			if b, ok := debug.ReadBuildInfo(); ok {
				version, goVersion = b.Main.Version, b.GoVersion
				for _, s := range b.Settings {
					if s.Key == "vcs.revision" {
						revision = s.Value
					}
				}
			}
			if a.output == "json" {
				return a.json(map[string]*string{"version": null(version), "revision": null(revision), "go": null(goVersion)})
			}
			a.printf("holdfast %s %s %s\n", version, revision, goVersion)
			return nil
		}}
}
