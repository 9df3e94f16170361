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
func configures(m protoreflect.Message) (found bool) {
	if f, ok := m.Interface().(*pg_query.FuncCall); ok {
		parts := nameList(f.GetFuncname())
		if parts[len(parts)-1] == "set_config" {
			name, args := "", f.GetArgs()
			if len(args) > 0 {
				name = args[0].GetAConst().GetSval().GetSval()
			}
			if name == "" || readingSetting(name) {
				return true
			}
		}
	}
	m.Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case d.Message() == nil || d.IsMap():
		case d.IsList():
			for i := range v.List().Len() {
				found = found || configures(v.List().Get(i).Message())
			}
		default:
			found = found || configures(v.Message())
		}
		return !found
	})
	return found
}

// RefusalSettings refuses a statement over protected tables that would be carried out under other settings than are known; at is its place.
func RefusalSettings(at int) *Refusal {
	return newRefusal(codeSettings, at, "values would be written or read by settings that this text changes itself")
}
