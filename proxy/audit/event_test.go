package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestLineIsFrozen: a line of version 1 must read the same in ten years.
func TestLineIsFrozen(t *testing.T) {
	ev := Event{
		Seq: 48211, Time: time.Date(2026, 11, 23, 9, 14, 7, 182034000, time.UTC), Kind: StatementDecided,
		Session: "019ab0b1", User: "maya@acme.test", Database: "crm", Roles: []string{"support"}, Addr: "10.20.3.4:52144",
		Method: "scram-sha-256-plus", TLS: "1.3", UpstreamTLS: "1.3", N: 17, Verb: "select",
		Statement: "select id, email from customers where id < $1", Fingerprint: "f3a1c0de", Tables: []string{"public.customers"},
		Columns: []Column{{"public.customers", "email", "masked", 2}}, Verdict: "allowed", Rules: []string{"support-opens-one"},
		Policy: "sha256:5c1f0e8a", Result: &Result{Outcome: "ok", Rows: 2, Masked: 2, Millis: 7.9},
	}
	const want = `{"v":1,"seq":48211,"time":"2026-11-23T09:14:07.182034Z","kind":"statement.decided","session":"019ab0b1",` +
		`"user":"maya@acme.test","database":"crm","roles":["support"],"addr":"10.20.3.4:52144","method":"scram-sha-256-plus","tls":"1.3",` +
		`"upstream_tls":"1.3","n":17,"verb":"select","statement":"select id, email from customers where id < $1","fingerprint":"f3a1c0de",` +
		`"tables":["public.customers"],"columns":[{"table":"public.customers","column":"email","action":"masked","count":2}],` +
		`"verdict":"allowed","rules":["support-opens-one"],"result":{"outcome":"ok","rows":2,"opened":0,"masked":2,"sealed":0,"ms":7.9},` +
		`"policy":"sha256:5c1f0e8a"}` + "\n"
	var buf bytes.Buffer
	if err := appendLine(&buf, &ev); err != nil {
		t.Fatal(err)
	}
	if buf.String() != want {
		t.Errorf("got  %swant %s", buf.String(), want)
	}
}

// TestNoFieldForValues: every field is a name, a number or a list of those. A map, a byte slice or an any would be a place for values.
func TestNoFieldForValues(t *testing.T) {
	var check func(at string, typ reflect.Type)
	check = func(at string, typ reflect.Type) {
		switch {
		case typ == reflect.TypeFor[time.Time]():
		case typ.Kind() == reflect.Struct:
			for i := range typ.NumField() {
				f := typ.Field(i)
				for _, word := range []string{"value", "param", "literal", "text", "arg"} {
					if strings.Contains(strings.ToLower(f.Name), word) {
						t.Errorf("%s.%s sounds like a place for values", at, f.Name)
					}
				}
				check(at+"."+f.Name, f.Type)
			}
		case typ.Kind() == reflect.Pointer, typ.Kind() == reflect.Slice && typ.Elem().Kind() != reflect.Uint8:
			check(at, typ.Elem())
		case slices.Contains([]reflect.Kind{reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64}, typ.Kind()):
		default:
			t.Errorf("%s is a %v", at, typ)
		}
	}
	check("Event", reflect.TypeFor[Event]())
}

// TestDocumented: docs/audit.md names every kind and every field.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for k := range appendable {
		words = append(words, string(k))
	}
	for _, k := range []Kind{StatementLost, LogOpened, LogClosed, LogRecovered, LogResumed, LogRotated, LogAlive, LogBreak} {
		words = append(words, string(k))
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[Event](), reflect.TypeFor[Column](), reflect.TypeFor[Result](), reflect.TypeFor[LogInfo]()} {
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			words = append(words, name)
		}
	}
	for _, w := range words {
		if !bytes.Contains(doc, []byte("`"+w+"`")) {
			t.Errorf("docs/audit.md does not name `%s`", w)
		}
	}
}

func TestKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.key")
	k, err := GenerateKey(path, "crm-proxy-1.acme.test/audit")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := GenerateKey(path, "x"); err == nil {
		t.Error("a key was written over another")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	same, err := LoadKey(path)
	if err != nil || same.Verifier() != k.Verifier() || same.Name() != "crm-proxy-1.acme.test/audit" {
		t.Fatalf("%v: loaded %s, made %s", err, same.Verifier(), k.Verifier())
	}
	text, err := Checkpoint{Origin: "o", Size: 1}.sign(same)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCheckpoint(text, k.Verifier()); err != nil {
		t.Error(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	for _, name := range []string{"", "with space", "with+plus"} {
		if _, err := GenerateKey(filepath.Join(t.TempDir(), "k"), name); err == nil {
			t.Errorf("name %q was taken", name)
		}
	}
}

func TestKeyPrintsAsItsName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.key")
	k, err := GenerateKey(path, "test/audit")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(map[string]any{"key": k, "options": struct{ Key *Key }{k}})
	if err != nil {
		t.Fatal(err)
	}
	printed := string(asJSON)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed += fmt.Sprintf(verb, k) + fmt.Sprintf(verb, *k) + fmt.Sprintf(verb, Options{Key: k}) + fmt.Sprintf(verb, []any{*k})
	}
	last := strings.TrimSpace(strings.SplitN(string(secret), "+", 5)[4]) // base64, which may hold '+' itself
	if strings.Contains(printed, last) || strings.Contains(printed, "ed25519") || !strings.Contains(printed, "audit key test/audit") {
		t.Errorf("printed %s", printed)
	}
	// Other than by its text the seed could show as a list of bytes.
	if strings.Contains(printed, "0x") || strings.Contains(printed, "signer") {
		t.Errorf("printed its fields: %s", printed)
	}
	for _, bad := range []string{"", "rubbish", string(secret[:len(secret)-5]), strings.Replace(string(secret), "test", "tset", 1)} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKey(path); err == nil || strings.Contains(err.Error(), last) {
			t.Errorf("a damaged key: %v", err)
		}
	}
}
