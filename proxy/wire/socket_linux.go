package wire

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// socket is a TCP or Unix socket whose reads and writes don't tell the scheduler that they are system calls. They never block, since the
// socket doesn't; but a write to loopback or a busy network card takes long enough for the scheduler to take the processor away from
// its thread and wake another, which costs a third of a relay's processor time (docs/performance.md). Where a call would block the
// goroutine waits, as ever.
//
// One goroutine may read while another writes; no more.
type socket struct {
	net.Conn
	raw syscall.RawConn

	in       []byte
	borrow   func() []byte // set while in is to be borrowed
	giveBack func()
	got      int
	inError  error
	out      []byte
	outError error
	// What RawConn calls, made once.
	read, write func(fd uintptr) bool
}

// direct makes a socket's reads and writes direct. What isn't exactly a socket, such as one with something read ahead, stays as it is.
func direct(c net.Conn) net.Conn {
	var raw syscall.RawConn
	var err error
	switch t := c.(type) {
	case *net.TCPConn:
		raw, err = t.SyscallConn()
	case *net.UnixConn:
		raw, err = t.SyscallConn()
	default:
		return c
	}
	if err != nil {
		return c
	}
	s := &socket{Conn: c, raw: raw}
	s.read, s.write = s.readOnce, s.writeSome
	return s
}

// CloseWrite ends the stream towards the peer.
func (s *socket) CloseWrite() error {
	return s.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// Read is net.Conn's.
func (s *socket) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	s.in = b
	return s.reading()
}

// readLent is lender's.
func (s *socket) readLent(borrow func() []byte, giveBack func()) (int, error) {
	s.in, s.borrow, s.giveBack = nil, borrow, giveBack
	defer func() { s.borrow, s.giveBack = nil, nil }()
	return s.reading()
}

func (s *socket) reading() (int, error) {
	s.got, s.inError = 0, nil
	err := s.raw.Read(s.read)
	s.in = nil
	if err == nil {
		err = s.inError
	}
	return s.got, err
}

func (s *socket) readOnce(fd uintptr) (done bool) {
	if s.borrow != nil {
		s.in = s.borrow()
	}
	n, errno := readNow(fd, s.in)
	switch {
	case errno == syscall.EAGAIN:
		if s.borrow != nil {
			s.in = nil
			s.giveBack()
		}
		return false
	case errno != 0:
		s.inError = s.failed("read", errno)
	case n == 0:
		s.inError = io.EOF
	default:
		s.got = n
	}
	return true
}

// Write is net.Conn's.
func (s *socket) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	s.out, s.outError = b, nil
	err := s.raw.Write(s.write)
	n := len(b) - len(s.out)
	s.out = nil
	if err == nil {
		err = s.outError
	}
	return n, err
}

func (s *socket) writeSome(fd uintptr) (done bool) {
	for len(s.out) > 0 {
		n, errno := writeNow(fd, s.out)
		if errno == syscall.EAGAIN {
			return false
		}
		if errno != 0 {
			s.outError = s.failed("write", errno)
			return true
		}
		s.out = s.out[n:]
	}
	return true
}

// failed is the error that net gives.
func (s *socket) failed(call string, errno syscall.Errno) error {
	return &net.OpError{Op: call, Net: s.LocalAddr().Network(), Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: os.NewSyscallError(call, errno)}
}

// readNow reads once from a socket that doesn't block; b isn't empty.
func readNow(fd uintptr, b []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), syscall.MSG_DONTWAIT, 0, 0)
		if errno != syscall.EINTR {
			return int(n), errno
		}
	}
}

// maxWrite bounds one write, in bytes: while it lasts the collector can't stop this thread.
const maxWrite = 256 << 10

// writeNow writes once to a socket that doesn't block; b isn't empty.
func writeNow(fd uintptr, b []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(min(len(b), maxWrite)),
			syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
		if errno != syscall.EINTR {
			return int(n), errno
		}
	}
}

// SyscallConn is as in syscall.Conn.
func (s *socket) SyscallConn() (syscall.RawConn, error) { return s.raw, nil }
