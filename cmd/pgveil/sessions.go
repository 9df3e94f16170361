package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/pgveil/pgveil/proxy"
	"github.com/pgveil/pgveil/proxy/admin"
)

func newSessions() *cobra.Command {
	c := &cobra.Command{
		Use:   "sessions",
		Short: "List the sessions of the running proxy, or end one",
		Long: `Asks the admin listener of the proxy that runs with this configuration (admin.listen): who is connected, what state a session is in and
since when, the kind of its statement, and whom it waits for: the client, the server, the record's disk (audit disk), or nobody (proxy). No statement's text is shown.`,
		Example: `  pgveil sessions
  pgveil sessions --json
  pgveil sessions kill 5f1d0c9be2a14f6377aa01cd`,
		Args: args(cobra.NoArgs),
	}
	path := c.PersistentFlags().StringP("config", "c", defaultConfig, "configuration file")
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		a, err := newAdminClient(*path)
		if err != nil {
			return err
		}
		all, err := a.sessions(c.Context())
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), all)
		}
		table(c.OutOrStdout(), sessionRows(all.Sessions))
		return nil
	}
	c.AddCommand(newSessionsKill(path))
	return c
}

func newSessionsKill(path *string) *cobra.Command {
	c := &cobra.Command{
		Use:   "kill ID",
		Short: "End a session of the running proxy",
		Long: `Ends the session with this ID (see pgveil sessions): its client gets 57P01, as from pg_terminate_backend, behind a whole message. What the server
does for it is cancelled, and its transaction is rolled back. The record notes it.`,
		Example: "  pgveil sessions kill 5f1d0c9be2a14f6377aa01cd",
		Args:    args(cobra.ExactArgs(1)),
	}
	c.RunE = func(c *cobra.Command, words []string) error {
		a, err := newAdminClient(*path)
		if err != nil {
			return err
		}
		return a.kill(c.Context(), words[0])
	}
	return c
}

// sessionRows is the table of sessions with its head.
func sessionRows(all []proxy.SessionInfo) [][]string {
	rows := [][]string{{"SESSION", "STATE", "FOR", "WAITS FOR", "STATEMENT", "USER", "ROLES", "DATABASE", "CLIENT", "APPLICATION", "UPSTREAM", "AGE", "IN", "OUT"}}
	for i := range all {
		s := &all[i]
		state := s.State
		if s.Draining {
			state += ", draining"
		}
		rows = append(rows, []string{s.ID, state, admin.Seconds(s.StateAge), s.Waiting, dash(s.Statement), dash(s.User), dash(strings.Join(s.Roles, ",")),
			dash(s.Database), dash(s.Client), dash(s.Application), dash(s.Upstream), admin.Seconds(s.Age), admin.Bytes(float64(s.BytesIn)), admin.Bytes(float64(s.BytesOut))})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = printable(row[i])
		}
	}
	return rows
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// printable replaces what would steer a terminal: names and application names are chosen by clients.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// sortKeys are the orders of sessions, by the key that chooses them in pgveil top.
var sortKeys = []struct {
	key  byte
	name string
	less func(a, b *proxy.SessionInfo) bool
}{
	{'s', "state", func(a, b *proxy.SessionInfo) bool { return a.State < b.State }},
	{'f', "for", func(a, b *proxy.SessionInfo) bool { return a.StateAge > b.StateAge }},
	{'a', "age", func(a, b *proxy.SessionInfo) bool { return a.Age > b.Age }},
	{'u', "user", func(a, b *proxy.SessionInfo) bool { return a.User < b.User }},
	{'w', "waits", func(a, b *proxy.SessionInfo) bool { return a.Waiting < b.Waiting }},
	{'i', "in", func(a, b *proxy.SessionInfo) bool { return a.BytesIn > b.BytesIn }},
	{'o', "out", func(a, b *proxy.SessionInfo) bool { return a.BytesOut > b.BytesOut }},
}

// sortNames is the list of orders for messages.
func sortNames() string {
	var names []string
	for _, k := range sortKeys {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// sortSessions orders all by the order called name; equal ones stay by age. It reports whether there is such an order.
func sortSessions(all []proxy.SessionInfo, name string) bool {
	for _, k := range sortKeys {
		if k.name != name {
			continue
		}
		slices.SortStableFunc(all, func(a, b proxy.SessionInfo) int {
			switch {
			case k.less(&a, &b):
				return -1
			case k.less(&b, &a):
				return 1
			}
			return 0
		})
		return true
	}
	return false
}

// countBy counts the sessions in each state, in words.
func countBy(all []proxy.SessionInfo) string {
	n := map[string]int{}
	for i := range all {
		n[all[i].State]++
	}
	var parts []string
	for _, state := range sorted(n) {
		parts = append(parts, fmt.Sprintf("%d %s", n[state], state))
	}
	return strings.Join(parts, ", ")
}
