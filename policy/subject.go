package policy

import "strings"

// RoleSet is the set of roles that a subject holds under one Policy. It is comparable and cheap, so that it can stand in a
// cache key; it means nothing under another Policy. The zero RoleSet holds no role.
type RoleSet struct{ bits [maxRoles / 64]uint64 }

func (s RoleSet) has(i int) bool { return s.bits[i/64]&(1<<(i%64)) != 0 }

func (s *RoleSet) add(i int) { s.bits[i/64] |= 1 << (i % 64) }

// Empty is true when the subject holds no role.
func (s RoleSet) Empty() bool { return s == RoleSet{} }

// RolesOf returns the roles whose "who" matches the subject's user and database. It is computed once a session.
func (p *Policy) RolesOf(s Subject) RoleSet {
	var set RoleSet
	for i, r := range p.rules.Roles {
		if matchesOne(r.Users, s.User) && matchesOne(r.Databases, s.Database) {
			set.add(i)
		}
	}
	return set
}

// RoleNames lists the names of a set's roles in the file's order.
func (p *Policy) RoleNames(set RoleSet) []string {
	var names []string
	for i, r := range p.rules.Roles {
		if set.has(i) {
			names = append(names, r.Name)
		}
	}
	return names
}

// Privileged is true when one of the roles has "record: statements".
func (p *Policy) Privileged(set RoleSet) bool {
	for i, r := range p.rules.Roles {
		if set.has(i) && r.Record {
			return true
		}
	}
	return false
}

// Replicates is true when one of the roles has "replicate: true".
func (p *Policy) Replicates(set RoleSet) bool {
	for i, r := range p.rules.Roles {
		if set.has(i) && r.Replicate {
			return true
		}
	}
	return false
}

// RecordsStatements is true when some role has "record: statements", so that there must be a place for the record.
func (p *Policy) RecordsStatements() bool {
	for _, r := range p.rules.Roles {
		if r.Record {
			return true
		}
	}
	return false
}

func matchesOne(patterns []string, s string) bool {
	for _, p := range patterns {
		if matches(p, s) {
			return true
		}
	}
	return false
}

// matches is true when s is the pattern, in which "*" stands for any text, the empty one included. Its time is at most
// the product of both lengths.
func matches(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
