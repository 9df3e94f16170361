package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

func TestAppendError(t *testing.T) {
	b := AppendError([]byte("before"), "ERROR", "42601", "mess\x00age", "detail", "hint", 17)
	var m pgproto3.ErrorResponse
	check(t, m.Decode(b[len("before")+5:]))
	want := pgproto3.ErrorResponse{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: "42601", Message: "message",
		Detail: "detail", Hint: "hint", Position: 17}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got %+v", m)
	}
	if n := binary.BigEndian.Uint32(b[len("before")+1:]); int(n) != len(b)-len("before")-1 {
		t.Errorf("length %d of %d", n, len(b))
	}
	short := AppendError(nil, "FATAL", "08P01", "m", "", "", 0)
	if want := "E\x00\x00\x00\x1dSFATAL\x00VFATAL\x00C08P01\x00Mm\x00\x00"; string(short) != want {
		t.Errorf("got %q", short)
	}
}

// TestMessages compares what we build with pgproto3.
func TestMessages(t *testing.T) {
	encode := func(m pgproto3.Message) []byte {
		b, err := m.Encode(nil)
		check(t, err)
		return b
	}
	for name, tc := range map[string]struct{ got, want []byte }{
		"ok":         {AppendAuth(nil, AuthOk, nil), encode(&pgproto3.AuthenticationOk{})},
		"cleartext":  {AppendAuth(nil, AuthCleartext, nil), encode(&pgproto3.AuthenticationCleartextPassword{})},
		"sasl":       {AppendAuth(nil, AuthSASL, []byte("A\x00B\x00\x00")), encode(&pgproto3.AuthenticationSASL{AuthMechanisms: []string{"A", "B"}})},
		"continue":   {AppendAuth(nil, AuthSASLContinue, []byte("x")), encode(&pgproto3.AuthenticationSASLContinue{Data: []byte("x")})},
		"final":      {AppendAuth(nil, AuthSASLFinal, []byte("x")), encode(&pgproto3.AuthenticationSASLFinal{Data: []byte("x")})},
		"status":     {AppendParameterStatus(nil, "n", "v"), encode(&pgproto3.ParameterStatus{Name: "n", Value: "v"})},
		"key":        {AppendBackendKeyData(nil, 9, []byte("abcd")), encode(&pgproto3.BackendKeyData{ProcessID: 9, SecretKey: []byte("abcd")})},
		"ready":      {AppendReady(nil, 'T'), encode(&pgproto3.ReadyForQuery{TxStatus: 'T'})},
		"cancel":     {AppendCancel(nil, Cancel{PID: 9, Key: []byte("abcd")}), encode(&pgproto3.CancelRequest{ProcessID: 9, SecretKey: []byte("abcd")})},
		"SSLRequest": {request(sslRequest), encode(&pgproto3.SSLRequest{})},
	} {
		if !bytes.Equal(tc.got, tc.want) {
			t.Errorf("%s: got %q, want %q", name, tc.got, tc.want)
		}
	}
}

func TestCancelHidesKey(t *testing.T) {
	c := Cancel{PID: 5, Key: []byte("hush")}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, x := range []any{c, &c} {
			if s := fmt.Sprintf(format, x); bytes.Contains([]byte(s), []byte("hush")) || bytes.Contains([]byte(s), []byte("104 117")) {
				t.Errorf("%s: %s", format, s)
			}
		}
	}
}

// TestHangup leaves input unread, which on a plain Close would reset the connection and lose the error.
func TestHangup(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	check(t, err)
	defer client.Close()
	server, err := l.Accept()
	check(t, err)
	_, err = client.Write(make([]byte, 100<<10))
	check(t, err)
	time.Sleep(20 * time.Millisecond)
	want := &Error{Severity: "FATAL", Code: "57P01", Message: "going"}
	done := make(chan struct{})
	go func() { NewConn(server, 0).Hangup(fmt.Errorf("wrapped: %w", want)); close(done) }()
	time.Sleep(50 * time.Millisecond)
	if _, err = client.Write(make([]byte, 1000)); err != nil { // as a client does that has not looked yet
		t.Error(err)
	}
	got, err := io.ReadAll(client)
	if err != nil || !bytes.Equal(got, want.Append(nil)) {
		t.Errorf("got %q, %v", got, err)
	}
	client.Close()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Error("Hangup does not return")
	}
	if _, err := server.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("not closed: %v", err)
	}
}

func TestHangupSaysNothing(t *testing.T) {
	client, server := net.Pipe()
	go NewConn(server, 0).Hangup(errors.New("an inside matter"))
	if b, _ := io.ReadAll(client); len(b) != 0 {
		t.Errorf("told %q", b)
	}
}
