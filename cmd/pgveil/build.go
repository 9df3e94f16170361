package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/crypto/kms"
	"github.com/pgveil/pgveil/crypto/kms/file"
	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/mask"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy"
	"github.com/pgveil/pgveil/proxy/audit"
	"github.com/pgveil/pgveil/proxy/auth"
	"github.com/pgveil/pgveil/proxy/upstream"
	"github.com/pgveil/pgveil/proxy/wire"
)

// maskKeyName is the column key that the hash mask's key is derived from. The slash keeps it apart from the configuration's
// key names.
const maskKeyName = "pgveil/mask"

// kmsTimeout bounds loading the keys.
const kmsTimeout = 30 * time.Second

// parts is everything that the proxy is made of, built from one configuration. Building listens nowhere, connects nowhere but
// to the KMS, and writes nothing.
type parts struct {
	cfg      *config.Config
	world    *proxy.World // policy, keyring, protected columns
	routes   *upstream.Routes
	cert     *wire.Certificate // nil: no TLS for clients
	users    *auth.UsersFile   // nil with method password
	method   auth.Method
	login    func(auth.Allow) auth.Login // by how a server may ask for it
	auditKey *audit.Key                  // nil: no record
}

// build makes all parts. Its error joins what is wrong with each of them, so that one run shows everything.
func build(ctx context.Context, cfg *config.Config) (*parts, error) {
	p := &parts{cfg: cfg}
	return p, errors.Join(
		p.buildWorld(ctx),
		p.buildTLS(),
		p.buildSignIn(),
		p.buildRoutes(),
		p.buildAudit(),
	)
}

// openKMS makes the master key that a URI names. A further kind is one more case.
func openKMS(uri config.URI) (kms.KMS, error) {
	switch {
	case strings.HasPrefix(string(uri), file.Scheme):
		path, err := file.Path(string(uri))
		if err != nil {
			return nil, err
		}
		return file.Open(path)
	}
	return nil, fmt.Errorf("keys.kms: unknown kind %q; expected %s//PATH", uri, file.Scheme)
}

// buildWorld loads the keys, and what cannot be without them: the protected columns and the policy over them.
func (p *parts) buildWorld(ctx context.Context) error {
	keys, err := loadKeys(ctx, p.cfg)
	if err != nil {
		return err
	}
	spec, err := specOf(p.cfg, keys)
	if err != nil {
		return err
	}
	rules, err := loadPolicy(string(p.cfg.Policy), spec, keys)
	if err != nil {
		return err
	}
	if rules.RecordsStatements() && p.cfg.Audit.IsZero() {
		return fmt.Errorf("%s: a role has record: statements, but the configuration has no audit section", p.cfg.Policy)
	}
	p.world, err = proxy.NewWorld(rules, keys, spec)
	return err
}

func loadKeys(ctx context.Context, cfg *config.Config) (*crypto.Keyring, error) {
	ctx, cancel := context.WithTimeout(ctx, kmsTimeout)
	defer cancel()
	const hint = "pgveil keys init makes the keys that are missing"
	master, err := openKMS(cfg.Keys.KMS)
	if errors.Is(err, os.ErrNotExist) {
		return nil, withHint(err, hint)
	}
	if err != nil {
		return nil, err
	}
	store, err := crypto.OpenStore(string(cfg.Keys.Store))
	if errors.Is(err, crypto.ErrNoStore) {
		return nil, withHint(err, hint)
	}
	if err != nil {
		return nil, err
	}
	return store.Load(ctx, master)
}

// modeOf is the cipher that a column's search mode needs.
func modeOf(c config.Column) crypto.Mode { return proxy.ModeOf(searchOf(c.Search), normalizeOf(c)) }

// specOf joins the configuration's columns with their keys.
func specOf(cfg *config.Config, keys *crypto.Keyring) (sql.Spec, error) {
	spec := sql.Spec{Protected: map[sql.TableName]map[string]sql.Protection{}, TrustedFunctions: cfg.TrustedFunctions,
		TrustOpaque: cfg.OpaqueCode == config.OpaqueTrust}
	var problems []error
	for _, name := range sorted(cfg.Encrypt) {
		schema, rel, _ := strings.Cut(name, ".")
		columns := map[string]sql.Protection{}
		for _, col := range sorted(cfg.Encrypt[name]) {
			c := cfg.Encrypt[name][col]
			p, err := sql.Protection{}, error(nil)
			if len(c.Paths) > 0 {
				p, err = documentOf(name, col, c, keys)
			} else {
				p, err = protectionOf(name+"."+col, c, keys)
			}
			if err != nil {
				problems = append(problems, err)
				continue
			}
			columns[col] = p
		}
		spec.Protected[sql.TableName{Schema: schema, Name: rel}] = columns
	}
	return spec, errors.Join(problems...)
}

func searchOf(s config.Search) sql.Search {
	switch s {
	case config.SearchEquality:
		return sql.SearchEquality
	case config.SearchRange:
		return sql.SearchRange
	case config.SearchMatch:
		return sql.SearchMatch
	}
	return sql.SearchNone
}

// normalizeOf joins a column's steps as analysis and package value read them.
func normalizeOf(c config.Column) string {
	steps := make([]string, len(c.Steps()))
	for i, s := range c.Steps() {
		steps[i] = string(s)
	}
	return strings.Join(steps, ",")
}

// loadPolicy reads and compiles a policy file. keys may be nil; then the hash mask is refused.
func loadPolicy(path string, spec sql.Spec, keys *crypto.Keyring) (*policy.Policy, error) {
	text, err := readBounded(path, policy.MaxFile)
	if err != nil {
		return nil, err
	}
	rules, err := policy.Load(path, text)
	if err != nil {
		return nil, err
	}
	var o policy.Options
	if o.MaskKey, err = maskKey(keys); err != nil {
		return nil, err
	}
	return policy.Compile(rules, spec, o)
}

// maskKey derives the hash mask's key: AES-SIV is a pseudorandom function of its input, so the cell of a constant is a secret
// that is always the same.
func maskKey(keys *crypto.Keyring) (mask.Key, error) {
	if keys == nil {
		return mask.Key{}, nil
	}
	key, ok := keys.Key(maskKeyName)
	if !ok || key.Mode() != crypto.ModeEqual {
		return mask.Key{}, nil
	}
	cell, err := key.Seal(nil, []byte("pgveil mask key 1"))
	if err != nil {
		return mask.Key{}, err
	}
	secret := sha256.Sum256(cell)
	return mask.NewKey(secret[:])
}

func (p *parts) buildTLS() error {
	if p.cfg.TLS.Cert == "" {
		return nil
	}
	var err error
	if p.cert, err = wire.LoadCertificate(string(p.cfg.TLS.Cert), string(p.cfg.TLS.Key)); err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	return nil
}

// buildSignIn chooses the two halves of a sign-in. A further method or login is one more case.
func (p *parts) buildSignIn() error {
	s := p.cfg.SignIn
	switch s.Methods[0] {
	case config.MethodPassword:
		p.method = auth.Password{}
	default:
		users, err := auth.OpenUsers(string(s.Users))
		if err != nil {
			return withHint(fmt.Errorf("sign_in.users: %w", err), "pgveil users add and pgveil users import make the file")
		}
		p.users = users
		p.method = &auth.SCRAM{Users: users.Current}
	}
	switch s.Login {
	case config.LoginService:
		password, err := s.Service.Password.Resolve()
		if err != nil {
			return fmt.Errorf("sign_in.service.password: %w", err)
		}
		p.login = func(allow auth.Allow) auth.Login {
			return auth.Service{User: s.Service.User, Password: auth.NewSecret([]byte(password)), Allow: allow}
		}
	default:
		p.login = func(allow auth.Allow) auth.Login { return auth.Own{Allow: allow} }
	}
	return nil
}

func (p *parts) buildAudit() error {
	if p.cfg.Audit.IsZero() {
		return nil
	}
	var err error
	if p.auditKey, err = audit.LoadKey(string(p.cfg.Audit.Key)); err != nil {
		return withHint(fmt.Errorf("audit.key: %w", err), "pgveil audit keys makes the key")
	}
	return nil
}
