// Package chaos breaks what pgveil stands on while clients move money through it, and looks each time whether a promise was broken.
//
// A Stand is a PostgreSQL, several proxies with the same keys, and a relay on each leg of each proxy. A Bank has clients that do transfers between
// accounts whose owners and balances are sealed, and readers. A Schedule is a sequence of faults drawn from a seed. After each fault the
// clients pause and everything is examined: the accounts against what the clients were told, the wire, the server's and the proxies' files, what is
// left over, the record.
package chaos
