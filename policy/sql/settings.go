package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// readingSetting reports the settings that say how the server writes and reads values, which the proxy follows between one message and
// the next.
func readingSetting(name string) bool {
	switch strings.ToLower(name) {
	case "bytea_output", "client_encoding", "datestyle", "extra_float_digits", "intervalstyle", "standard_conforming_strings", "timezone":
		return true
	}
	return false
}

// setsReading reports whether a SET or RESET changes one of them.
func setsReading(node *pg_query.Node) bool {
	n := node.GetVariableSetStmt()
	return n != nil && (n.GetKind() == pg_query.VariableSetKind_VAR_RESET_ALL || readingSetting(n.GetName()))
}

// configures reports whether set_config is called below m for a setting that may be one of them. Those of applications have a dot in
// their names.
func configures(m protoreflect.Message) bool {
	return has(m, func(m protoreflect.Message) bool {
		f, ok := m.Interface().(*pg_query.FuncCall)
		if !ok {
			return false
		}
		if parts := nameList(f.GetFuncname()); parts[len(parts)-1] != "set_config" {
			return false
		}
		name := ""
		if args := f.GetArgs(); len(args) > 0 {
			name = args[0].GetAConst().GetSval().GetSval()
		}
		return name == "" || readingSetting(name)
	})
}

// RefusalSettings refuses a statement over protected tables that would be carried out under other settings than are known; at is its place.
func RefusalSettings(at int) *Refusal {
	return newRefusal(codeSettings, at, "values would be written or read by settings that this text changes itself")
}
