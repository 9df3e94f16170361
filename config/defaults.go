package config

import "time"

// A type with defaults is filled by them before the file's values are read into it.
type defaulter interface{ defaults() }

func (c *Config) defaults() {
	c.Listen = "127.0.0.1:6432"
	c.OpaqueCode = OpaqueRefuse
	c.Replication = ReplicationRefuse
}

func (t *TLS) defaults() { t.Mode = TLSRequire }

func (u *Upstream) defaults() {
	u.Port = 5432
	u.SSLMode = SSLVerifyFull
	u.ChannelBinding = BindingPrefer
	u.ConnectTimeout = Duration(10 * time.Second)
	u.TargetSessionAttrs = AttrsAny
	u.LoadBalanceHosts = BalanceDisable
	u.Pooler = PoolerNone
	u.ConnectRounds = 1
	u.HealthInterval = Interval(5 * time.Second)
	u.ClientCheckInterval = Interval(500 * time.Millisecond)
}

func (h *UpstreamHost) defaults() { h.Port = 5432 }

func (r *Route) defaults() { r.Databases, r.Users = []string{"*"}, []string{"*"} }

func (t *TCP) defaults() {
	*t = TCP{KeepaliveIdle: Duration(15 * time.Second), KeepaliveInterval: Duration(5 * time.Second), KeepaliveCount: 3, UserTimeout: Interval(30 * time.Second)}
}

func (s *SignIn) defaults() {
	s.Methods = []Method{MethodSCRAM}
	s.Login = LoginOwn
}

func (c *Column) defaults() {
	c.Search = SearchNone
	c.Guard = true
}

func (p *DocumentPath) defaults() { p.Search = SearchNone }

func (a *Audit) defaults() { a.CheckpointInterval = Duration(time.Second) }

func (l *Log) defaults() {
	l.Level = LevelInfo
	l.Format = FormatJSON
}

func (l *Limits) defaults() {
	*l = Limits{
		MaxConnections:        500,
		SignInDelay:           Interval(100 * time.Millisecond),
		HandshakeTimeout:      Duration(60 * time.Second),
		MaxMessageBytes:       64 << 20,
		MaxPipeline:           1 << 16,
		MaxPreparedStatements: 10_000,
		MaxSessionBytes:       64 << 20,
		CatalogAge:            Duration(10 * time.Second),
		DrainTimeout:          Duration(30 * time.Second),
		PlanCacheBytes:        64 << 20,
	}
}
