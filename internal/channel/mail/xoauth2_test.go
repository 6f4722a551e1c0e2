package mail

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"holdfast/internal/channel"
)

// A token endpoint as RFC 6749 sections 4.4 and 5 have it, with the answers of Entra.
func TestClientCredentials(t *testing.T) {
	secret, asked, status := "app-secret", 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		id, password, basic := r.BasicAuth()
		if !basic {
			id, password = r.FormValue("client_id"), r.FormValue("client_secret")
		}
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method != http.MethodPost || r.FormValue("grant_type") != "client_credentials" ||
			r.FormValue("scope") != "https://outlook.office365.com/.default" || id != "app":
			t.Errorf("%s %v", r.Method, r.Form)
		case status != 0:
			http.Error(w, "busy", status)
		case password != secret:
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys `+
				`for app 'app' are expired."}`)
		default:
			fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"token-%d"}`, asked)
		}
	}))
	defer server.Close()
	_, scope := Microsoft("example.onmicrosoft.com")
	given := secret
	source := func() func() (string, error) {
		token := ClientCredentials(server.Client(), server.URL, scope, "app", func() (string, error) { return given, nil })
		return func() (string, error) { return token(t.Context()) }
	}
	token := source()
	for range 3 {
		if got, err := token(); got != "token-1" || err != nil {
			t.Fatalf("%s, %v", got, err)
		}
	}

	given = "old-secret"
	_, err := source()()
	var e *channel.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	want(t, e, channel.Broken, "mail: get a token: answered 401 invalid_client", "client_secret_file")
	if !strings.Contains(e.Said, "expired") {
		t.Errorf("it said %q", e.Said)
	}

	given, status = secret, http.StatusServiceUnavailable
	_, err = source()()
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	want(t, e, channel.Transient, "mail: get a token: the token server is busy", "")

	server.Close()
	_, err = source()()
	if !errors.As(err, &e) || e.Kind != channel.Transient || strings.Contains(e.Error(), "127.0.0.1") {
		t.Errorf("got %v", err)
	}
}
