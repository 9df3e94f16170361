package audit

import (
	"bytes"
	"errors"
	"io"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

// spill gathers hashes while lines are read, in memory and beyond spillAt in a file: the hash file itself must stay as it was
// until it is known that the log is whole, since it names the changed line of one that is not.
type spill struct {
	path string
	buf  bytes.Buffer
	file *os.File
}

const spillAt = 4 << 20

func (s *spill) add(hashes []tlog.Hash) error {
	for _, h := range hashes {
		s.buf.Write(h[:])
	}
	if s.buf.Len() < spillAt {
		return nil
	}
	return s.flush()
}

func (s *spill) flush() (err error) {
	if s.file == nil {
		if s.file, err = os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return err
		}
	}
	_, err = s.buf.WriteTo(s.file)
	return err
}

// copyTo writes all of it at an offset of f, and forgets it.
func (s *spill) copyTo(f *os.File, offset int64) error {
	defer s.drop()
	w := io.NewOffsetWriter(f, offset)
	if s.file != nil {
		if err := s.flush(); err != nil {
			return err
		}
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err := io.Copy(w, s.file)
		return err
	}
	_, err := s.buf.WriteTo(w)
	return err
}

// drop removes the file.
func (s *spill) drop() error {
	s.buf.Reset()
	if s.file == nil {
		return nil
	}
	err := errors.Join(s.file.Close(), os.Remove(s.path))
	s.file = nil
	return err
}
