package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// tapped keeps what passes a connection both ways.
type tapped struct {
	net.Conn
	said, heard bytes.Buffer
}

func (c *tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.heard.Write(b[:n])
	return n, err
}

func (c *tapped) Write(b []byte) (int, error) {
	c.said.Write(b)
	return c.Conn.Write(b)
}

// tap connects and keeps what a driver and a server say to each other, above TLS.
func tap(t *testing.T, dsn string) (*pgconn.PgConn, *tapped) {
	t.Helper()
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	c := &tapped{}
	config.AfterNetConnect = func(_ context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
		c.Conn = conn
		return c, nil
	}
	conn, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn, c
}

// frames are the bodies of the frames of one type, without those that are there already.
func frames(stream []byte, typ byte, most int) (bodies [][]byte) {
	seen := map[string]bool{}
	for len(stream) >= 5 && len(bodies) < most {
		n := 1 + int(binary.BigEndian.Uint32(stream[1:]))
		if n > len(stream) {
			break
		}
		if body := stream[5:n]; stream[0] == typ && len(body) < 2048 && !seen[string(body)] {
			seen[string(body)] = true
			bodies = append(bodies, body)
		}
		stream = stream[n:]
	}
	return bodies
}

// TestCorpora: what the fuzz targets of the protocol begin with is real traffic, in the form of testing.F's corpora. -update writes it anew;
// it differs from run to run by nonces and sealed cells.
func TestCorpora(t *testing.T) {
	if *update {
		writeCorpora(t)
	}
	for _, target := range corpora {
		files, err := filepath.Glob(filepath.Join("..", target, "*"))
		if err != nil || len(files) < 2 {
			t.Errorf("%s has %d files, %v; run go test ./e2e -run TestCorpora -update", target, len(files), err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil || !bytes.HasPrefix(text, []byte("go test fuzz v1\n")) || len(text) > 32<<10 {
				t.Errorf("%s: %d bytes, %v", f, len(text), err)
			}
		}
	}
}

// corpora are the folders, of packages' fuzz targets.
var corpora = []string{
	"proxy/wire/testdata/fuzz/FuzzStartup", "proxy/wire/testdata/fuzz/FuzzAccept", "proxy/wire/testdata/fuzz/FuzzFrames", "proxy/auth/testdata/fuzz/FuzzLogin",
	"proxy/auth/testdata/fuzz/FuzzServerFirst", "proxy/auth/testdata/fuzz/FuzzGreeting", "proxy/testdata/fuzz/FuzzBind", "proxy/testdata/fuzz/FuzzServer",
	"proxy/testdata/fuzz/FuzzCopy", "proxy/testdata/fuzz/FuzzCopyOut",
}

func writeCorpora(t *testing.T) {
	counts := map[string]int{}
	write := func(folder string, values ...string) {
		dir := filepath.Join("..", "proxy", folder)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		text := "go test fuzz v1\n" + strings.Join(values, "\n") + "\n"
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("real-%02d", counts[folder])), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		counts[folder]++
	}
	quoted := func(b []byte) string { return fmt.Sprintf("[]byte(%q)", b) }
	frameRows(t)
	defer noFrameRows(t)
	const rows = "select id, email, ssn, age, born, photo from people where id between 7001 and 7003 order by id"
	for _, dsn := range []string{
		shared.DSN("app", password("app"), "shop", "application_name=till options='-c geqo=off' max_protocol_version=3.2"),
		shared.pg.DSN("app", password("app"), "shop", "sslmode=require"),
	} {
		conn, c := tap(t, dsn)
		said := c.said.Bytes()
		n := int(binary.BigEndian.Uint32(said))
		write("wire/testdata/fuzz/FuzzStartup", fmt.Sprintf("uint32(%d)", binary.BigEndian.Uint32(said[4:])), quoted(said[8:n]))
		write("wire/testdata/fuzz/FuzzAccept", quoted(said[:n]), "bool(false)")
		if proofs := frames(said[n:], 'p', 2); len(proofs) == 2 {
			write("auth/testdata/fuzz/FuzzServerFirst", quoted(proofs[0]), quoted(proofs[1]))
		}
		heard := c.heard.Bytes()
		write("auth/testdata/fuzz/FuzzLogin", quoted(heard), "bool(true)")
		write("auth/testdata/fuzz/FuzzGreeting", quoted(heard[bytes.Index(heard, []byte("R\x00\x00\x00\x08\x00\x00\x00\x00"))+9:]), "bool(true)")
		before, listened := c.said.Len(), c.heard.Len()
		ctx := t.Context()
		for _, sql := range []string{rows, "select 1; select email from people where id = 7001", "select nosuch", "insert into people (id) values (7001)"} {
			conn.Exec(ctx, sql).ReadAll()
		}
		for _, formats := range [][]int16{nil, {1}} {
			conn.ExecParams(ctx, "select id, email, ssn from people where id = $1 or email = $2", [][]byte{[]byte("7001"), nil}, nil, nil, formats).Read()
			conn.ExecParams(ctx, "select email from people where age = $1", [][]byte{{0, 0, 0, 21}}, []uint32{23}, []int16{1}, formats).Read()
		}
		asked, answered := c.said.Bytes()[before:], c.heard.Bytes()[listened:]
		write("wire/testdata/fuzz/FuzzFrames", quoted(asked), `[]byte("\x00\x01\x02\x03\x04\x05")`, "byte('\\x01')")
		write("wire/testdata/fuzz/FuzzFrames", quoted(answered), `[]byte("\x05\x04\x02")`, "byte('\\x47')")
		for _, b := range frames(asked, 'B', 4) {
			write("testdata/fuzz/FuzzBind", quoted(b))
		}
		for _, typ := range []byte("TDE") {
			for _, b := range frames(answered, typ, 3) {
				write("testdata/fuzz/FuzzServer", quoted(b))
			}
		}
		for form, options := range map[string]string{"text": "", "csv": "(format csv)", "binary": "(format binary)"} {
			var data bytes.Buffer
			if _, err := conn.CopyTo(ctx, &data, "copy (select name, email from people where id between 7001 and 7004) to stdout "+options); err != nil {
				t.Fatal(err)
			}
			for _, target := range []string{"testdata/fuzz/FuzzCopy", "testdata/fuzz/FuzzCopyOut"} {
				write(target, fmt.Sprintf("string(%q)", form), quoted(data.Bytes()), fmt.Sprintf("int(%d)", data.Len()/2))
			}
		}
	}
}
