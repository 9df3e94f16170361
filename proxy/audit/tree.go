package audit

import (
	"errors"
	"io"

	"golang.org/x/mod/sumdb/tlog"
)

// tree is the right edge of the Merkle tree (RFC 6962, section 2.1) over the lines: all that adding a line and computing the
// root need. peaks[level] is the root of the complete subtree of 2^level lines, for each bit set in size.
type tree struct {
	size  int64
	peaks [63]tlog.Hash
}

var errNotEdge = errors.New("audit: hash is not on the tree's edge")

// ReadHashes serves tlog from the edge; it asks for nothing else.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		level, n := tlog.SplitStoredHashIndex(x)
		if t.size>>level&1 == 0 || n != t.size>>level-1 {
			return nil, errNotEdge
		}
		out[i] = t.peaks[level]
	}
	return out, nil
}

// add takes the hash of one more line and returns the hashes to store for it, in tlog.StoredHashIndex order.
func (t *tree) add(line tlog.Hash) ([]tlog.Hash, error) {
	stored, err := tlog.StoredHashesForRecordHash(t.size, line, t)
	if err != nil {
		return nil, err
	}
	t.peaks[len(stored)-1] = stored[len(stored)-1]
	t.size++
	return stored, nil
}

// root is the hash that a checkpoint signs.
func (t *tree) root() (tlog.Hash, error) { return tlog.TreeHash(t.size, t) }

// loadTree reads the edge of a tree of size lines from stored hashes.
func loadTree(hashes tlog.HashReader, size int64) (tree, error) {
	t := tree{size: size}
	for level := range t.peaks {
		if size>>level&1 == 0 {
			continue
		}
		h, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(level, size>>level-1)})
		if err != nil {
			return tree{}, err
		}
		t.peaks[level] = h[0]
	}
	return t, nil
}

// hashFile reads stored hashes: 32 bytes each, in tlog.StoredHashIndex order.
type hashFile struct{ io.ReaderAt }

// ReadHashes implements tlog.HashReader.
func (f hashFile) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if _, err := f.ReadAt(out[i][:], x*tlog.HashSize); err != nil {
			return nil, err
		}
	}
	return out, nil
}
