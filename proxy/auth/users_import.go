package auth

import (
	"fmt"
	"strings"
	"time"
)

// ImportQuery reads every role that may sign in, for MergeImport. It needs the right to read pg_authid, which only a
// superuser has. An end of validity comes as RFC 3339 text, NULL if there is none.
const ImportQuery = `select rolname::text, rolpassword,
  case when rolvaliduntil is null or rolvaliduntil = 'infinity' then null
       when rolvaliduntil = '-infinity' or rolvaliduntil < '0002-01-01 00:00:00+00' then '0002-01-01T00:00:00Z'
       when rolvaliduntil > '9999-01-01 00:00:00+00' then null
       else pg_catalog.to_char(rolvaliduntil at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end
from pg_catalog.pg_authid where rolcanlogin order by rolname`

// Imported is one row of ImportQuery; nil is NULL.
type Imported struct {
	Name                 string
	Verifier, ValidUntil *string
}

// ImportReport says what an import did, by name.
type ImportReport struct {
	Added, Changed, Unchanged []string
	Absent                    []string // in the file and not in the database: kept
	Skipped                   []Skipped
}

// Skipped is a role that could not be imported.
type Skipped struct{ Name, Reason string }

// MergeImport takes roles over from a server. A role that is there already gets the server's verifier and end of validity.
func (u *Users) MergeImport(rows []Imported) (*Users, ImportReport, error) {
	var rep ImportReport
	merged := u
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row.Name] = true
		x, reason := row.user()
		if reason != "" {
			rep.Skipped = append(rep.Skipped, Skipped{row.Name, reason})
			continue
		}
		old, known := u.Lookup(row.Name)
		var err error
		if merged, err = merged.With(x); err != nil {
			return nil, ImportReport{}, fmt.Errorf("role %q: %w", row.Name, err)
		}
		switch {
		case !known:
			rep.Added = append(rep.Added, row.Name)
		case old.Verifier.Encode() == x.Verifier.Encode() && old.ValidUntil.Equal(x.ValidUntil):
			rep.Unchanged = append(rep.Unchanged, row.Name)
		default:
			rep.Changed = append(rep.Changed, row.Name)
		}
	}
	for _, name := range u.Names() {
		if !seen[name] {
			rep.Absent = append(rep.Absent, name)
		}
	}
	return merged, rep, nil
}

func (r Imported) user() (x User, reason string) {
	if err := checkName(r.Name); err != nil {
		return User{}, err.Error()
	}
	switch {
	case r.Verifier == nil:
		return User{}, "it has no password"
	case strings.HasPrefix(*r.Verifier, "md5"):
		return User{}, "its password is stored as md5; set it again with password_encryption = 'scram-sha-256'"
	}
	v, err := ParseVerifier(*r.Verifier)
	if err != nil {
		return User{}, "its stored password is " + err.Error()
	}
	x = User{Name: r.Name, Verifier: v}
	if r.ValidUntil != nil {
		if x.ValidUntil, err = time.Parse(time.RFC3339Nano, *r.ValidUntil); err != nil {
			return User{}, "its end of validity is not understood"
		}
	}
	return x, ""
}
