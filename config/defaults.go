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
		MaxConnections:   500,
		HandshakeTimeout: Duration(60 * time.Second),
		MaxMessageBytes:  64 << 20,
		CatalogAge:       Duration(10 * time.Second),
		DrainTimeout:     Duration(30 * time.Second),
		PlanCacheBytes:   64 << 20,
	}
}
