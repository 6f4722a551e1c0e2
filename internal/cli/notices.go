package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"holdfast/internal/access"
	"holdfast/internal/channel"
	"holdfast/internal/daemon"
	"holdfast/internal/drift"
	"holdfast/internal/notify"
	"holdfast/internal/outbox"
	"holdfast/internal/reconcile"
	"holdfast/internal/say"
	"holdfast/internal/series"
	"holdfast/internal/wire"
)

// admins is what those channels are called on the command line that are told of the daemon itself.
const admins = "admins"

// noticeDays is how far back notices are shown where nothing else is asked for.
const noticeDays = 14

func (a *app) noticesCommand() *cobra.Command {
	since := ""
	cmd := &cobra.Command{Use: "notices [PAIR|PERSON]", Short: "Show what people were told, and what not, and why",
		Args: atMost(1), ValidArgsFunction: a.completeReaders,
		Long: "Shows what was told in the last two weeks, when, to whom and by which channel;\n" +
			"and what was not: what waits and until when, what could not be sent, and what a\n" +
			"rule keeps from being told. Of a pair it is what both were told; `admins` are\n" +
			"the channels of the settings. It reads the journal alone.",
		Example: "  holdfast notices\n  holdfast notices mia/raj\n  holdfast notices admins --since 2026-11-01",
		RunE: func(cmd *cobra.Command, args []string) error {
			from := a.Clock().AddDate(0, 0, -noticeDays)
			if since != "" {
				day, err := series.ParseDate(since)
				if err != nil {
					return fmt.Errorf("--since: %w", err)
				}
				from = series.Instant(day, 0, "UTC")
			}
			d, err := a.reading(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			all, err := a.noticed(cmd, d, args, from)
			if err != nil {
				return err
			}
			a.visit(cmd.Context(), d, access.TheNotices, pairsOf(all, func(e outbox.Entry) series.Pair { return e.Pair }))
			if a.output == "json" {
				return a.json(wire.List(all, a.noticeJSON))
			}
			a.noticesText(d, all)
			return nil
		}}
	cmd.Flags().StringVar(&since, "since", "", "from this `date` on")
	cmd.AddCommand(a.previewCommand(), a.testCommand())
	return cmd
}

// noticed are the notices of what args name.
func (a *app) noticed(cmd *cobra.Command, d *daemon.App, args []string, since time.Time) ([]outbox.Entry, error) {
	of := strings.Join(args, "")
	all, err := d.Noticed(cmd.Context(), of, since)
	if err != nil || of == admins {
		return all, err
	}
	var past []series.Pair
	for _, e := range all {
		if e.Pair != (series.Pair{}) {
			past = append(past, e.Pair)
		}
	}
	_, err = a.only(d, args, past...)
	if err != nil && len(cmd.SuggestionsFor(of)) > 0 {
		return nil, hinted{err, "did you mean `holdfast notices " + cmd.SuggestionsFor(of)[0] + "`?"}
	}
	return all, err
}

// noChannel is what commands about notices say where there can be none.
const noChannel = "Nobody is told anything: the settings name no channel. `notify:` names them, as the README shows."

func (a *app) noticesText(d *daemon.App, all []outbox.Entry) {
	if !d.Tells() {
		a.printf("%s\n", noChannel)
	}
	var told, rest []outbox.Entry
	for _, e := range all {
		if e.State == outbox.Told {
			told = append(told, e)
		} else {
			rest = append(rest, e)
		}
	}
	var rows [][]string
	for _, e := range told {
		rows = append(rows, []string{a.here(e.At), bold.Render(e.Reader), a.by(e.Reader, e.Channel), a.pairOf(e), a.about(e)})
	}
	if len(rows) > 0 {
		a.gap()
		a.table([]string{"TOLD", "TO", "BY", "PAIR", "ABOUT"}, rows)
	}
	a.untoldText(rest)
	if len(all) == 0 && d.Tells() {
		a.printf("Nothing was told, and nothing waits to be.\n")
	}
}

// untoldText prints what was not told, and why.
func (a *app) untoldText(all []outbox.Entry) {
	if len(all) == 0 {
		return
	}
	style := map[outbox.State]func(string) string{outbox.Waiting: cyan.Render, outbox.Unsent: red.Render,
		outbox.Untold: dim.Render}
	var rows [][]string
	for _, e := range all {
		until := "-"
		if !e.Until.IsZero() {
			until = a.here(e.Until)
		}
		rows = append(rows, []string{
			a.here(e.At),
			bold.Render(e.Reader),
			style[e.State](string(e.State)),
			until,
			a.pairOf(e),
			a.about(e) + "\n" + dim.Render(a.say().Because(e.Because)),
		})
	}
	a.gap()
	a.table([]string{"SINCE", "TO", "STATE", "UNTIL", "PAIR", "ABOUT"}, rows)
}

// here is a moment on the clock of the terminal.
func (a *app) here(t time.Time) string { return a.say().When(t.In(a.Clock().Location())) }

// by is what the channel is called; that of admins is the reader itself.
func (a *app) by(reader, channel string) string {
	if reader == channel {
		return "-"
	}
	return a.say().Channel(channel)
}

func (a *app) pairOf(e outbox.Entry) string { return cmp.Or(e.Pair.String(), "-") }

// about is what the notice is about.
func (a *app) about(e outbox.Entry) string {
	m := e.Matter
	x := say.About{Kind: string(m.Kind), Flag: m.Flag, Text: m.Says, Day: e.Meeting, Over: e.Over}
	switch {
	case m.Kind == notify.Failed:
		x.Text = a.say().Channel(m.Says)
	case m.Kind == "" && (e.Kind == notify.Prepare || e.Kind == notify.Digest && e.Key == ""):
		x.Kind = string(e.Kind)
	}
	return a.say().About(x)
}

func (a *app) noticeJSON(e outbox.Entry) wire.Notice {
	return wire.Notice{
		Reader:  e.Reader,
		At:      wire.Time(e.At),
		Channel: wire.Null(e.Channel),
		Kind:    wire.Null(string(e.Kind)),
		Pair:    wire.Null(e.Pair.String()),
		About:   a.about(e),
		State:   string(e.State),
		Because: wire.Null(e.Because),
		Until:   wire.Time(e.Until),
	}
}

func (a *app) previewCommand() *cobra.Command {
	return &cobra.Command{Use: "preview [PAIR|PERSON]", Short: "Print the messages that would go out now; send nothing",
		Args: atMost(1), ValidArgsFunction: a.completeReaders,
		Long: "Prints in full each message that would go out now, to whom and by which\n" +
			"channel, and what waits. Nothing is sent; the links that it prints do nothing.",
		Example: "  holdfast notices preview\n  holdfast notices preview mia/raj",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.reading(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			rest, err := a.noticed(cmd, d, args, a.Clock())
			if err != nil {
				return err
			}
			drafts, err := d.Preview(cmd.Context())
			if err != nil {
				return err
			}
			of := strings.Join(args, "")
			drafts = slices.DeleteFunc(drafts, func(x outbox.Draft) bool { return of != "" && !concerns(x, of) })
			a.visit(cmd.Context(), d, access.TheNotices, slices.Concat(pairsOf(drafts, draftPairs)...))
			if a.output == "json" {
				return a.json(wire.List(drafts, draftJSON))
			}
			if !d.Tells() {
				a.printf("%s\n", noChannel)
				return nil
			}
			for _, x := range drafts {
				a.gap()
				a.draftText(x)
			}
			if len(drafts) == 0 {
				a.printf("No message would go out now.\n")
			}
			a.untoldText(slices.DeleteFunc(rest, func(e outbox.Entry) bool {
				return e.State == outbox.Told || e.State == outbox.Untold || e.Because == string(outbox.Due)
			}))
			return nil
		}}
}

// concerns reports whether the message is to that reader, or about that pair.
func concerns(x outbox.Draft, of string) bool {
	n := x.Notice
	return n.Reader == of || of == admins && strings.HasPrefix(n.Reader, admins+":") ||
		slices.ContainsFunc(n.Items, func(i notify.Item) bool { return i.Matter.Pair.String() == of }) ||
		slices.ContainsFunc(n.Meetings, func(m notify.Meeting) bool { return m.Pair.String() == of })
}

// draftPairs are the pairs that the message is about.
func draftPairs(x outbox.Draft) []series.Pair {
	return slices.Concat(pairsOf(x.Notice.Items, func(i notify.Item) series.Pair { return i.Matter.Pair }),
		pairsOf(x.Notice.Meetings, func(m notify.Meeting) series.Pair { return m.Pair }))
}

func (a *app) draftText(x outbox.Draft) {
	m := x.Message
	subject := m.Subject
	if m.Thread.Reply {
		subject = "Re: " + m.Thread.Subject
	}
	a.printf("%s\n", bold.Render("To "+x.Notice.Reader+" by "+a.way(x.Channel, m.To)))
	a.printf("%s\n\n", bold.Render("Subject: "+subject))
	for line := range strings.Lines(m.Text) {
		if line = strings.TrimRight(line, "\n"); line != "" {
			line = "  " + line
		}
		a.printf("%s\n", line)
	}
}

// way is the channel, with the address at which it reaches somebody.
func (a *app) way(channel, address string) string {
	if strings.HasPrefix(channel, admins+":") {
		return address
	}
	return a.say().Channel(channel) + " at " + address
}

func draftJSON(x outbox.Draft) wire.Draft {
	return wire.Draft{
		Reader:  x.Notice.Reader,
		Channel: x.Channel,
		To:      x.Message.To,
		Kind:    string(x.Notice.Kind),
		Subject: x.Message.Subject,
		Text:    x.Message.Text,
	}
}

func (a *app) testCommand() *cobra.Command {
	anyhow := false
	cmd := &cobra.Command{Use: "test PERSON", Short: "Send one test message", Args: need("person", "mia"),
		ValidArgsFunction: a.completeTested,
		Long: "Sends a test message at once, by the first of the person's channels that takes\n" +
			"it; with `admins` to each of theirs. Whether it arrives only the person sees. A\n" +
			"channel that was found not to reach them, and takes it, is used again. At night,\n" +
			"and outside their working hours, it is not sent, unless with --now.",
		Example: "  holdfast notices test mia\n  holdfast notices test admins --now",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer d.Close()
			readers, err := a.tested(d, args[0])
			if err != nil {
				return err
			}
			out := []wire.Tried{}
			for _, r := range readers {
				tries, waits, err := d.TestMessage(cmd.Context(), r, anyhow)
				if err != nil {
					return err
				}
				if n := len(tries); n == 0 || tries[n-1].Err != nil {
					a.code = exitError
				}
				if a.output == "text" {
					a.triesText(r.Person.ID, tries, waits)
				}
				out = append(out, triesJSON(r.Person.ID, tries, waits)...)
			}
			if a.output == "json" {
				return a.json(out)
			}
			return nil
		}}
	cmd.Flags().BoolVar(&anyhow, "now", false, "at night too, and though they had as many messages as they may have")
	return cmd
}

// tested are those whom a test of that name goes to: some.
func (a *app) tested(d *daemon.App, name string) ([]outbox.Reader, error) {
	if !d.Tells() {
		return nil, hinted{fmt.Errorf("the settings name no channel"), "`notify:` names them, as the README shows"}
	}
	readers, err := d.ReadersOf(name)
	if err != nil {
		return nil, err
	}
	want, err := d.Desired(a.Clock())
	_, known := want.People[name]
	switch {
	case len(readers) > 0 && len(readers[0].Channels) > 0:
		return readers, nil
	case name == admins:
		return nil, hinted{fmt.Errorf("the settings name no channel of admins"), "`admins:` in `notify:` names them"}
	case err != nil:
		return nil, err
	case !known:
		var people []string
		for id := range want.People {
			people = append(people, id)
		}
		return nil, unknown("person", name, append(people, admins))
	}
	return nil, hinted{fmt.Errorf("%s has no channel", name),
		"`notices:` at them, or in `defaults:`, names one that `notify:` in the settings has"}
}

func (a *app) triesText(reader string, tries []outbox.Try, waits notify.Waiting) {
	if waits.Because != "" {
		until := ""
		if !waits.Until.IsZero() {
			until = "; it may be sent from " + a.here(waits.Until) + " on"
		}
		a.errorf("holdfast: nothing was sent to %s: %s%s\n", reader, a.say().Because(string(waits.Because)), until)
		a.errorf("hint: --now sends it all the same\n")
	}
	for _, t := range tries {
		way := a.way(t.Channel, t.Address)
		if t.Err == nil {
			a.printf("%s: accepted by %s; look whether it arrives.\n", bold.Render(reader), way)
			continue
		}
		a.errorf("holdfast: %s: not accepted by %s: %v\n", reader, way, t.Err)
		if text := channel.SaidOf(t.Err); text != "" {
			a.errorf("  the server says: %s\n", text)
		}
		if hint := channel.HintOf(t.Err); hint != "" {
			a.errorf("hint: %s\n", hint)
		}
	}
}

func triesJSON(reader string, tries []outbox.Try, waits notify.Waiting) (out []wire.Tried) {
	if waits.Because != "" {
		return []wire.Tried{{Reader: reader, Because: wire.Null(string(waits.Because)), Until: wire.Time(waits.Until)}}
	}
	for _, t := range tries {
		x := wire.Tried{Reader: reader, Channel: wire.Null(t.Channel), To: wire.Null(t.Address), Accepted: t.Err == nil}
		if t.Err != nil {
			x.Error, x.Said = wire.Null(t.Err.Error()), wire.Null(channel.SaidOf(t.Err))
			x.Hint = wire.Null(channel.HintOf(t.Err))
		}
		out = append(out, x)
	}
	return out
}

// toldLines are what the two of the pair were told of each of the flags, by its id.
func (a *app) toldLines(s reconcile.Status, all []outbox.Entry) func(drift.Flag) []string {
	return func(f drift.Flag) (out []string) {
		for i, id := range []string{s.Pair.Manager, s.Pair.Report} {
			var last, open *outbox.Entry
			for j := range all {
				switch e := &all[j]; {
				case e.Reader != id || e.Key != f.ID():
				case e.State == outbox.Told || e.Because == string(outbox.FirstRound) || e.Because == string(outbox.GivenUp):
					last = e
				default:
					open = e
				}
			}
			for _, e := range []*outbox.Entry{last, open} {
				if e != nil {
					loc := a.Clock().Location()
					n := say.Noticed{
						Name:    cmp.Or(s.Person[i], id),
						State:   string(e.State),
						Channel: e.Channel,
						At:      e.At.In(loc),
						Because: e.Because,
					}
					if !e.Until.IsZero() {
						n.Until = e.Until.In(loc)
					}
					out = append(out, a.say().Noticed(n))
				}
			}
		}
		return out
	}
}

// completeReaders completes all who are told something, and pairs.
func (a *app) completeReaders(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	out, directive := a.completeNames(cmd, args, prefix)
	return withAdmins(out, args, prefix), directive
}

func (a *app) completeTested(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	out, directive := a.completePeople(cmd, args, prefix)
	return withAdmins(out, args, prefix), directive
}

func withAdmins(out, args []string, prefix string) []string {
	if len(args) == 0 && strings.HasPrefix(admins, prefix) {
		out = append(out, admins+"\tthe channels that are told of the daemon itself")
	}
	return out
}
