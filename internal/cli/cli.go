// Package cli holds the commands: it turns flags into calls, and what comes back into text or JSON. Text goes to
// stdout, logs and what went wrong to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"holdfast/internal/clock"
	"holdfast/internal/daemon"
	"holdfast/internal/provider"
	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
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
	Asks     bool // In is a terminal, with a person who answers
	Width    int  // columns of the terminal that Out is; 0: it is none
	ErrWidth int  // of the terminal that Err is
	Env      []string
}

// Terminal is the process's own IO.
func Terminal() IO {
	io := IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Clock: clock.System, Env: os.Environ()}
	// A terminal that does not tell how wide it is is taken for a wide one.
	width := func(f *os.File) int {
		if !term.IsTerminal(f.Fd()) {
			return 0
		}
		if w, _, err := term.GetSize(f.Fd()); err == nil && w > 0 {
			return max(w, 40)
		}
		return 1000
	}
	io.Asks = term.IsTerminal(os.Stdin.Fd())
	io.Width, io.ErrWidth = width(os.Stdout), width(os.Stderr)
	return io
}

// app is one invocation.
type app struct {
	IO
	config  string
	output  string
	verbose bool
	code    int
	log     zerolog.Logger
	bar     *bar
	said    bool // something was printed
}

// Run carries out the command that args name and returns the exit code.
func Run(ctx context.Context, args []string, io IO) int {
	a := &app{IO: io}
	// Colours are written always and taken out again where the terminal has none, or NO_COLOR is set.
	profile := colorprofile.Detect(io.Out, io.Env)
	if io.Width > 0 {
		a.Out = folder{io.Out, io.Width}
	}
	a.Out = &colorprofile.Writer{Forward: a.Out, Profile: profile}
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

// The groups of commands in the help.
const (
	groupStart  = "start"
	groupRounds = "rounds"
	groupLook   = "look"
	groupDecide = "decide"
	groupAccess = "access"
)

func init() { cobra.EnableCommandSorting = false } // not in root: several invocations may begin at once

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "holdfast",
		Short: "Keeps weekly one-on-ones where they were put",
		Long: "Holdfast books each manager/report pair of the roster a weekly slot, and from\n" +
			"then on watches: whoever moves, cancels, shortens, declines or double-books a\n" +
			"1:1, Holdfast notices, says so, and keeps the record. It never moves a meeting\n" +
			"by itself.\n\n" +
			"New here? `holdfast demo` shows all of it with nothing to set up; `holdfast\n" +
			"init` writes files to start from.\n\n" +
			"Exit codes: 0 all is well, 1 something failed, 3 something is held for a\n" +
			"person, 2 `plan --exit-code` would change something.",
		SilenceErrors: true, SilenceUsage: true, Version: version(),
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.logger(cmd.Name() == "run")
			if a.output != "text" && a.output != "json" {
				return fmt.Errorf("--output is text or json, not %q", a.output)
			}
			return nil
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return hinted{err, fmt.Sprintf("`%s --help` lists the flags", cmd.CommandPath())}
	})
	root.SetVersionTemplate("{{.Version}}\n")
	// What only prints its help runs too, but is no use of its own.
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}",
		`{{if and .Runnable (not (index .Annotations "guide"))}}`, 1))
	root.Flags().Bool("version", false, "print the version")
	f := root.PersistentFlags()
	f.StringVar(&a.config, "config", "holdfast.yaml", "the settings `file`")
	f.StringVar(&a.output, "output", "text", "text or json")
	f.BoolVar(&a.verbose, "verbose", false, "log more, to stderr")
	_ = root.MarkPersistentFlagFilename("config", "yaml", "yml")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	root.AddGroup(&cobra.Group{ID: groupStart, Title: "To start:"}, &cobra.Group{ID: groupRounds, Title: "To keep the slots:"},
		&cobra.Group{ID: groupLook, Title: "To see:"}, &cobra.Group{ID: groupDecide, Title: "To decide:"},
		&cobra.Group{ID: groupAccess, Title: "To let in, and to forget:"})
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupStart, a.demoCommand(), a.initCommand(), a.checkCommand(), a.authCommand(), a.doctorCommand(),
		a.webCommand())
	add(groupRounds, a.planCommand(), a.syncCommand(), a.runCommand())
	add(groupLook, a.statusCommand(), a.flagsCommand(), a.historyCommand(), a.noticesCommand(),
		a.forecastCommand(), a.slotsCommand())
	add(groupDecide, a.acceptCommand(), a.restoreCommand(), a.rebookCommand(), a.inviteCommand(), a.allowCommand(),
		a.calendarCommand())
	add(groupAccess, a.tokenCommand(), a.personCommand())
	root.AddCommand(a.versionCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	guide(root)
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.RunE, c.Run = helpTopic, nil
		}
	}
	return root
}

// guide makes the command, and all below it, that have nothing to do but their subcommands, print their help, and
// fail on a subcommand that there is not.
func guide(c *cobra.Command) {
	for _, sub := range c.Commands() {
		guide(sub)
	}
	c.SuggestionsMinimumDistance = 2
	if c.HasSubCommands() && !c.Runnable() {
		c.Args, c.Annotations = cobra.ArbitraryArgs, map[string]string{"guide": "true"}
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return noCommand(cmd, args[0])
		}
	}
}

// noCommand is the error about a subcommand of c that there is not.
func noCommand(c *cobra.Command, name string) error {
	next := fmt.Sprintf("`%s --help` lists the commands", c.CommandPath())
	if s := c.SuggestionsFor(name); len(s) > 0 {
		next = fmt.Sprintf("did you mean `%s %s`?", c.CommandPath(), s[0])
	}
	path := strings.TrimPrefix(c.CommandPath()+" "+name, c.Root().Name()+" ")
	return hinted{fmt.Errorf("there is no command %q", path), next}
}

// helpTopic prints the help of the command that args name.
func helpTopic(cmd *cobra.Command, args []string) error {
	c, rest, err := cmd.Root().Find(args)
	if err == nil && len(rest) > 0 && c.HasSubCommands() {
		err = noCommand(c, rest[0])
	}
	if err != nil {
		return err
	}
	c.InitDefaultHelpFlag()
	return c.Help()
}

// logger sends logs to stderr: for people on a terminal, as JSON else. Commands that end by themselves tell what is
// wrong in their own words; they log only when asked to.
func (a *app) logger(daemon bool) {
	level := zerolog.Disabled
	if daemon {
		level = zerolog.InfoLevel
	}
	if a.verbose {
		level = zerolog.DebugLevel
	}
	var w io.Writer = a.Err
	if a.ErrWidth > 0 {
		w = zerolog.ConsoleWriter{Out: a.Err, TimeFormat: "15:04:05"}
	}
	a.log = zerolog.New(w).Level(level).Hook(zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		e.Time(zerolog.TimestampFieldName, a.Clock())
	}))
}

// fail tells the person at the terminal what did not work.
func (a *app) fail(err error) {
	text, next := err.Error(), provider.HintOf(err)
	var h hinted
	var problems yamlpos.Problems
	switch {
	case errors.Is(err, context.Canceled):
		text, next = "interrupted", "what was written stays; the next round goes on from there"
	case errors.As(err, &h):
		next = h.hint
	case errors.As(err, &problems):
		text = fmt.Sprintf("%s in the files:\n%v", a.say().Count(len(problems), "problem"), problems)
		next = "nothing was done; `holdfast check` reads them again"
	}
	a.errorf("holdfast: %s\n", text)
	if next != "" {
		a.errorf("hint: %s\n", next)
	}
}

// hinted is an error with what to do next.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// need makes a command take exactly one argument of that kind.
func need(what, example string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return hinted{fmt.Errorf("%s needs one %s", strings.TrimPrefix(cmd.CommandPath(), "holdfast "), what), fmt.Sprintf("like `%s %s`", cmd.CommandPath(), example)}
	}
}

// only tells which pairs the arguments name: a pair, all of a person, or all there are. What the roster does not have
// is an error, unless past says that something is recorded of the pair.
func (a *app) only(d *daemon.App, args []string, past ...series.Pair) (func(series.Pair) bool, error) {
	if len(args) == 0 {
		return func(series.Pair) bool { return true }, nil
	}
	name := args[0]
	named := func(p series.Pair) bool { return p.String() == name || p.Has(name) }
	if slices.ContainsFunc(past, named) {
		return named, nil
	}
	want, err := d.Desired(a.Clock())
	switch _, person := want.People[name]; {
	case err != nil:
		return nil, err
	case slices.ContainsFunc(want.Series, func(s series.Series) bool { return named(s.Pair) }):
		return named, nil
	case person:
		return nil, hinted{fmt.Errorf("%s has no 1:1 in the roster", name),
			"`one_on_ones:` in the roster lists who meets whom"}
	}
	what := "pair or person"
	if strings.Contains(name, "/") {
		what = "pair"
	}
	return nil, unknown(what, name, slices.Concat(pairs(want), slices.Collect(maps.Keys(want.People))))
}

// atMost makes a command take so many arguments, or none.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return hinted{fmt.Errorf("too many arguments: %s", strings.Join(args[n:], " ")),
			fmt.Sprintf("`%s --help` shows which there are", cmd.CommandPath())}
	}
}

// open opens the program for the settings file.
func (a *app) open(ctx context.Context) (*daemon.App, error) { return a.opened(ctx, a.options()) }

// reading is open for a command that only shows something: it makes no journal.
func (a *app) reading(ctx context.Context) (*daemon.App, error) {
	o := a.options()
	// A folder that is not there is a mistake in the settings, not a journal that is still to be made.
	if d, err := daemon.New(o); err == nil {
		_, err = os.Stat(filepath.Dir(d.Settings.Database))
		o.Reading = err == nil
	}
	return a.opened(ctx, o)
}

func (a *app) opened(ctx context.Context, o daemon.Options) (*daemon.App, error) {
	d, err := daemon.Open(ctx, o)
	if err == nil {
		return d, nil
	}
	if _, err := daemon.New(a.options()); err != nil {
		return nil, a.explain(err)
	}
	if provider.HintOf(err) != "" {
		return nil, err
	}
	return nil, hinted{err, "`database:` in the settings says where the journal is; a broken one can be moved away: that costs history, never a meeting"}
}

func (a *app) options() daemon.Options {
	o := daemon.Options{Config: a.config, Clock: a.Clock, Log: a.log}
	if a.bar != nil {
		o.Progress = a.bar.set
	}
	return o
}

// explain adds what to do about settings that are not there.
func (a *app) explain(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return hinted{err, "`holdfast init` writes files to start from; --config names another place"}
	}
	return err
}
