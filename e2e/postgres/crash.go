package postgres

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Postmaster is the process number of the server's first process.
func (s *Server) Postmaster() (int, error) {
	text, err := os.ReadFile(filepath.Join(s.Data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(line)
}

// Signal sends a signal to every process of the server, to the first one first.
func (s *Server) Signal(sig syscall.Signal) error {
	pid, err := s.Postmaster()
	if err != nil {
		return err
	}
	err = syscall.Kill(pid, sig)
	for _, child := range childrenOf(pid) {
		if e := syscall.Kill(child, sig); e != nil && e != syscall.ESRCH {
			err = errors.Join(err, e)
		}
	}
	return err
}

// Crash kills all processes of the server at once, as a failing machine would, and waits for their end. Restart brings it back.
func (s *Server) Crash() error {
	if err := s.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	return s.gone()
}

// Shutdown ends the server by a fast shutdown and keeps its files. Restart brings it back.
func (s *Server) Shutdown() error {
	pid, err := s.Postmaster()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		return err
	}
	return s.gone()
}

func (s *Server) gone() error {
	select {
	case <-s.died:
		s.alive.Close()
		return nil
	case <-time.After(20 * time.Second):
		return errors.New("postgres did not end within 20 s")
	}
}

// Restart starts a server again that has ended, on the port that it had. Its log so far is kept beside the new one.
func (s *Server) Restart() error {
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if err := os.Rename(s.LogFile, fmt.Sprintf("%s.%d", s.LogFile, time.Now().UnixNano())); err != nil {
			return err
		}
		if err = s.launch(); err == nil {
			return nil
		}
		// Processes of the one before may still be about to notice that they are alone.
		s.alive.Close()
	}
	return err
}

// childrenOf are the processes that pid has started.
func childrenOf(pid int) (all []int) {
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		// The program's name stands in parentheses and may hold anything: proc(5).
		rest := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(rest) < 2 || rest[1] != strconv.Itoa(pid) {
			continue
		}
		if child, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			all = append(all, child)
		}
	}
	return all
}
