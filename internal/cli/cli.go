// Package cli holds the commands: it turns flags into calls, and what comes back into text or JSON. Text goes to stdout,
// logs to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/colorprofile"
	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"holdfast/internal/clock"
	"holdfast/internal/daemon"
	"holdfast/internal/series"
)

// The exit codes.
const (
	exitOK      = 0
	exitError   = 1
	exitChanges = 2 // plan --exit-code: something would change
	exitHeld    = 3
)

// IO is where a command reads and writes, and the clock it goes by.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
	Clock    clock.Clock
	OutTTY   bool // Out is a terminal
	ErrTTY   bool
	Env      []string
}

// Terminal is the process's own IO.
func Terminal() IO {
	return IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Clock: clock.System, Env: os.Environ(),
		OutTTY: isatty.IsTerminal(os.Stdout.Fd()), ErrTTY: isatty.IsTerminal(os.Stderr.Fd())}
}

// app is one invocation.
type app struct {
	IO
	config  string
	output  string
	verbose bool
	code    int
	log     zerolog.Logger
}

// Run carries out the command that args name and returns the exit code.
func Run(ctx context.Context, args []string, io IO) int {
	a := &app{IO: io}
	// Colours are written always and taken out again where the terminal has none, or NO_COLOR is set.
	a.Out = &colorprofile.Writer{Forward: io.Out, Profile: colorprofile.Detect(io.Out, io.Env)}
	root := a.root()
	root.SetArgs(args)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetIn(a.In)
	if err := root.ExecuteContext(ctx); err != nil {
		a.fail(err)
		return exitError
	}
	return a.code
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "holdfast",
		Short: "Keeps weekly one-on-ones where they were put",
		Long: "Holdfast books each manager/report pair of the roster a weekly slot, and from then on watches: whoever moves,\n" +
			"cancels, shortens, declines or double-books a 1:1, Holdfast notices, says so, and keeps the record.\n" +
			"It never moves a meeting by itself.",
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.logger(cmd.Name() == "run")
			if a.output != "text" && a.output != "json" {
				return fmt.Errorf("--output is text or json, not %q", a.output)
			}
			return nil
		},
	}
	f := root.PersistentFlags()
	f.StringVar(&a.config, "config", "holdfast.yaml", "the settings `file`")
	f.StringVar(&a.output, "output", "text", "text or json")
	f.BoolVar(&a.verbose, "verbose", false, "log more")
	_ = root.MarkPersistentFlagFilename("config", "yaml", "yml")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	root.AddCommand(a.initCommand(), a.checkCommand(), a.doctorCommand(), a.planCommand(), a.syncCommand(), a.runCommand(),
		a.statusCommand(), a.flagsCommand(), a.historyCommand(), a.acceptCommand(), a.restoreCommand(), a.allowCommand(),
		a.forecastCommand(), a.demoCommand(), a.versionCommand())
	return root
}

// logger sends logs to stderr: for people on a terminal, as JSON else. Commands that end by themselves log only what is wrong.
func (a *app) logger(daemon bool) {
	level := zerolog.WarnLevel
	if daemon {
		level = zerolog.InfoLevel
	}
	if a.verbose {
		level = zerolog.DebugLevel
	}
	var w io.Writer = a.Err
	if a.ErrTTY {
		w = zerolog.ConsoleWriter{Out: a.Err, TimeFormat: "15:04:05"}
	}
	zerolog.TimestampFunc = a.Clock
	a.log = zerolog.New(w).Level(level).With().Timestamp().Logger()
}

// fail tells the person at the terminal what did not work.
func (a *app) fail(err error) {
	for i, line := range strings.Split(err.Error(), "\n") {
		if i == 0 {
			line = "holdfast: " + line
		}
		fmt.Fprintln(a.Err, line)
	}
	if h := hint(err); h != "" {
		fmt.Fprintln(a.Err, "hint: "+h)
	}
}

// hinted is an error with what to do next.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

func hint(err error) string {
	var h hinted
	if errors.As(err, &h) {
		return h.hint
	}
	return ""
}

// open opens the program for the settings file.
func (a *app) open(ctx context.Context) (*daemon.App, error) {
	d, err := daemon.Open(ctx, a.options())
	return d, a.explain(err)
}

func (a *app) options() daemon.Options {
	return daemon.Options{Config: a.config, Clock: a.Clock, Log: a.log, Progress: a.progress()}
}

func (a *app) explain(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return hinted{err, "`holdfast init` writes files to start from; --config names another place"}
	}
	return err
}

// pairOf finds the pair that a person named.
func pairOf(d *daemon.App, now clock.Clock, name string) (series.Pair, error) {
	p, err := series.ParsePair(name)
	if err != nil {
		return p, err
	}
	want, err := d.Desired(now())
	if err != nil {
		return p, err
	}
	for _, s := range want.Series {
		if s.Pair == p {
			return p, nil
		}
	}
	return p, hinted{fmt.Errorf("the roster has no pair %s", name), "`holdfast status` lists the pairs"}
}
