package metrics

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const (
	alerts    = "../../config/prometheus-alerts.yaml"
	dashboard = "../../config/grafana-dashboard.json"
)

// rules are a file of rules for Prometheus
// (https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/).
type rules struct {
	Groups []ruleGroup `yaml:"groups"`
}

type ruleGroup struct {
	Name  string `yaml:"name"`
	Rules []rule `yaml:"rules"`
}

type rule struct {
	Record      string            `yaml:"record,omitempty"`
	Alert       string            `yaml:"alert,omitempty"`
	Expr        string            `yaml:"expr"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

// alertRules are those that an admin copies.
func alertRules(t *testing.T) []rule {
	text, err := os.ReadFile(alerts)
	if err != nil {
		t.Fatal(err)
	}
	var file rules
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Groups) != 1 || len(file.Groups[0].Rules) < 10 {
		t.Fatalf("%d groups of rules", len(file.Groups))
	}
	return file.Groups[0].Rules
}

// panels are the expressions of the dashboard, by title.
func panels(t *testing.T) map[string][]string {
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			out[p.Title] = append(out[p.Title], target.Expr)
		}
	}
	if len(out) < 10 {
		t.Fatalf("%d panels", len(out))
	}
	return out
}

var (
	named = regexp.MustCompile(`\b(?:holdfast|process|go)_[a-z0-9_]+\b`)
	label = regexp.MustCompile(`([a-z]+) ?(?:=~|!~|!=|=) ?"`)
	group = regexp.MustCompile(`\b(?:by|without) ?\(([^)]*)\)`)
)

// Rules and dashboard ask for figures, and labels of theirs, that there are.
func TestWatchedIsThere(t *testing.T) {
	families, err := full(t).registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	there, labels := map[string]bool{}, []string{"job", "instance", "le"}
	for _, f := range families {
		for _, suffix := range []string{"", "_bucket"} {
			there[f.GetName()+suffix] = suffix == "" || f.Metric[0].Histogram != nil
		}
		for _, l := range f.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
	}
	asked := panels(t)
	for _, r := range alertRules(t) {
		asked[r.Alert] = []string{r.Expr}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s does not say what is the matter, or what to do", r.Alert)
		}
	}
	used := map[string]bool{}
	for where, all := range asked {
		for _, expr := range all {
			names := named.FindAllString(expr, -1)
			if len(names) == 0 && !strings.HasPrefix(expr, "up{") {
				t.Errorf("%s asks for nothing of ours: %s", where, expr)
			}
			for _, name := range names {
				if used[name] = true; !there[name] {
					t.Errorf("%s asks for %s, which is not there", where, name)
				}
			}
			var ls []string
			for _, l := range label.FindAllStringSubmatch(expr, -1) {
				ls = append(ls, l[1])
			}
			for _, g := range group.FindAllStringSubmatch(expr, -1) {
				ls = append(ls, strings.Split(g[1], ", ")...)
			}
			for _, l := range ls {
				if !slices.Contains(labels, l) {
					t.Errorf("%s asks for the label %s, which is not there", where, l)
				}
			}
		}
	}
	if len(used) < 20 {
		t.Errorf("only %d figures are watched", len(used))
	}
}

// promtool is Prometheus' own check (Debian's package prometheus).
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("HOLDFAST_TEST_REQUIRE") != "" {
			t.Fatal(err)
		}
		t.Skip("no promtool: .ci/run installs it, with Debian's package prometheus")
	}
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Prometheus takes the rules, and each alert comes when it should.
func TestAlerts(t *testing.T) {
	promtool(t, "check", "rules", alerts)
	promtool(t, "test", "rules", "testdata/alerts.yaml")
	text, err := os.ReadFile("testdata/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range alertRules(t) {
		if !strings.Contains(string(text), `"`+r.Alert+`"`) {
			t.Errorf("no test has %s", r.Alert)
		}
	}
}

// Prometheus understands what the dashboard asks: its expressions are taken for rules.
func TestDashboard(t *testing.T) {
	group := ruleGroup{Name: "dashboard"}
	for _, exprs := range panels(t) {
		for _, e := range exprs {
			e = strings.NewReplacer("$__rate_interval", "5m", "$job", "holdfast").Replace(e)
			group.Rules = append(group.Rules, rule{Record: "panel", Expr: e})
		}
	}
	text, err := yaml.Marshal(rules{[]ruleGroup{group}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dashboard.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", "--lint=none", path)
}

// README explains every figure, and none that there is not.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "\n| figure, each with `holdfast_` before it |")
	table, _, _ = strings.Cut(table, "\n\n")
	explained := map[string]bool{}
	for _, row := range strings.Split(table, "\n")[2:] {
		for _, name := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(strings.Split(row, "|")[1], -1) {
			explained[name[1]] = true
		}
	}
	families, err := full(t).registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if name, ours := strings.CutPrefix(f.GetName(), namespace); ours && !explained[name] {
			t.Errorf("README does not explain %s", name)
		} else if ours {
			delete(explained, name)
		}
	}
	for name := range explained {
		t.Errorf("README explains %s, which is not there", name)
	}
}
