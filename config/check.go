package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// problem reports something about the value at the path, or about the nearest value above it that the file has.
func (d *decoder) problem(path []string, format string, args ...any) {
	for n := len(path); n >= 0; n-- {
		if at, ok := d.at[strings.Join(path[:n], sep)]; ok {
			d.report(at, format, args...)
			return
		}
	}
}

// wrong tells whether the value at the path could not be read, so that no second problem follows from the first.
func (d *decoder) wrong(path ...string) bool { return d.broken[strings.Join(path, sep)] }

// has tells whether the file has a value at the path.
func (d *decoder) has(path ...string) bool {
	_, ok := d.at[strings.Join(path, sep)]
	return ok
}

// check reports values that are well-formed but cannot be meant. It has no effects.
func (c *Config) check(d *decoder) {
	c.checkTLS(d)
	c.checkUpstreams(d)
	c.checkSignIn(d)
	c.checkEncrypt(d)
	c.checkProxyProtocol(d)
	c.checkRest(d)
}

func (c *Config) checkTLS(d *decoder) {
	loopback := checkAddress(d, c.Listen, "listen")
	if c.TLS.Mode == TLSPlainOnLoopback && !loopback {
		d.problem([]string{"tls", "mode"}, "mode plain-on-loopback needs a loopback address in listen, such as 127.0.0.1:6432")
	}
	hasCert, hasKey := d.has("tls", "cert"), d.has("tls", "key")
	switch {
	case hasCert && !hasKey:
		d.problem([]string{"tls", "cert"}, "tls.cert needs tls.key beside it")
	case hasKey && !hasCert:
		d.problem([]string{"tls", "key"}, "tls.key needs tls.cert beside it")
	case !hasCert && c.TLS.Mode == TLSRequire && !d.wrong("tls", "mode"):
		d.problem([]string{"tls"}, "tls.cert and tls.key are missing: clients must use TLS (tls.mode require)")
	}
}

// checkAddress reports an address that cannot be listened on and tells whether it is a loopback address. A name is not
// taken for one: what it resolves to can change.
func checkAddress(d *decoder, addr string, path ...string) (loopback bool) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		if !d.wrong(path...) {
			d.problem(path, "expected host:port, found %q", addr)
		}
		return false
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || (n == 0 && port != "0") {
		d.problem(path, "expected a port from 0 to 65535, found %q", port)
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func (c *Config) checkSignIn(d *decoder) {
	s := c.SignIn
	if len(s.Methods) != 1 {
		d.problem([]string{"sign_in", "methods"}, "expected one method: the server's side of a sign-in must choose before it knows the client")
	} else if s.Methods[0] == MethodPassword && !d.has("tls", "cert") && !d.wrong("tls") {
		d.problem([]string{"sign_in", "methods"}, "method password needs TLS: set tls.cert and tls.key")
	}
	password := len(s.Methods) == 1 && s.Methods[0] == MethodPassword
	if password && s.Login == LoginService {
		d.problem([]string{"sign_in", "login"}, "login service needs method scram: with method password only the server can judge the password, by the user's own login")
	}
	if password && d.has("sign_in", "users") {
		d.problem([]string{"sign_in", "users"}, "users has no use with method password")
	}
	if !password && !d.has("sign_in", "users") {
		d.problem([]string{"sign_in", "users"}, "sign_in.users is missing: the file of verifiers, made by pgveil users add or pgveil users import")
	}
	if s.Login == LoginService {
		if s.Service.User == "" {
			d.problem([]string{"sign_in", "service", "user"}, "login service needs sign_in.service.user")
		}
		if !d.has("sign_in", "service", "password") {
			d.problem([]string{"sign_in", "service", "password"}, "login service needs sign_in.service.password, as env:NAME or file:PATH")
		}
	} else if d.has("sign_in", "service") && !d.wrong("sign_in", "login") {
		d.problem([]string{"sign_in", "service"}, "service has no use with login own; set login: service")
	}
}

func (c *Config) checkRest(d *decoder) {
	for _, required := range [][]string{{"policy"}, {"keys", "kms"}, {"keys", "store"}} {
		if !d.has(required...) {
			d.problem(required, "%s is missing", strings.Join(required, "."))
		}
	}
	for i, f := range c.TrustedFunctions {
		if _, _, ok := splitName(f); !ok && !d.wrong("trusted_functions", strconv.Itoa(i)) {
			d.problem([]string{"trusted_functions", strconv.Itoa(i)}, "expected schema.function, found %q", f)
		}
	}
	if d.has("audit") && !d.wrong("audit") {
		for _, k := range []string{"dir", "key"} {
			if !d.has("audit", k) {
				d.problem([]string{"audit", k}, "audit.%s is missing", k)
			}
		}
	}
	if d.has("metrics", "listen") {
		checkAddress(d, c.Metrics.Listen, "metrics", "listen")
	}
	c.Limits.check(d)
}

func (c *Config) checkEncrypt(d *decoder) {
	first := map[string]string{} // key name → the first column that uses it
	for _, table := range mapKeys(c.Encrypt) {
		columns := c.Encrypt[table]
		path := []string{"encrypt", table}
		checkTableName(d, table, path)
		if len(columns) == 0 && !d.wrong(path...) {
			d.problem(path, "table %s has no columns", table)
		}
		for _, name := range mapKeys(columns) {
			c.checkColumn(d, table, name, first)
		}
	}
}

func (c *Config) checkColumn(d *decoder, table, name string, first map[string]string) {
	path := []string{"encrypt", table, name}
	col := c.Encrypt[table][name]
	if !validIdentifier(name) {
		d.problem(path, "%q is no column name", name)
	}
	if d.wrong(path...) {
		return
	}
	if col.Type.name == "" {
		if !d.has("encrypt", table, name, "type") {
			d.problem(path, "column %s has no type", name)
		}
		return
	}
	if why := col.Type.noEquality(); why != "" && col.Search == SearchEquality {
		d.problem(append(path, "search"), "%s", why)
	}
	if col.Search == SearchMatch && col.Type.Class() != "text" {
		d.problem(append(path, "search"), "search match is for text and varchar, not %s", col.Type)
	}
	if d.has(append(path, "paths")...) {
		c.checkPaths(d, table, name, first)
		return
	}
	col.checkRange(d, path)
	col.checkNormalize(d, path)
	if col.Key == "" {
		if d.has("encrypt", table, name, "key") && !d.wrong("encrypt", table, name, "key") {
			d.problem(append(path, "key"), "expected a key name")
		}
		col.Key = table + "." + name
		c.Encrypt[table][name] = col
	} else if strings.ContainsFunc(col.Key, func(r rune) bool { return !unicode.IsPrint(r) || r == '/' || r == '\\' }) {
		d.problem(append(path, "key"), "a key's name has printable characters without / and \\")
	}
	other, shared := first[col.Key]
	if !shared {
		first[col.Key] = table + sep + name
		return
	}
	t, n, _ := strings.Cut(other, sep)
	if with := c.columnOf(t, n); with.Type.Class() != col.Type.Class() || with.Search != col.Search {
		d.problem(append(path, "key"), "shares key %s with %s.%s, so it must have the same kind of type and the same search (there: %s, %s)",
			col.Key, t, n, with.Type, with.Search)
	} else if !slices.Equal(with.Normalize, col.Normalize) {
		d.problem(append(path, "key"), "shares key %s with %s.%s, so it must have the same normalize (there: %v)", col.Key, t, n, with.Normalize)
	}
}

// checkRange reports a range search that the type doesn't have, and a collation that is missing or means nothing.
func (c Column) checkRange(d *decoder, path []string) {
	switch why := c.Type.noRange(); {
	case c.Search != SearchRange:
		if c.Collation != "" {
			d.problem(append(path, "collation"), "collation goes with search: range")
		}
	case why != "":
		d.problem(append(path, "search"), "%s", why)
	case c.Type.isText() && c.Collation == "" && !d.wrong(append(path, "collation")...):
		d.problem(append(path, "search"), "search range on %s sorts by bytes, as COLLATE \"C\", and not by the database's collation; "+
			"write collation: C beside it if that is right", c.Type)
	case !c.Type.isText() && c.Collation != "":
		d.problem(append(path, "collation"), "collation is for text")
	}
}

// checkNormalize reports steps where there is nothing to normalise, and steps that come twice.
func (c Column) checkNormalize(d *decoder, path []string) {
	path = append(path, "normalize")
	switch {
	case len(c.Normalize) == 0:
		if d.has(path...) && !d.wrong(path...) {
			d.problem(path, "normalize has no steps")
		}
	case c.Type.isCitext():
		d.problem(path, "citext compares values in lower case by itself; leave normalize out, or use text")
	case !c.Type.isText():
		d.problem(path, "normalize is for text, not %s", c.Type)
	case c.Search != SearchEquality:
		d.problem(path, "normalize goes with search: equality")
	}
	for i, step := range c.Normalize {
		if slices.Contains(c.Normalize[:i], step) {
			d.problem(path, "normalize has %s twice", step)
		}
	}
}

func checkTableName(d *decoder, table string, path []string) {
	schema, _, ok := splitName(table)
	if !ok {
		hint := ""
		if validIdentifier(table) && !strings.Contains(table, ".") {
			hint = fmt.Sprintf("; did you mean %q?", "public."+table)
		}
		d.problem(path, "expected schema.table, found %q%s", table, hint)
		return
	}
	if schema == "pg_catalog" || schema == "information_schema" || strings.HasPrefix(schema, "pg_toast") || strings.HasPrefix(schema, "pg_temp") {
		d.problem(path, "tables of schema %s cannot be protected", schema)
	}
}

// splitName takes schema.name apart.
func splitName(s string) (schema, name string, ok bool) {
	schema, name, found := strings.Cut(s, ".")
	return schema, name, found && !strings.Contains(name, ".") && validIdentifier(schema) && validIdentifier(name)
}

// validIdentifier accepts what pg_class and pg_attribute can hold (NAMEDATALEN, src/include/pg_config_manual.h), less what
// is surely a mistake here.
func validIdentifier(s string) bool {
	return s != "" && len(s) <= 63 && !strings.ContainsAny(s, "\"") && !strings.ContainsFunc(s, unicode.IsControl) && strings.TrimSpace(s) == s
}

// Steps are what is done to a value before it is indexed: those of normalize, and lower for citext with search: equality, which compares so by itself.
func (c Column) Steps() []NormalizeStep {
	if c.Type.isCitext() && c.Search == SearchEquality {
		return []NormalizeStep{NormalizeLower}
	}
	return c.Normalize
}
