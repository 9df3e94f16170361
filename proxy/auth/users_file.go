package auth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
)

// UsersFile is a users file that can be read anew while in use.
type UsersFile struct {
	path     string
	fallback Secret // mock secret for a file that has none: then unknown users look different after a restart
	current  atomic.Pointer[Users]
}

// OpenUsers reads the file, which must be a regular file that only its owner can read.
func OpenUsers(path string) (*UsersFile, error) {
	b := make([]byte, mockSecretLen)
	rand.Read(b)
	f := &UsersFile{path: path, fallback: NewSecret(b)}
	if err := f.Reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// Current is the snapshot read last.
func (f *UsersFile) Current() *Users { return f.current.Load() }

// Reload reads the file again. After an error the former snapshot stays in use.
func (f *UsersFile) Reload() error {
	u, err := readUsers(f.path)
	if err != nil {
		return err
	}
	if u.secret.Empty() {
		u.secret = f.fallback
	}
	f.current.Store(u)
	return nil
}

func readUsers(path string) (*Users, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s: others may access it (mode %04o); chmod 600 it", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return ParseUsers(path, text)
}

// UpdateUsers replaces the file by what change makes of it, in one step and with mode 0600. A file that isn't there is
// made. Comments stay. Of two updates at the same time one may be lost.
func UpdateUsers(path string, change func(*Users) (*Users, error)) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	u, err := readUsers(path)
	if errors.Is(err, fs.ErrNotExist) {
		u, err = NewUsers(), nil
	}
	if err != nil {
		return err
	}
	if u, err = change(u); err != nil {
		return err
	}
	return replaceFile(path, u.Encode())
}

func replaceFile(path string, text []byte) error {
	dir := filepath.Dir(path)
	w, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(w.Name())
	_, err = w.Write(text)
	err = errors.Join(err, w.Sync(), w.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(w.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
