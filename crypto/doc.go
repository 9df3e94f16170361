// Package crypto seals and opens the values of protected columns.
//
// A sealed value, a cell, carries a footer that says by which column key, which version of that key and in which mode it
// was sealed; the footer is authenticated together with the installation's realm, so a cell opens only under the key
// that it names. The stored format is docs/FORMAT.md, and cells can be opened with stock Tink and the key store alone.
//
// Keys are Tink keysets, one a column key, wrapped by a master key that lives behind crypto/kms and kept in a [Store].
// Loading a store yields a [Keyring], which is immutable and safe for any number of goroutines. Sealing and opening run
// on the standard library's AES, because Tink's interfaces allocate for every value; tests hold both against Tink.
package crypto
