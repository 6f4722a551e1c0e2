package roster

import (
	"fmt"
	"net/url"
	"strings"

	"holdfast/internal/series"
	"holdfast/internal/yamlpos"
)

// templateFields are what titles and links may name.
var templateFields = []string{"manager.email", "manager.id", "manager.name", "report.email", "report.id", "report.name"}

// expand replaces the fields of a template with the pair's values, each passed through escape.
func expand(template string, manager, report series.Person, escape func(string) string) (string, error) {
	var out strings.Builder
	for {
		before, rest, open := strings.Cut(template, "{")
		out.WriteString(before)
		if !open {
			return out.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", fmt.Errorf("no } after {%s", rest)
		}
		p, field := manager, strings.TrimPrefix(name, "manager.")
		if f, ok := strings.CutPrefix(name, "report."); ok {
			p, field = report, f
		} else if field == name {
			field = ""
		}
		switch field {
		case "id":
			out.WriteString(escape(p.ID))
		case "name":
			out.WriteString(escape(p.Name))
		case "email":
			out.WriteString(escape(p.Email))
		default:
			return "", fmt.Errorf("unknown field {%s}%s", name, yamlpos.Problems(nil).Suggest(name, templateFields))
		}
		template = after
	}
}

// asIs writes a field into text for people.
func asIs(s string) string { return s }

// inURL writes a field into any part of a URL.
func inURL(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// checkLink says what is wrong with a prep link, "" if nothing.
func checkLink(link string) string {
	u, err := url.Parse(link)
	switch {
	case err != nil || strings.ContainsAny(link, " \t\"<>") || !isLine(link):
		return "prep_doc is not a link"
	case u.Scheme == "http":
		return "prep_doc must begin with https://, not http://"
	case u.Scheme != "https" || u.Host == "":
		return "prep_doc must be a link like https://docs.example.com/…"
	case u.User != nil:
		return "prep_doc must not carry a password"
	}
	return ""
}
