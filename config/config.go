// Package config reads pgveil's one YAML file. The comments of the types are the manual of the file: each field's comment
// says what the key means, its unit and its default. Reading is strict: an unknown key, a duplicate, a value of the wrong
// type or an impossible combination is a Problem with file, line and column, and all of them are reported at once.
//
// Load has no effects: it opens no socket, reads no certificate, key or secret. Relative paths are taken from the folder of
// the configuration file. Secrets are given by reference (see Secret) and read only when somebody asks for them.
package config

import "github.com/pgveil/pgveil/policy/sql"

// Config is a whole configuration file. Get one from Load or Parse: a Config made by hand has no defaults.
type Config struct {
	// Listen is the address for clients, host:port. Default 127.0.0.1:6432.
	Listen string `yaml:"listen,omitempty"`
	// TLS is what clients meet.
	TLS TLS `yaml:"tls"`
	// Upstream is the PostgreSQL server.
	Upstream Upstream `yaml:"upstream"`
	// Upstreams are further ones, by name, for routes. The name default is that of upstream.
	Upstreams map[string]Upstream `yaml:"upstreams,omitempty"`
	// Routes say which sessions go to which upstream; the first that fits counts. Sessions that none fits go to upstream.
	Routes []Route `yaml:"routes,omitempty"`
	// TCP says how a peer that has gone silent is found, on both legs.
	TCP TCP `yaml:"tcp,omitempty"`
	// Handover is the path of a Unix socket by which another pgveil serve takes over the listening sockets, for upgrades without a
	// connection refused; the proxy that has given them drains and ends. Default: none.
	Handover Path `yaml:"handover,omitempty"`
	// SignIn says how clients prove who they are, and how the proxy then logs in upstream.
	SignIn SignIn `yaml:"sign_in"`
	// Keys is where the master key and the column keys are kept.
	Keys Keys `yaml:"keys"`
	// Encrypt lists the protected columns: schema.table, then column. Names are written as PostgreSQL stores them, without
	// quotes; a table created as Customers is customers, one created as "Customers" is Customers.
	Encrypt map[string]map[string]Column `yaml:"encrypt,omitempty"`
	// TrustedFunctions are functions, schema.name, that statements over protected tables may call although their bodies are
	// opaque. Whoever may create or replace such a function can read what it is given.
	TrustedFunctions []string `yaml:"trusted_functions,omitempty"`
	// OpaqueCode is what becomes of functions, procedures and DO blocks in which SQL is put together at run time (EXECUTE) or which are
	// written in a language other than SQL and PL/pgSQL: refuse (the default: they can't be made through the proxy, nor called unless
	// trusted_functions names them) or trust: where their text names no protected or listed table they pass. What they do to such
	// a table all the same is then between them and the server: no rule of the policy holds for it, the server's own privileges
	// do, and where it stores plaintext it is stopped by the column's guard only after the server has read it.
	OpaqueCode OpaqueCode `yaml:"opaque_code,omitempty"`
	// Policy is the path of the policy file, which says who may see and do what. Required: without one nobody would be
	// allowed anything.
	Policy Path `yaml:"policy"`
	// Audit is the record of sessions, refusals and privileged statements. Without it no record is kept, and a policy with
	// a privileged role is refused.
	Audit Audit `yaml:"audit,omitempty"`
	// Metrics is the HTTP listener for Prometheus and health checks.
	Metrics Metrics `yaml:"metrics,omitempty"`
	// Admin is the listener for operators.
	Admin Admin `yaml:"admin,omitempty"`
	// Tracing is for OpenTelemetry.
	Tracing Tracing `yaml:"tracing,omitempty"`
	// Log is the program's own log on standard error. It never contains values or statement texts.
	Log Log `yaml:"log,omitempty"`
	// Limits bound time, memory and number.
	Limits Limits `yaml:"limits,omitempty"`
	// ProxyProtocol says who may tell where a client comes from.
	ProxyProtocol ProxyProtocol `yaml:"proxy_protocol,omitempty"`
	// Replication is refuse (the default: replication connections are refused before a password is asked) or permit: a role with
	// replicate: true in the policy may open them. What they carry is what the server has stored, sealed cells and everything else of the
	// database, or of all databases; nothing of it is opened, masked or judged.
	Replication Replication `yaml:"replication,omitempty"`
}

// TLS is the client's leg.
type TLS struct {
	// Mode is require (the default: a client that does not ask for TLS is refused) or plain-on-loopback, which also admits
	// unencrypted clients and is accepted only where listen is a loopback address.
	Mode TLSMode `yaml:"mode,omitempty"`
	// Cert is the certificate chain, PEM, the proxy's own certificate first.
	Cert Path `yaml:"cert,omitempty"`
	// Key is the certificate's private key, PEM.
	Key Path `yaml:"key,omitempty"`
}

// Upstream is the PostgreSQL server behind the proxy.
type Upstream struct {
	// Host is a name, an address, or the absolute path of the folder of a Unix socket. With sslmode verify-full it is the
	// name that the server's certificate must carry.
	Host string `yaml:"host,omitempty"`
	// Port, 1 to 65535. Default 5432.
	Port int `yaml:"port,omitempty"`
	// Hosts is a list of servers instead of host and port; all that is said here goes for each of them. They are tried in this order.
	Hosts []UpstreamHost `yaml:"hosts,omitempty"`
	// TargetSessionAttrs is what kind of server a session is to have: any (the default), read-write, read-only, primary, standby or
	// prefer-standby. It is judged as by libpq, at each login.
	TargetSessionAttrs SessionAttrs `yaml:"target_session_attrs,omitempty"`
	// LoadBalanceHosts is disable (the default: the hosts in their order) or random (in random order for each session).
	LoadBalanceHosts LoadBalance `yaml:"load_balance_hosts,omitempty"`
	// ConnectRounds is how many times the hosts are gone through before a client is told that there is no server, with a growing pause
	// between. All of it is bounded by limits.handshake_timeout. Default 1.
	ConnectRounds int `yaml:"connect_rounds,omitempty"`
	// HealthInterval is how often it is looked whether each of several hosts can be reached, by opening and closing a socket. It decides
	// in which order they are tried, not whether. Default 5s; off.
	HealthInterval Interval `yaml:"health_interval,omitempty"`
	// ClientCheckInterval is how long the server goes on working for a client that has vanished: PostgreSQL's
	// client_connection_check_interval for sessions whose client does not set it, where the server has it (PostgreSQL 14, on Linux).
	// Default 500ms; off leaves the server's own setting.
	ClientCheckInterval Interval `yaml:"client_check_interval,omitempty"`
	// Pooler is none (the default) or session: there is a connection pooler, such as PgBouncer, between the proxy and the servers, and it
	// gives each client a server session of its own until that client leaves. With none, statements that may touch a protected table are
	// refused (PV235) where the server's process is not the one that the login named.
	Pooler Pooler `yaml:"pooler,omitempty"`
	// SSLMode is verify-full (the default), verify-ca, require (encrypted, but to whoever answers) or disable, which is
	// accepted only for a loopback address or a Unix socket.
	SSLMode SSLMode `yaml:"sslmode,omitempty"`
	// CA is a PEM file of the authorities that may sign the server's certificate. Default: those of the system, with verify-full
	// only: a public authority's signature alone says nothing about whose server it is.
	CA Path `yaml:"ca,omitempty"`
	// Allow lists ways in which the server may ask for the login besides SCRAM-SHA-256, in which alone the server proves
	// itself too: md5, cleartext (inside TLS only) and trust (it asks for nothing). Default: none.
	Allow []Ask `yaml:"allow,omitempty"`
	// ChannelBinding is prefer (the default) or require, which refuses a server that does not offer SCRAM-SHA-256-PLUS.
	ChannelBinding ChannelBinding `yaml:"channel_binding,omitempty"`
	// ConnectTimeout bounds connecting and the TLS handshake. Default 10s.
	ConnectTimeout Duration `yaml:"connect_timeout,omitempty"`
	// ShowClientAddress puts the client's address behind its application_name, as in "app [10.0.0.7]", for pg_stat_activity and the
	// server's log. The name is cut to fit 63 bytes. A client can still set another name afterwards: it informs and proves nothing.
	// Default false.
	ShowClientAddress bool `yaml:"show_client_address,omitempty"`
}

// UpstreamHost is one server of several.
type UpstreamHost struct {
	// Host is a name, an address, or the folder of a Unix socket.
	Host string `yaml:"host"`
	// Port, 1 to 65535. Default 5432.
	Port int `yaml:"port,omitempty"`
}

// Servers is the list of servers, however it is written.
func (u Upstream) Servers() []UpstreamHost {
	if len(u.Hosts) > 0 {
		return u.Hosts
	}
	return []UpstreamHost{{Host: u.Host, Port: u.Port}}
}

// Route sends sessions to an upstream.
type Route struct {
	// Databases are names of databases as the client gives them; an asterisk stands for any characters. Default: all.
	Databases []string `yaml:"databases,omitempty"`
	// Users are names of users, in the same way. Default: all.
	Users []string `yaml:"users,omitempty"`
	// To is the name of an upstream, or none: then nobody who fits is let in.
	To string `yaml:"to"`
}

// TCP are the kernel's means to find a peer that has gone silent, by their names in tcp(7).
type TCP struct {
	// KeepaliveIdle is how long nothing comes before the peer is asked whether it is there. Default 15s.
	KeepaliveIdle Duration `yaml:"keepalive_idle,omitempty"`
	// KeepaliveInterval is the time between further questions. Default 5s.
	KeepaliveInterval Duration `yaml:"keepalive_interval,omitempty"`
	// KeepaliveCount is how many questions go unanswered before the connection counts as lost. Default 3.
	KeepaliveCount int `yaml:"keepalive_count,omitempty"`
	// UserTimeout is how long what was sent may go unacknowledged. Default 30s; off. Linux only.
	UserTimeout Interval `yaml:"user_timeout,omitempty"`
}

// SignIn is how clients sign in.
type SignIn struct {
	// Methods has one entry: scram (the default: SCRAM-SHA-256, with channel binding where the client can) or password
	// (inside TLS only, with login own: the server judges it; for servers that check passwords by LDAP, PAM or md5).
	Methods []Method `yaml:"methods,omitempty"`
	// Users is the file of SCRAM verifiers, made by pgveil users add or pgveil users import. Method scram needs it.
	Users Path `yaml:"users,omitempty"`
	// Login is own (the default: the proxy logs in upstream as the same user) or service (all sessions share one upstream
	// login, and the database's own privileges no longer tell users apart).
	Login LoginKind `yaml:"login,omitempty"`
	// Service is the upstream login of login service.
	Service Service `yaml:"service,omitempty"`
}

// Service is an upstream login of the proxy's own.
type Service struct {
	// User is the PostgreSQL role.
	User string `yaml:"user,omitempty"`
	// Password is a reference: env:NAME or file:PATH.
	Password Secret `yaml:"password,omitempty"`
}

// Keys is where keys are kept. pgveil keys init makes what is missing.
type Keys struct {
	// KMS names what keeps the master key. file:///PATH is a file that only the proxy's user may read.
	KMS URI `yaml:"kms"`
	// Store is the folder of the column keys, each sealed by the master key. Back it up together with the master key: without
	// both, no sealed value can ever be opened.
	Store Path `yaml:"store"`
}

// Column is one protected column. In the database it is bytea; the application sees Type.
type Column struct {
	// Type is what the application sees: text, varchar(n), char(n), int2, int4, int8, float4, float8, numeric, numeric(p,s), bool,
	// date, time, timetz, timestamp, timestamptz (each but date with or without a precision, as timestamp(3)), interval, uuid,
	// bytea, json, jsonb, inet, cidr or macaddr, and citext (search: none or equality) where its extension is installed. PostgreSQL's longer names are understood. An enum or a domain that the
	// database defines is written with its schema: public.mood. Arrays of PostgreSQL's own types with one dimension: text[].
	Type Type `yaml:"type"`
	// Search is what the application can ask of the column, and so what the stored bytes give away: none (the default: only
	// whether it is NULL, and its length), equality (also which values are equal, so =, IN, joins, GROUP BY and UNIQUE
	// work), range (also their order and roughly their distances, so <, BETWEEN, ORDER BY, min, max and LIKE 'abc%' work; of dense
	// data that is as good as the values) or match (equality, and roughly which runs of three characters texts share, so LIKE '%abc%' and
	// ILIKE work in the WHERE of a SELECT; that is much for whoever knows the language). equality is refused for bool, where it would give away everything, and for numeric
	// without a scale, float4, float8, interval, json and jsonb, whose equal values can look different. range is offered for integers, numeric with a scale, date,
	// time, timestamp, timestamptz, uuid and text with collation: C, match for text and varchar(n).
	Search Search `yaml:"search,omitempty"`
	// Collation must be C for a text column with search: range: it sorts and compares by bytes, as COLLATE "C" does, and not by
	// the database's collation. Nowhere else.
	Collation Collation `yaml:"collation,omitempty"`
	// Normalize are the steps after which texts are also compared, in order: nfc (Unicode form C), lower (lower case), trim
	// (no blanks at the ends), unaccent (no combining marks). With search: equality only. lower(c) = lower($1) then works where the
	// steps make them equal. citext with search: equality compares in lower case without it. It also gives away which values are equal when normalised. Changing it needs a new key.
	Normalize []NormalizeStep `yaml:"normalize,omitempty"`
	// Key is the column key's name. Columns that share a key can be joined; they must agree in type and search. Default:
	// schema.table.column. Renaming a key makes the stored values unreadable.
	Key string `yaml:"key,omitempty"`
	// Guard adds a CHECK constraint when the column is created through the proxy, so that a direct connection cannot store
	// plaintext by mistake. Default true.
	Guard bool `yaml:"guard"`
	// Paths are fields of a jsonb column that alone are protected; the column itself stays jsonb in the database, and may not have search,
	// normalize, key or guard. A path is the keys that lead to the field, joined by dots: address.street. Its values are strings or null.
	// What lies within an array is at no path.
	Paths map[string]DocumentPath `yaml:"paths,omitempty"`
}

// DocumentPath is one protected field of a jsonb column.
type DocumentPath struct {
	// Search is none (the default) or equality, as for a column of type text.
	Search Search `yaml:"search,omitempty"`
	// Key is the column key's name. Default: schema.table.column/path.
	Key string `yaml:"key,omitempty"`
}

// PathColumns are the paths as columns of type text, by the name column/path. It is empty for a column that is protected as a whole.
func (c Column) PathColumns(column string) map[string]Column {
	all := make(map[string]Column, len(c.Paths))
	for path, p := range c.Paths {
		all[column+"/"+path] = Column{Type: Type{name: "text", sql: sql.Type{OID: sql.OIDText, Mod: -1}}, Search: p.Search, Key: p.Key}
	}
	return all
}

// Audit is the record: JSON lines under a Merkle log with signed checkpoints.
type Audit struct {
	// Dir is the folder of the record. Only the proxy writes there; two proxies must not share it.
	Dir Path `yaml:"dir,omitempty"`
	// Key is the file of the checkpoint signing key, made by pgveil audit keys, which also gives the log its name.
	Key Path `yaml:"key,omitempty"`
	// CheckpointInterval is the longest time between signed checkpoints while events arrive. Default 1s.
	CheckpointInterval Duration `yaml:"checkpoint_interval,omitempty"`
}

// IsZero tells whether no record is kept; the YAML encoder then leaves the section out.
func (a Audit) IsZero() bool { return a.Dir == "" }

// Metrics is a plain HTTP listener. It shows names of tables and columns, never values.
type Metrics struct {
	// Listen is host:port for /metrics, /healthz and /readyz. Default: none.
	Listen string `yaml:"listen,omitempty"`
}

// Log is the program's log.
type Log struct {
	// Level is debug, info (the default), warn or error.
	Level LogLevel `yaml:"level,omitempty"`
	// Format is json (the default) or console.
	Format LogFormat `yaml:"format,omitempty"`
}

// Limits bound what clients can use up.
type Limits struct {
	// MaxConnections is the number of clients at a time. Default 500.
	MaxConnections int `yaml:"max_connections,omitempty"`
	// MaxConnectionsPerUser is the number of sessions that one user may have at a time. Default: no limit but max_connections.
	MaxConnectionsPerUser int `yaml:"max_connections_per_user,omitempty"`
	// MaxConnectionsPerAddress is the number of sessions that may come from one address at a time; of IPv6, from one network of 64
	// bits. Default: no limit but max_connections.
	MaxConnectionsPerAddress int `yaml:"max_connections_per_address,omitempty"`
	// MaxUnauthenticated is the number of connections at a time that have not signed in. Default: that of max_connections, but at
	// least 100.
	MaxUnauthenticated int `yaml:"max_unauthenticated,omitempty"`
	// MaxUnauthenticatedPerAddress is how many of these may come from one address, or network of 64 bits. Default: half of
	// max_unauthenticated, so that one address never keeps all others out.
	MaxUnauthenticatedPerAddress int `yaml:"max_unauthenticated_per_address,omitempty"`
	// SignInDelay is how long the answer to a sign-in is held back after the third that failed, by the same user from the same address.
	// It doubles with each further one up to 30s, and is forgotten ten minutes after the latest. Failures of all users from one
	// address count the same way from the thirtieth on. Default 100ms; off.
	SignInDelay Interval `yaml:"sign_in_delay,omitempty"`
	// HandshakeTimeout bounds the time from accept until a client is signed in. Default 60s, as authentication_timeout.
	HandshakeTimeout Duration `yaml:"handshake_timeout,omitempty"`
	// MaxMessageBytes is the longest message that is read whole: a Bind with sealed parameters, a row with sealed cells.
	// Messages that only pass have no limit but PostgreSQL's. Default 64MB.
	MaxMessageBytes Size `yaml:"max_message_bytes,omitempty"`
	// MaxStatementBytes is the longest text of SQL. Default: that of max_message_bytes.
	MaxStatementBytes Size `yaml:"max_statement_bytes,omitempty"`
	// MaxPipeline is how many answers a session may be owed. Beyond it the client is not read until half of them have come: it waits,
	// and gets no error. Default 65536.
	MaxPipeline int `yaml:"max_pipeline,omitempty"`
	// MaxPreparedStatements is how many prepared statements, and how many cursors, a session may have by name. Default 10000.
	MaxPreparedStatements int `yaml:"max_prepared_statements,omitempty"`
	// MaxSessionBytes bounds the memory that a session holds between messages: the texts of its prepared statements, its cursors, and
	// what it knows of the answers owed. Beyond it nothing more can be prepared, and a pipeline waits. Default 64MB.
	MaxSessionBytes Size `yaml:"max_session_bytes,omitempty"`
	// CatalogAge is how long the database's catalog is trusted before it is read again. Default 10s.
	CatalogAge Duration `yaml:"catalog_age,omitempty"`
	// DrainTimeout is how long running sessions may go on after SIGTERM. Default 30s.
	DrainTimeout Duration `yaml:"drain_timeout,omitempty"`
	// DrainDelay is how long after SIGTERM clients are still taken, while /readyz already says that the proxy is not ready, so that a
	// balancer has time to notice. Default: off.
	DrainDelay Interval `yaml:"drain_delay,omitempty"`
	// PlanCacheBytes bounds the memory of cached plans. Default 64MB.
	PlanCacheBytes Size `yaml:"plan_cache_bytes,omitempty"`
}
