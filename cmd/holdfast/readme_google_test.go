package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/provider/google"
)

// browser is the browser of sessions: it opens an address and goes where it is sent.
func browser() {
	a, err := http.Get(os.Args[1])
	if err == nil {
		err = a.Body.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestReadmeScope: the line to paste into the admin console is what Holdfast asks for.
func TestReadmeScope(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```text\n   "+google.Scope+"\n   ```") {
		t.Errorf("README.md has no line with %s alone", google.Scope)
	}
}
