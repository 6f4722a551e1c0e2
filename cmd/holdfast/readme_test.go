package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// blocks are the fenced blocks of a language.
func blocks(markdown, language string) []string {
	var out []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(markdown, -1) {
		out = append(out, m[1])
	}
	return out
}

// commandLine finds the commands that a session runs.
var commandLine = regexp.MustCompile(`(?m)^(?:! )?exec (.*?)(?: &(?:\w+&)?)?$`)

// TestReadmeCommands: every command line that README shows is played in one of its sessions.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := filepath.Glob("testdata/readme*.txt")
	if err != nil {
		t.Fatal(err)
	}
	played := map[string]bool{"go test ./...": true} // this is it
	for _, name := range sessions {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range commandLine.FindAllStringSubmatch(string(text), -1) {
			command := strings.TrimSuffix(strings.TrimPrefix(m[1], "sh -c 'exec "), " >out'")
			played[command] = true
		}
	}
	n := 0
	for _, b := range blocks(string(readme), "sh") {
		for line := range strings.Lines(b) {
			line, _, _ = strings.Cut(line, " #")
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			n++
			// From a checkout and installed, it is the same program.
			if line = strings.Replace(line, "go run ./cmd/holdfast", "holdfast", 1); !played[line] {
				t.Errorf("README.md has %q, which no session plays", line)
			}
		}
	}
	if n < 12 {
		t.Errorf("only %d command lines in README.md were found", n)
	}
}

// TestReadmeTables: README tells of every kind of flag and every outcome that there is.
func TestReadmeTables(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join("..", "..", "internal", "drift", "drift.go"))
	if err != nil {
		t.Fatal(err)
	}
	words := regexp.MustCompile(`^\s+\w+ +(?:Kind|Result) += "(.+?)"`)
	n := 0
	for line := range strings.Lines(string(source)) {
		for _, m := range words.FindAllStringSubmatch(line, -1) {
			n++
			if word := m[1]; !regexp.MustCompile("(?m)^\\| .*`" + word + "`.* \\|").Match(readme) {
				t.Errorf("no table of README.md has `%s`", word)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d words were found", n)
	}
}
