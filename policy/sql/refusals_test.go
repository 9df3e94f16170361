package sql

import (
	"regexp"
	"strings"
	"testing"
)

func TestRefusalsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	last := ""
	for _, d := range Refusals() {
		if seen[d.Code] || d.Code <= last {
			t.Errorf("%s stands twice or out of order", d.Code)
		}
		seen[d.Code], last = true, d.Code
		if !regexp.MustCompile(`^PV[12]\d\d$`).MatchString(d.Code) || !regexp.MustCompile(`^[0-9A-Z]{5}$`).MatchString(d.SQLSTATE) ||
			d.Title == "" || d.Fix == "" || !strings.HasSuffix(d.Fix, ".") {
			t.Errorf("%+v", d)
		}
	}
}
