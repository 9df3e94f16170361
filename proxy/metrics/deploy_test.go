package metrics

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestDeploy holds the alerts, their tests and the dashboard to the metrics and labels that there are. promtool checks the rules' form (make lint-deploy).
func TestDeploy(t *testing.T) {
	reg, _ := used(t)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{}
	for _, f := range families {
		list := []string{"instance", "job", "le"}
		for _, l := range f.Metric[0].Label {
			list = append(list, l.GetName())
		}
		labels[f.GetName()] = list
		labels[f.GetName()+"_bucket"] = list
	}
	selector := regexp.MustCompile(`(pgveil_[a-z_]+)(?:\{([^}]*)\})?`)
	label := regexp.MustCompile(`([a-z_]+) *!?=~?`)
	for _, path := range []string{"prometheus/rules.yml", "prometheus/rules_test.yml", "grafana/pgveil.json"} {
		text, err := os.ReadFile("../../deploy/" + path)
		if err != nil {
			t.Fatal(err)
		}
		found := selector.FindAllStringSubmatch(string(text), -1)
		if len(found) < 5 {
			t.Errorf("%s: %d metrics found", path, len(found))
		}
		for _, m := range found {
			known, ok := labels[m[1]]
			if !ok {
				t.Errorf("%s: there is no metric %s", path, m[1])
			}
			for _, l := range label.FindAllStringSubmatch(m[2], -1) {
				if !slices.Contains(known, l[1]) {
					t.Errorf("%s: %s has no label %s", path, m[1], l[1])
				}
			}
		}
	}
}
