// Package settings reads the daemon's own YAML: calendars and their credentials, database, policy, notices, web. It
// hands over only valid values, or all problems with their places. It is read at start.
package settings

import (
	"cmp"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/plan"
	"holdfast/internal/series"
	"holdfast/internal/textfile"
	"holdfast/internal/yamlpos"
)

// Settings are those of one daemon.
type Settings struct {
	Path      string // of the file
	Digest    string // of its text
	Dir       string // the file's folder: other paths are relative to it
	Org       string
	Roster    []yamlpos.Text      // names and globs relative to Dir, for roster.NewSource
	Database  string              // path of the SQLite file, relative ones already below Dir
	KeepDays  int                 // for how many days the record is kept
	Calendars map[string]Calendar // by name
	Policy    plan.Policy
	Notify    Notify
	Holidays  bool   // nobody meets on holidays
	Listen    string // address at which the daemon answers; "" for none
	URL       string // how browsers reach it, without a slash at the end; "" for not at all
	Web       Web

	// Warnings are what works and yet should not stay so.
	Warnings yamlpos.Problems
}

// CalendarNames are the names that people of the roster may have as calendar, true for those at Google.
func (s Settings) CalendarNames() map[string]bool {
	names := map[string]bool{}
	for n, c := range s.Calendars {
		names[n] = c.Kind == KindGoogle
	}
	return names
}

// Load reads the file at path. The error is yamlpos.Problems, or that the file cannot be read.
func Load(path string) (Settings, error) {
	data, err := textfile.Read(path, maxFile)
	if err != nil {
		return Settings{}, fmt.Errorf("settings: %w", &fs.PathError{Op: "open", Path: path, Err: err})
	}
	return Parse(path, data, os.LookupEnv)
}

// Parse reads the text of the file that stands at path; env looks up ${NAME}.
func Parse(path string, data []byte, env func(string) (string, bool)) (Settings, error) {
	var f File
	p := parser{dir: filepath.Dir(path), env: env, Problems: yamlpos.Decode(path, data, &f)}
	s := Settings{
		Path:      path,
		Digest:    series.Digest(string(data)),
		Dir:       p.dir,
		Org:       f.Org.V,
		Roster:    f.Roster,
		Calendars: map[string]Calendar{},
	}
	if t := f.Org; t.Given() && !orgPattern.MatchString(t.V) {
		p.Add(t.Pos, "org", "%q is not an org: want lower-case letters, digits, dots and -, at most 64", t.V)
	}
	for _, t := range f.Roster {
		if _, err := filepath.Match(t.V, ""); err != nil {
			p.Add(t.Pos, "roster", "%q is neither a file nor a glob", t.V)
		}
	}
	if f.Roster != nil && len(f.Roster) == 0 {
		p.Add(yamlpos.Pos{File: path, Line: 1, Column: 1}, "roster", "the list of roster files is empty")
	}
	s.Database = p.database(f.Database)
	s.KeepDays = p.retention(f.Retention)
	for _, e := range f.Calendars {
		s.Calendars[e.Key.V] = p.calendar(e.Key, e.Value)
	}
	s.Policy, s.Holidays = p.policy(f.Policy), f.Policy.Holidays.V != "keep"
	s.Notify = p.notify(f.Notify)
	p.web(f.Web, &s)
	if err := p.Err(); err != nil {
		return Settings{}, err
	}
	s.Warnings = p.warnings
	return s, nil
}

var orgPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)

type parser struct {
	yamlpos.Problems
	warnings yamlpos.Problems
	dir      string
	env      func(string) (string, bool)
}

// path is where a path of the file leads.
func (p *parser) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.dir, name)
}

const sqlite = "sqlite:"

func (p *parser) database(t yamlpos.Text) string {
	text := cmp.Or(p.expand("database", t), sqlite+"holdfast.db")
	file, ok := strings.CutPrefix(text, sqlite)
	switch {
	case strings.HasPrefix(text, "postgres:") || strings.HasPrefix(text, "postgresql:"):
		p.Add(t.Pos, "database", "PostgreSQL is not supported by this version: use sqlite:FILE")
	case !ok || file == "":
		p.Add(t.Pos, "database", "want sqlite:FILE")
	}
	return p.path(file)
}

// The limits of retention, in days: what is told depends on what the last weeks had.
const (
	keepDays  = 730
	keepLeast = 90
	keepMost  = 3650
)

// retention is for how many days the record is kept; twelve months are 365.
func (p *parser) retention(t yamlpos.Text) int {
	if !t.Given() {
		return keepDays
	}
	n, err := strconv.Atoi(strings.TrimRight(t.V, "dmo"))
	switch {
	case strings.HasSuffix(t.V, "mo"):
		n = (n*365 + 11) / 12
	case !strings.HasSuffix(t.V, "d"):
		err = strconv.ErrSyntax
	}
	if err != nil || n < keepLeast || n > keepMost {
		p.Add(t.Pos, "retention", "%q is no length like 730d or 24mo, at least %dd and at most %dd", t.V, keepLeast, keepMost)
	}
	return n
}

var envPattern = regexp.MustCompile(`\$\{([^}]*)\}`)

// expand replaces each ${NAME} by the variable of that name, and ${NAME:-TEXT} by TEXT where that is not set or empty.
func (p *parser) expand(what string, t yamlpos.Text) string {
	return envPattern.ReplaceAllStringFunc(t.V, func(ref string) string {
		name, otherwise, given := strings.Cut(ref[2:len(ref)-1], ":-")
		switch v, ok := p.env(name); {
		case given && v == "":
			return otherwise
		case ok:
			return v
		case name == "STATE_DIRECTORY" || name == "CREDENTIALS_DIRECTORY":
			p.Add(t.Pos, what, "environment variable %q is not set: systemd sets it for the service alone; "+
				"for commands in a shell write the path, or ${%s:-/the/path}", name, name)
		default:
			p.Add(t.Pos, what, "environment variable %q is not set", name)
		}
		return ""
	})
}

func (p *parser) policy(f FilePolicy) plan.Policy {
	policy := plan.DefaultPolicy()
	for _, x := range []struct {
		to *string
		t  yamlpos.Text
	}{
		{&policy.Moved, f.Moved},
		{&policy.SeriesMoved, f.SeriesMoved},
		{&policy.SeriesEnded, f.SeriesEnded},
	} {
		*x.to = cmp.Or(x.t.V, *x.to)
	}
	policy.AllDay = cmp.Or(series.AllDay(f.AllDay.V), policy.AllDay)
	if t := f.Horizon; t.Given() {
		n, err := strconv.Atoi(strings.TrimSuffix(t.V, "w"))
		if err != nil || !strings.HasSuffix(t.V, "w") || n < 1 || n > 52 {
			p.Add(t.Pos, "policy.horizon", "%q is not a number of weeks like 8w, at most 52w", t.V)
		}
		policy.HorizonWeeks = n
	}
	p.limit("policy.max_creations", f.MaxCreations, &policy.MaxCreations)
	p.limit("policy.max_endings", f.MaxEndings, &policy.MaxEndings)
	if n := f.MaxMails; n.Given() {
		if n.V < 0 {
			p.Add(n.Pos, "policy.max_mails", "%d is negative", n.V)
		}
		policy.MaxMails = n.V
	}
	return policy
}

func (p *parser) limit(what string, f FileLimit, to *plan.Limit) {
	if !f.Given() {
		return
	}
	if f.Count.V < 0 {
		p.Add(f.Count.Pos, what, "%d is negative", f.Count.V)
	}
	if f.Percent.V < 0 || f.Percent.V > 100 {
		p.Add(f.Percent.Pos, what, "%d is not a percentage", f.Percent.V)
	}
	*to = plan.Limit{Count: f.Count.V, Percent: f.Percent.V}
}

// LongestPoll is the longest interval at which calendars may be read.
const LongestPoll = 24 * time.Hour

// duration reads how often to look.
func (p *parser) duration(what string, t yamlpos.Text, otherwise time.Duration) time.Duration {
	if !t.Given() {
		return otherwise
	}
	d, err := time.ParseDuration(t.V)
	if err != nil || d <= 0 || d > LongestPoll {
		p.Add(t.Pos, what, "%q is not a duration like 1m, at most 24h", t.V)
	}
	return d
}

// checkURL reports what is wrong with a server's URL.
func (p *parser) checkURL(what string, t yamlpos.Text, text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		p.Add(t.Pos, what, "want a URL like https://dav.example.com/")
	case u.User != nil:
		p.Add(t.Pos, what, "no user and password in the URL: use username and password_file")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		p.warnings.Add(t.Pos, what, "http:// sends the password in the clear: use https://")
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
