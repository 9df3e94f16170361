package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// sending is a client that writes messages as fast as they are taken, and reads all the while.
type sending struct {
	net.Conn
	w    *bufio.Writer
	read *pgproto3.Frontend
	size int
}

// send sends one of sends and checks the answers.
func send(kind, dsn string, megabytes int) error {
	c, err := pgconn.Connect(context.Background(), dsn)
	if err != nil {
		return err
	}
	h, err := c.Hijack()
	if err != nil {
		return err
	}
	defer h.Conn.Close()
	h.Conn.SetDeadline(time.Now().Add(10 * time.Minute))
	s := &sending{h.Conn, bufio.NewWriterSize(h.Conn, 1<<18), h.Frontend, megabytes * 1000 * 1000}
	switch kind {
	case "pipeline":
		return s.pipeline()
	case "bind":
		return s.bind()
	case "copy":
		return s.copyIn()
	case "sealed":
		return s.sealed()
	}
	return fmt.Errorf("nothing is sent as %q", kind)
}

func (s *sending) message(m pgproto3.FrontendMessage) {
	b, _ := m.Encode(nil) // fails only for messages beyond PostgreSQL's limit
	s.w.Write(b)
}

// answered reads up to ReadyForQuery and counts the statements that were completed; the text of an error, if any, is given too.
func (s *sending) answered() (completed int, refused string, row []byte, err error) {
	for {
		m, err := s.read.Receive()
		if err != nil {
			return completed, refused, row, err
		}
		switch m := m.(type) {
		case *pgproto3.CommandComplete:
			completed++
		case *pgproto3.DataRow:
			row = bytes.Clone(m.Values[0])
		case *pgproto3.ErrorResponse:
			refused = m.Code + " " + m.Message
		case *pgproto3.ReadyForQuery:
			return completed, refused, row, nil
		}
	}
}

const pieceBytes = 10000

// pipeline sends many statements with one Sync.
func (s *sending) pipeline() error {
	n := s.size / pieceBytes
	written := make(chan error, 1)
	go func() {
		s.message(&pgproto3.Parse{Name: "s", Query: "SELECT name FROM customers WHERE id = $1 AND email = $2"})
		value := bytes.Repeat([]byte{'x'}, pieceBytes)
		for range n {
			s.message(&pgproto3.Bind{PreparedStatement: "s", Parameters: [][]byte{[]byte("7"), value}})
			s.message(&pgproto3.Execute{})
		}
		s.message(&pgproto3.Sync{})
		written <- s.w.Flush()
	}()
	completed, refused, _, err := s.answered()
	if err != nil || refused != "" || completed != n {
		return fmt.Errorf("%d of %d statements were answered: %s %v", completed, n, refused, err)
	}
	return <-written
}

// stream writes a frame that begins with head and ends with tail; what is between repeats a piece.
func (s *sending) stream(typ byte, head, piece, tail []byte, times int) error {
	s.w.WriteByte(typ)
	s.w.Write(binary.BigEndian.AppendUint32(nil, uint32(4+len(head)+times*len(piece)+len(tail))))
	s.w.Write(head)
	for range times {
		s.w.Write(piece)
	}
	_, err := s.w.Write(tail)
	return err
}

// long writes one Bind with a value of the whole size, for one parameter of a statement, and asks for its rows.
func (s *sending) long(parse *pgproto3.Parse, format byte) error {
	const pieces = 100
	piece := bytes.Repeat([]byte{'x'}, s.size/pieces)
	head := []byte{0, 0, 0, 1, 0, format, 0, 1} // two empty names, one format, one value
	s.message(parse)
	if err := s.stream('B', binary.BigEndian.AppendUint32(head, uint32(pieces*len(piece))), piece, []byte{0, 0}, pieces); err != nil {
		return err
	}
	s.message(&pgproto3.Execute{})
	s.message(&pgproto3.Sync{})
	return s.w.Flush()
}

func (s *sending) bind() error {
	if err := s.long(&pgproto3.Parse{Query: "SELECT octet_length($1::bytea)", ParameterOIDs: []uint32{17}}, 1); err != nil {
		return err
	}
	_, refused, row, err := s.answered()
	if want := fmt.Sprint(s.size / 100 * 100); err != nil || string(row) != want {
		return fmt.Errorf("the answer is %q instead of %s: %s %v", row, want, refused, err)
	}
	return nil
}

func (s *sending) copyIn() error {
	s.message(&pgproto3.Query{String: "COPY copied FROM STDIN"})
	if err := s.w.Flush(); err != nil {
		return err
	}
	m, err := s.read.Receive()
	if _, ok := m.(*pgproto3.CopyInResponse); !ok {
		return fmt.Errorf("no CopyInResponse but %T, %v", m, err)
	}
	line := append(bytes.Repeat([]byte{'x'}, 999999), '\n')
	if err := s.stream('d', nil, line, nil, s.size/len(line)); err != nil {
		return err
	}
	s.message(&pgproto3.CopyDone{})
	s.message(&pgproto3.Query{String: "TRUNCATE copied"})
	if err := s.w.Flush(); err != nil {
		return err
	}
	for _, want := range []int{1, 1} {
		if n, refused, _, err := s.answered(); err != nil || n != want {
			return fmt.Errorf("COPY: %s %v", refused, err)
		}
	}
	return nil
}

func (s *sending) sealed() error {
	if err := s.long(&pgproto3.Parse{Query: "SELECT name FROM customers WHERE email = $1"}, 0); err != nil {
		return err
	}
	if _, refused, _, err := s.answered(); err != nil || refused[:min(len(refused), 5)] != "54000" {
		return fmt.Errorf("not refused: %s %v", refused, err)
	}
	s.message(&pgproto3.Query{String: "SELECT name FROM customers WHERE id = 7"})
	if err := s.w.Flush(); err != nil {
		return err
	}
	if _, refused, row, err := s.answered(); err != nil || string(row) != "Customer 7" {
		return fmt.Errorf("the session does not go on: %q %s %v", row, refused, err)
	}
	return nil
}
