// Package sql understands one SQL text against a catalog: what each parameter, literal and result column is. The parser's
// tree never leaves this package. It decides nothing about who may do what.
package sql
