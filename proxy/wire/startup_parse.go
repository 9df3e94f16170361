package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxName is the longest name, in bytes, that PostgreSQL keeps (NAMEDATALEN-1). It cuts longer ones silently, so that a
// longer name would be one subject here and another there.
const maxName = 63

// Startup is a StartupMessage, with its parameters in the order sent.
type Startup struct {
	User, Database string
	// Params is every parameter but user, database and the protocol's own (_pq_.*). No name comes twice.
	Params [][2]string
	Minor  uint16 // the minor protocol version that was asked for; Speaks is what is spoken
	// Replication is the kind of replication connection that was asked for.
	Replication Replication

	unknown []string // _pq_.* parameters, to be declined
}

// Param is the value of a run-time parameter.
func (s Startup) Param(name string) (value string, ok bool) {
	for _, p := range s.Params {
		if p[0] == name {
			return p[1], true
		}
	}
	return "", false
}

// readFirst reads one packet of those that carry no type byte. head is what was read of it already, at most its length.
func readFirst(r io.Reader, head []byte) (code uint32, body []byte, err error) {
	var fixed [8]byte
	n := copy(fixed[:4], head)
	if _, err := io.ReadFull(r, fixed[n:4]); err != nil {
		if n > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(fixed[:4])
	if size < minFirst || size > maxFirst {
		return 0, nil, fmt.Errorf("invalid length of startup packet: %d", size)
	}
	if _, err := io.ReadFull(r, fixed[4:]); err != nil {
		return 0, nil, noEOF(err)
	}
	body = make([]byte, size-8)
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, nil, noEOF(err)
	}
	return binary.BigEndian.Uint32(fixed[4:]), body, nil
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// parseStartup reads what follows a startup packet's version: pairs of zero-terminated strings and one zero byte. Of a parameter that
// comes twice the last one counts, as for the server, which is sent that one only.
// PostgreSQL: ProcessStartupPacket, src/backend/postmaster/postmaster.c.
func parseStartup(version uint32, body []byte) (Startup, error) {
	if version>>16 != 3 {
		return Startup{}, &Error{Severity: "FATAL", Code: "0A000",
			Message: fmt.Sprintf("unsupported frontend protocol %d.%d: server supports 3.0 to 3.%d", version>>16, version&0xffff, newestMinor)}
	}
	s := Startup{Minor: uint16(version)}
	r := NewReader(body)
	for {
		name := string(r.CString())
		if r.Err() == nil && name == "" {
			break
		}
		value := string(r.CString())
		if r.Err() != nil {
			return Startup{}, violation("invalid startup packet layout: expected terminator as last byte", "")
		}
		if err := s.take(name, value); err != nil {
			return Startup{}, err
		}
	}
	if len(r.Rest()) != 0 {
		return Startup{}, violation("invalid startup packet layout: expected terminator as last byte", "")
	}
	return s, s.check()
}

func (s *Startup) take(name, value string) error {
	switch {
	case name == "user":
		s.User = value
	case name == "database":
		s.Database = value
	case name == "replication":
		kind, ok := replicationOf(value)
		if !ok {
			return &Error{Severity: "FATAL", Code: "22023", Message: "invalid value for parameter \"replication\"",
				Hint: "Valid values are: \"false\", 0, \"true\", 1, \"database\"."}
		}
		s.Replication = kind
	case strings.HasPrefix(name, "_pq_."):
		s.unknown = append(s.unknown, name)
	default:
		s.Params = slices.DeleteFunc(s.Params, func(p [2]string) bool { return p[0] == name })
		s.Params = append(s.Params, [2]string{name, value})
	}
	return nil
}

func (s *Startup) check() error {
	if s.User == "" {
		return &Error{Severity: "FATAL", Code: "28000", Message: "no PostgreSQL user name specified in startup packet"}
	}
	if s.Database == "" {
		s.Database = s.User
	}
	if len(s.User) > maxName || len(s.Database) > maxName {
		return &Error{Severity: "FATAL", Code: "42622", Message: fmt.Sprintf("user or database name longer than %d bytes", maxName)}
	}
	return nil
}

// violation is the error for a peer that breaks the protocol.
func violation(message, hint string) *Error {
	return &Error{Severity: "FATAL", Code: "08P01", Message: message, Hint: hint}
}
