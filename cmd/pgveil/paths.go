package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/policy/sql"
)

// sealedColumns are a table's columns that have a key: of a jsonb column with paths, its paths by the name column/path.
func sealedColumns(columns map[string]config.Column) map[string]config.Column {
	all := make(map[string]config.Column, len(columns))
	for name, c := range columns {
		if len(c.Paths) == 0 {
			all[name] = c
			continue
		}
		for path, p := range c.PathColumns(name) {
			all[path] = p
		}
	}
	return all
}

// documentOf is a jsonb column with the protected paths that the configuration gives it.
func documentOf(table, name string, c config.Column, keys *crypto.Keyring) (sql.Protection, error) {
	var paths []sql.DocumentPath
	var problems []error
	for _, path := range sorted(c.Paths) {
		one := c.PathColumns(name)[name+"/"+path]
		p, err := protectionOf(table+"."+name+"/"+path, one, keys)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		paths = append(paths, sql.DocumentPath{Steps: strings.Split(path, "."), Protection: p})
	}
	return sql.Protection{Type: c.Type.SQL(), Document: sql.NewDocument(paths)}, errors.Join(problems...)
}

// protectionOf joins a column, or a path that is called name, with its key.
func protectionOf(name string, c config.Column, keys *crypto.Keyring) (sql.Protection, error) {
	key, ok := keys.Key(c.Key)
	switch {
	case !ok:
		return sql.Protection{}, fmt.Errorf("%s: there is no key %q; pgveil keys init makes it", name, c.Key)
	case key.Mode() != modeOf(c):
		return sql.Protection{}, fmt.Errorf("%s: key %q seals in mode %s, but the column's search needs mode %s; give the column another key name",
			name, c.Key, key.Mode(), modeOf(c))
	case key.Normalize() != normalizeOf(c):
		return sql.Protection{}, fmt.Errorf("%s: key %q was made for normalize: [%s], and what it sealed can be found by that only; give the column another key name",
			name, c.Key, strings.ReplaceAll(key.Normalize(), ",", ", "))
	}
	p := sql.Protection{Key: c.Key, ID: uint32(key.ID()), Search: searchOf(c.Search), Type: c.Type.SQL(), Defined: c.Type.Defined(), Normalize: normalizeOf(c)}
	if c.Guard {
		p.Guard = string(key.GuardSuffix())
	}
	return p, nil
}
