// Package rentals restores a rental business in the shape of the public sample databases Sakila and Pagila on a plain database and
// through pgveil with ten protected columns, and asks both a hundred questions of reports. Each answer through pgveil is equal, or it is a
// refusal that testdata/refused.txt holds. Its test has the build tag "clients".
package rentals
