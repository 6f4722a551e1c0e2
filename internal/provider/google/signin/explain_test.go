package signin_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"holdfast/internal/provider"
	"holdfast/internal/provider/google/signin"
)

// What keeps a service account from a token has several causes under one code: each has its own next step, with
// Google's own description beside it.
func TestRefusedTokensOfAServiceAccount(t *testing.T) {
	const unauthorized = "Client is unauthorized to retrieve access tokens using this method, " +
		"or client not authorized for any of the scopes requested."
	for _, test := range []struct{ code, description, hint string }{
		{"invalid_grant", "Account has been deleted", "account of person mia was deleted"},
		{"invalid_grant", "Account disabled", "account of person mia is suspended"},
		{"invalid_grant", "User is suspended.", "account of person mia is suspended"},
		{"invalid_grant", "Invalid email or User ID", "check the email of person mia"},
		{"invalid_grant", "Not a valid email or user ID.", "check the email of person mia"},
		{"invalid_grant", "Invalid JWT Signature.", "make a new key"},
		{"invalid_grant", "Invalid signature for token: eyJ", "make a new key"},
		{"invalid_grant", "Invalid grant: account not found", "the service account itself"},
		{"invalid_grant", "Invalid JWT: Failed audience check.", "token_uri"},
		{"invalid_grant", "Invalid JWT: Token must be in a reasonable timeframe.", "clock"},
		{"invalid_grant", "Bad Request", "see Google's description"},
		{"unauthorized_client", unauthorized, "Domain-wide delegation"},
		{"access_denied", "Requested client not authorized.", "Domain-wide delegation"},
		{"invalid_scope", "Some requested scopes cannot be shown.", events},
	} {
		t.Run(test.description, func(t *testing.T) {
			w := open(t)
			srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", "application/json")
				rw.WriteHeader(http.StatusBadRequest)
				w.must(json.NewEncoder(rw).Encode(map[string]string{"error": test.code, "error_description": test.description}))
			}))
			defer srv.Close()
			var file map[string]any
			w.must(json.Unmarshal(w.ServiceAccountJSON(account), &file))
			file["token_uri"] = srv.URL
			key, err := json.Marshal(file)
			w.must(err)
			a, err := signin.NewServiceAccount(key, []string{events}, nil)
			w.must(err)
			err = a.Check(t.Context(), mia)
			w.wants(err, provider.Auth, test.hint)
			if err == nil || !strings.Contains(err.Error(), test.description) {
				t.Errorf("%v does not have Google's own description", err)
			}
		})
	}
}
