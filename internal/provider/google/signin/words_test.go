package signin_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"holdfast/internal/provider/google/signin"
)

// What a token server says reaches a terminal as plain words, and not as many as it likes.
func TestTokenServerSaysAnything(t *testing.T) {
	w := open(t)
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(rw).Encode(map[string]string{"error": "\x1b]0;owned\x07" + strings.Repeat("x", 1000)})
	}))
	defer srv.Close()
	var key map[string]string
	w.must(json.Unmarshal(w.ServiceAccountJSON(account), &key))
	key["token_uri"] = srv.URL
	file, err := json.Marshal(key)
	w.must(err)
	a, err := signin.NewServiceAccount(file, []string{events}, nil)
	w.must(err)
	if err = a.Check(t.Context(), mia); err == nil || strings.ContainsAny(err.Error(), "\x1b\x07") || len(err.Error()) > 200 {
		t.Errorf("%q", err)
	}
}
