package policy

import "github.com/pgveil/pgveil/policy/sql"

// Codes of the policy's refusals.
const (
	codeRenamed    = "PV272"
	codeUnclear    = "PV300"
	codeNoRule     = "PV301"
	codeEffect     = "PV302"
	codeHidden     = "PV303"
	codeMaskedUse  = "PV304"
	codeWrite      = "PV305"
	codeForbidden  = "PV306"
	codeUnlisted   = "PV307"
	codeMaskType   = "PV308"
	codeMixed      = "PV309"
	codeMaskedView = "PV310"

	codeStoredUse   = "PV256"
	codeStoredWrite = "PV257"
)

// sqlstateDenied is insufficient_privilege, sqlstateUnsupported feature_not_supported (src/backend/utils/errcodes.txt).
const (
	sqlstateDenied      = "42501"
	sqlstateUnsupported = "0A000"
)

// Refusals lists every refusal code of this package, ordered by code.
func Refusals() []sql.RefusalDoc {
	return []sql.RefusalDoc{
		{Code: codeStoredUse, SQLSTATE: sqlstateDenied, Title: "A column that is shown as it is stored is used for more than plain output",
			Fix: "Select the column as it is. Under \"sealed\" it may not stand in a condition, an expression or a view."},
		{Code: codeStoredWrite, SQLSTATE: sqlstateDenied, Title: "A column that may be written only as it is stored is written otherwise than by COPY",
			Fix: "Restore the cells with COPY … FROM STDIN, where each is checked to be one of the column."},
		{Code: codeRenamed, SQLSTATE: sqlstateUnsupported, Title: "Rules name the column that would get another name, or the name that it would get",
			Fix: "Change the policy so that no rule names either, rename the column, then change the rules to the new name."},
		{Code: codeUnclear, SQLSTATE: sqlstateUnsupported, Title: "The analysis does not say enough of the statement to judge it",
			Fix: "This is a defect of the proxy: please report the statement's shape. Write the statement in a simpler form."},
		{Code: codeNoRule, SQLSTATE: sqlstateDenied, Title: "No rule lets the subject's roles use the table",
			Fix: "Ask whoever owns the policy for a rule on the table; pgveil explain --as USER shows what applies."},
		{Code: codeEffect, SQLSTATE: sqlstateDenied, Title: "The roles may use the table, but not do this to it",
			Fix: "Ask whoever owns the policy to add the verb to a rule's \"do\"."},
		{Code: codeHidden, SQLSTATE: sqlstateDenied, Title: "The column is not shown to the subject's roles",
			Fix: "Name the columns that are needed instead of *, or ask whoever owns the policy to add the column to \"show\" or \"mask\"."},
		{Code: codeMaskedUse, SQLSTATE: sqlstateDenied, Title: "A masked column is used for more than plain output",
			Fix: "Select the column as it is. A masked column can't stand in a condition, ORDER BY, GROUP BY, cast or function: each would tell what the mask hides."},
		{Code: codeWrite, SQLSTATE: sqlstateDenied, Title: "The roles may not write the column",
			Fix: "Name only columns that may be written, or ask whoever owns the policy to add the column to \"write\"."},
		{Code: codeForbidden, SQLSTATE: sqlstateDenied, Title: "A forbid rule covers the statement; it wins over every allow",
			Fix: "The message gives the rule and its reason. Only the roles in its except_roles may do this."},
		{Code: codeUnlisted, SQLSTATE: sqlstateDenied, Title: "The policy says \"unlisted: deny\" and no rule covers the table",
			Fix: "Ask whoever owns the policy for a rule on the table."},
		{Code: codeMaskType, SQLSTATE: sqlstateDenied, Title: "The mask does not fit the column's type",
			Fix: "Use the mask null for a column that is not text or varchar; pgveil check finds this beforehand."},
		{Code: codeMixed, SQLSTATE: sqlstateDenied, Title: "A result column mixes encrypted columns of which the roles don't see all in clear",
			Fix: "Select the columns one by one."},
		{Code: codeMaskedView, SQLSTATE: sqlstateDenied, Title: "The policy masks a column of a view; a mask works on the table's own column",
			Fix: "Mask the column of the table under the view."},
	}
}

func refusalDoc(code string) sql.RefusalDoc {
	for _, d := range Refusals() {
		if d.Code == code {
			return d
		}
	}
	return sql.RefusalDoc{Code: code, SQLSTATE: sqlstateDenied, Title: "Refused"}
}
