package sql

// Codes of refusals of expressions: PV217 to PV240.
const (
	codePatternForm = "PV217"
	codeNormalize   = "PV218"
	codeHolder      = "PV219"
	codeSentPlain   = "PV220"
	codeSettings    = "PV240"
)

func exprRefusals() []RefusalDoc {
	return []RefusalDoc{
		{codePatternForm, "0A000", "A pattern for a protected column stands in a form that can't be rewritten",
			"Write column LIKE 'abc%', column LIKE $1 or starts_with(column, $1), without ESCAPE and parentheses."},
		{codeNormalize, "0A000", "The functions around a normalised column are not those of its normalize: setting",
			"Write the functions that normalize: names, on both sides: lower for [lower], lower(trim(column)) for [lower, trim]."},
		{codeHolder, "0A000", "An array or JSON value that holds protected values is used for more than output",
			"Select it as it is, and take it apart in the application."},
		{codeSentPlain, "0A000", "The value of a protected column would be sent as it is in another place of the statement, where it meets no plain column",
			"Use parameters instead of values written into the text, and a parameter of its own, such as a boolean, for what is asked here."},
		{codeSettings, "0A000", "The text changes DateStyle, TimeZone, IntervalStyle, bytea_output, extra_float_digits or client_encoding before or while protected values are written or read",
			"Send the SET, the set_config or the COMMIT in a text of its own."},
	}
}
