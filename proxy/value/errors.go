package value

import "fmt"

// Error is a refusal in PostgreSQL's terms. Its texts never contain the value.
type Error struct {
	SQLSTATE string // five characters, src/backend/utils/errcodes.txt
	Message  string
	Detail   string
	Hint     string
}

// Error is the message with its SQLSTATE.
func (e *Error) Error() string { return e.Message + " (SQLSTATE " + e.SQLSTATE + ")" }

// SQLSTATEs used here.
const (
	stateProtocol      = "08P01" // protocol_violation
	stateNotSupported  = "0A000" // feature_not_supported
	stateTooLong       = "22001" // string_data_right_truncation
	stateOutOfRange    = "22003" // numeric_value_out_of_range
	stateDateSyntax    = "22007" // invalid_datetime_format
	stateDateRange     = "22008" // datetime_field_overflow
	stateDisplacement  = "22009" // invalid_time_zone_displacement_value
	stateEncoding      = "22021" // character_not_in_repertoire
	stateParameter     = "22023" // invalid_parameter_value
	stateEscape        = "22025" // invalid_escape_sequence
	stateSyntax        = "22P02" // invalid_text_representation
	stateBinary        = "22P03" // invalid_binary_representation
	stateUntranslated  = "22P05" // untranslatable_character
	stateCheck         = "23514" // check_violation
	stateMismatch      = "42804" // datatype_mismatch
	stateNoOperator    = "42883" // undefined_function
	stateTooComplex    = "54001" // statement_too_complex
	stateLimitExceeded = "54000" // program_limit_exceeded
	stateInternal      = "XX000" // internal_error
	stateCorrupted     = "XX001" // data_corrupted
)

func fail(state, message string) error { return &Error{SQLSTATE: state, Message: message} }

func failHint(state, message, hint string) error {
	return &Error{SQLSTATE: state, Message: message, Hint: hint}
}

func invalidSyntax(typeName string) error {
	return fail(stateSyntax, "invalid input syntax for type "+typeName)
}

func notUnderstood(typeName, hint string) error {
	return failHint(stateNotSupported, "this form of input for type "+typeName+" is not supported on a protected column", hint)
}

// mismatch is PostgreSQL's error for a parameter of a type that cannot be assigned to the column or compared with it, less the
// column's name, which only the caller knows.
func (in *input) mismatch() error {
	column, given := TypeName(in.t.OID), TypeName(in.declared)
	if in.store() {
		return failHint(stateMismatch, fmt.Sprintf("column is of type %s but expression is of type %s", column, given),
			"You will need to rewrite or cast the expression.")
	}
	return failHint(stateNoOperator, fmt.Sprintf("operator does not exist: %s = %s", column, given), "You might need to add explicit type casts.")
}

// errShort is what pq_getmsg* raise for a parameter that ends early, errExtra what exec_bind_message raises for one that
// does not end.
func errShort() error { return fail(stateProtocol, "insufficient data left in message") }

func errExtra() error { return fail(stateBinary, "incorrect binary data format in bind parameter") }

// fixedLen checks the length of a fixed-width binary value.
func fixedLen(raw []byte, n int) error {
	switch {
	case len(raw) < n:
		return errShort()
	case len(raw) > n:
		return errExtra()
	}
	return nil
}

func corrupted(what string) error {
	return fail(stateCorrupted, "stored value is corrupted: "+what)
}

func unsupportedFormat(format int16) error {
	return fail(stateParameter, fmt.Sprintf("unsupported format code: %d", format))
}
