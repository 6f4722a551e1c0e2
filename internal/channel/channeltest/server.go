package channeltest

import (
	"os"
	"strings"
	"testing"
)

// MailServer is what .ci/servers/smtp printed of the real mail server that it started, by key: HOLDFAST_TEST_SMTP names
// the file. Without it there is nothing to try mail on: the test is skipped, and fails where real servers are required,
// as in .ci/run.
func MailServer(t testing.TB) map[string]string {
	t.Helper()
	path := os.Getenv("HOLDFAST_TEST_SMTP")
	switch {
	case path != "":
	case os.Getenv("HOLDFAST_TEST_REQUIRE") != "":
		t.Fatal("HOLDFAST_TEST_SMTP names no file")
	default:
		t.Skip("no real mail server: .ci/servers/smtp starts one, HOLDFAST_TEST_SMTP names the file of what it printed")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			out[key] = value
		}
	}
	return out
}
