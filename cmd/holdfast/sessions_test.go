package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/internal/cli"
	"holdfast/internal/clock"
)

// clockVariable holds the time that a session's holdfast goes by: a moment at which it stands still, or a moment and
// what the machine's clock said when the session's began to run from there.
const clockVariable = "HOLDFAST_TEST_NOW"

func clockOf(text string) (clock.Clock, error) {
	moment, began, runs := strings.Cut(text, " ")
	now, err := time.Parse(time.RFC3339, moment)
	if err != nil || !runs {
		return func() time.Time { return now }, err
	}
	start, err := time.Parse(time.RFC3339Nano, began)
	return func() time.Time { return now.Add(clock.System().Sub(start)) }, err
}

func init() {
	if c, err := clockOf(os.Getenv(clockVariable)); err == nil {
		terminal = func() cli.IO {
			io := cli.Terminal()
			io.Clock = c
			return io
		}
	}
}

// TestSessions plays the terminal sessions of testdata. UPDATE=1 in the environment rewrites what they expect.
//
//	calendars [plain] [private] starts a calendar server for mia, raj, lee and ana (password NAME-pw) and a service
//	                            account holdfast (service-pw), at $CALENDARS; plain: it brings no invitations; private:
//	                            over TLS, with a certificate of an authority that nobody knows, which is put into
//	                            ca.pem; -stop stops it
//	google [nomeet]             starts a Google for mia, raj, lee, ana and an admin at $GOOGLE, with the key of a
//	                            service account in secrets/google.json, an OAuth client in secrets/oauth.json and the
//	                            admin's template $TEMPLATE, which everybody may read; nomeet: nobody may have a video
//	                            conference
//	document VERB [ARG]         what somebody does to the document last made: share, unshare ADDRESS|anyone; trash,
//	                            untrash; fill LINE... in for its open action; grant SCOPES to the service account; save
//	                            FILE with its text
//	relay [refuse]              starts a mail server at $RELAY, which puts what it takes into mails.txt; refuse: it knows
//	                            no address
//	clock TIME [running]        what time it is from now on; it begins on Mon 23 Nov 2026 at 09:00 UTC and stands still
//	expand FILE...              replaces $NAME in files
//	code N COMMAND...           runs the command, which has to end with that exit code
//	until TEXT COMMAND...       runs the command again and again until it prints the text
//	person WHO VERB WITH [ARG...]
//	                            what somebody does to the series they have with another, see people_test.go: move,
//	                            moveall DAY TIME; cancel, putback DAY; decline DAY|all; shorten DAY LENGTH; delete;
//	                            relocate DAY|all PLACE; addguest all ADDRESS; addevent, addseries TIME LENGTH TITLE
//	                            (WITH is one guest more, - for none); put FILE, an object as it stands
func TestSessions(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: os.Getenv("UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			s := &session{t: t}
			env.Values[sessionKey{}] = s
			env.Defer(s.end)
			env.Setenv("TZ", "UTC")
			// A machine whose zone data is newer than any, and has no zones: they are the ones that are compiled in.
			env.Setenv("TZDIR", filepath.Join(env.WorkDir, "zoneinfo"))
			if err := os.Mkdir(filepath.Join(env.WorkDir, "zoneinfo"), 0o700); err != nil {
				return err
			}
			release := filepath.Join(env.WorkDir, "zoneinfo", "tzdata.zi")
			if err := os.WriteFile(release, []byte("# version 2099a\n"), 0o600); err != nil {
				return err
			}
			// The files that README shows are those that its sessions work with.
			for name, key := range map[string]string{"readme-holdfast.yaml": "org:", "readme-roster.yaml": "people:", "readme-google.yaml": "service_account_file:",
				"readme-more.yaml": "video:", "readme-web.yaml": "web:"} {
				at := slices.IndexFunc(blocks(string(readme), "yaml"), func(b string) bool { return strings.Contains(b, key) })
				if at < 0 {
					return fmt.Errorf("README.md has no yaml block with %s", key)
				}
				if err := os.WriteFile(
					filepath.Join(env.WorkDir, name),
					[]byte(blocks(string(readme), "yaml")[at]),
					0o600,
				); err != nil {
					return err
				}
			}
			return s.setClock(env.Setenv, "2026-11-23T09:00:00Z")
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"calendars": act((*session).calendars), "clock": act((*session).clock), "expand": act((*session).expand),
			"code": act((*session).code), "until": act((*session).until), "person": act((*session).person),
			"google": act((*session).workspace), "document": act((*session).document),
			"relay": act((*session).relay),
		},
	})
}
