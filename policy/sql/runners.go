package sql

import "strings"

// builtinRunners are the server's own functions that run SQL given as text, as functions that are known: aggregates and operators that are made
// of one are found like those of any other. None is sensitive where nothing is protected or listed.
func (c *Catalog) builtinRunners(s *snapshot) (all []*function) {
	for _, r := range s.Runners {
		all = append(all, &function{oid: r.OID, schema: "pg_catalog", name: r.Name, language: "internal",
			sensitive: (len(c.spec.Protected) > 0 || len(c.spec.Listed) > 0) && !c.trusted["pg_catalog."+r.Name]})
	}
	return all
}

// runs notes the relations of which the server calls such a function by itself: in a view's query, a rule, a default, a CHECK, a policy, a
// trigger's condition. The text that it is given is not looked at: it may be put together.
func (c *Catalog) runs(s *snapshot, functions map[uint32]*function) {
	c.running = map[*Relation]string{}
	for _, pair := range s.Running {
		if r, f := c.byOID[pair[0]], functions[pair[1]]; r != nil && f != nil && f.sensitive {
			r.Sensitive, c.running[r] = true, f.name
		}
	}
}

// runnerSource reports whether a function of language internal is by its source one of those that run SQL given as text: prosrc of
// pg_proc.dat.
func runnerSource(source string) bool {
	return isSQLRunner(source) || strings.HasPrefix(source, "ts_stat") || source == "tsquery_rewrite_query"
}
