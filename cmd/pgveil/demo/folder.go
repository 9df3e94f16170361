package demo

import (
	"errors"
	"os"
	"path/filepath"
)

// workDir makes the demo's folder. As root the server runs as another user, who must be able to walk into the folder: if the
// usual place for temporary files is closed to others, /tmp is taken.
func workDir() (string, error) {
	base := os.TempDir()
	root := os.Geteuid() == 0
	if root && !walkable(base) {
		if base = "/tmp"; !walkable(base) {
			return "", errors.New("PostgreSQL can't run as root, and no folder for temporary files is open to another user; set TMPDIR")
		}
	}
	dir, err := os.MkdirTemp(base, "pgveil-demo-")
	if err != nil || !root {
		return dir, err
	}
	return dir, os.Chmod(dir, 0o711)
}

// walkable tells whether everybody may walk into a folder and all that it stands in.
func walkable(dir string) bool {
	dir, err := filepath.Abs(dir)
	for ; err == nil; dir = filepath.Dir(dir) {
		st, statErr := os.Stat(dir)
		if statErr != nil || st.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
	return false
}
