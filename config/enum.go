package config

// A choice is a word out of a closed list.
type choice interface{ choices() []string }

// TLSMode says which clients are admitted.
type TLSMode string

// The modes of the client's leg.
const (
	TLSRequire         TLSMode = "require"
	TLSPlainOnLoopback TLSMode = "plain-on-loopback"
)

func (TLSMode) choices() []string { return []string{string(TLSRequire), string(TLSPlainOnLoopback)} }

// SSLMode says how the server's leg is encrypted and verified, in libpq's words. libpq's prefer and allow do not exist here:
// they give in to whoever removes TLS.
type SSLMode string

// The modes of the server's leg.
const (
	SSLVerifyFull SSLMode = "verify-full"
	SSLVerifyCA   SSLMode = "verify-ca"
	SSLRequire    SSLMode = "require"
	SSLDisable    SSLMode = "disable"
)

func (SSLMode) choices() []string {
	return []string{string(SSLVerifyFull), string(SSLVerifyCA), string(SSLRequire), string(SSLDisable)}
}

// Ask is a way in which a server may ask for a login.
type Ask string

// The ways besides SCRAM-SHA-256.
const (
	AskMD5       Ask = "md5"
	AskCleartext Ask = "cleartext"
	AskTrust     Ask = "trust"
)

func (Ask) choices() []string {
	return []string{string(AskMD5), string(AskCleartext), string(AskTrust)}
}

// ChannelBinding says whether SCRAM upstream must be bound to the TLS connection.
type ChannelBinding string

// The choices, in libpq's words.
const (
	BindingPrefer  ChannelBinding = "prefer"
	BindingRequire ChannelBinding = "require"
)

func (ChannelBinding) choices() []string {
	return []string{string(BindingPrefer), string(BindingRequire)}
}

// Method is a way to sign in.
type Method string

// The sign-in methods.
const (
	MethodSCRAM    Method = "scram"
	MethodPassword Method = "password"
)

func (Method) choices() []string { return []string{string(MethodSCRAM), string(MethodPassword)} }

// LoginKind is whose login the proxy uses upstream.
type LoginKind string

// The upstream logins.
const (
	LoginOwn     LoginKind = "own"
	LoginService LoginKind = "service"
)

func (LoginKind) choices() []string { return []string{string(LoginOwn), string(LoginService)} }

// Search is what can be asked of a protected column.
type Search string

// The search modes.
const (
	SearchNone     Search = "none"
	SearchEquality Search = "equality"
	SearchRange    Search = "range"
	SearchMatch    Search = "match"
)

func (Search) choices() []string {
	return []string{string(SearchNone), string(SearchEquality), string(SearchRange), string(SearchMatch)}
}

// NormalizeStep is one thing that is done to a text before it is indexed.
type NormalizeStep string

// The steps.
const (
	NormalizeNFC      NormalizeStep = "nfc"
	NormalizeLower    NormalizeStep = "lower"
	NormalizeTrim     NormalizeStep = "trim"
	NormalizeUnaccent NormalizeStep = "unaccent"
)

func (NormalizeStep) choices() []string {
	return []string{string(NormalizeNFC), string(NormalizeLower), string(NormalizeTrim), string(NormalizeUnaccent)}
}

// Collation is by which order texts are sorted and compared.
type Collation string

// CollationC is the order of a text's bytes, PostgreSQL's COLLATE "C".
const CollationC Collation = "C"

func (Collation) choices() []string { return []string{string(CollationC)} }

// LogLevel is the least severity that is logged.
type LogLevel string

// The levels.
const (
	LevelDebug LogLevel = "debug"
	LevelInfo  LogLevel = "info"
	LevelWarn  LogLevel = "warn"
	LevelError LogLevel = "error"
)

func (LogLevel) choices() []string {
	return []string{string(LevelDebug), string(LevelInfo), string(LevelWarn), string(LevelError)}
}

// LogFormat is how log lines look.
type LogFormat string

// The formats.
const (
	FormatJSON    LogFormat = "json"
	FormatConsole LogFormat = "console"
)

func (LogFormat) choices() []string { return []string{string(FormatJSON), string(FormatConsole)} }

// OpaqueCode says what becomes of code whose SQL can't be seen.
type OpaqueCode string

// The choices.
const (
	OpaqueRefuse OpaqueCode = "refuse"
	OpaqueTrust  OpaqueCode = "trust"
)

func (OpaqueCode) choices() []string { return []string{string(OpaqueRefuse), string(OpaqueTrust)} }

// SessionAttrs is what kind of server a session is to have, in libpq's words.
type SessionAttrs string

// The kinds.
const (
	AttrsAny           SessionAttrs = "any"
	AttrsReadWrite     SessionAttrs = "read-write"
	AttrsReadOnly      SessionAttrs = "read-only"
	AttrsPrimary       SessionAttrs = "primary"
	AttrsStandby       SessionAttrs = "standby"
	AttrsPreferStandby SessionAttrs = "prefer-standby"
)

func (SessionAttrs) choices() []string {
	return []string{string(AttrsAny), string(AttrsReadWrite), string(AttrsReadOnly), string(AttrsPrimary), string(AttrsStandby), string(AttrsPreferStandby)}
}

// Pooler says what stands between the proxy and the servers.
type Pooler string

// The choices.
const (
	PoolerNone    Pooler = "none"
	PoolerSession Pooler = "session"
)

func (Pooler) choices() []string { return []string{string(PoolerNone), string(PoolerSession)} }

// LoadBalance says in which order hosts are tried, in libpq's words.
type LoadBalance string

// The choices.
const (
	BalanceDisable LoadBalance = "disable"
	BalanceRandom  LoadBalance = "random"
)

func (LoadBalance) choices() []string { return []string{string(BalanceDisable), string(BalanceRandom)} }
