package auth

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/proxy/wire"
)

// The example of RFC 7677 §3.
const (
	rfcPassword    = "pencil"
	rfcSalt        = "W22ZaJ0SNY7soEsUEjb6gQ=="
	rfcClientNonce = "rOprNGfwEbeRWgbNEkqO"
	rfcServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
	rfcFirst       = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
	rfcFirstOurs   = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	rfcFinal       = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	rfcFinalOurs   = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
	// The verifier of the example, as PostgreSQL would store it.
	rfcVerifier = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

func secret(s string) Secret { return NewSecret([]byte(s)) }

func rfcUsers(t testing.TB) *Users {
	t.Helper()
	return must(NewUsers().With(User{Name: "user", Verifier: must(ParseVerifier(rfcVerifier))}))
}

func TestVerifierVector(t *testing.T) {
	salt := must(base64.StdEncoding.DecodeString(rfcSalt))
	v := must(verifierOf(secret(rfcPassword), salt, 4096))
	if got := v.Encode(); got != rfcVerifier {
		t.Errorf("got %s", got)
	}
}

func TestServerVector(t *testing.T) {
	s := newScramServer(rfcUsers(t), "user", time.Now(), nil)
	s.nonce = rfcServerNonce
	if got, err := s.first(rfcFirst); err != nil || got != rfcFirstOurs {
		t.Fatalf("server-first-message: %q, %v", got, err)
	}
	p, err := s.final(rfcFinal)
	if err != nil {
		t.Fatal(err)
	}
	if want := wire.AppendAuth(nil, wire.AuthSASLFinal, []byte(rfcFinalOurs)); !bytes.Equal(p.Final, want) {
		t.Errorf("server-final-message: %q", p.Final)
	}
	clientKey, serverKey, _ := deriveKeys(secret(rfcPassword), p.Salt, p.Iterations)
	if !bytes.Equal(p.ClientKey.Reveal(), clientKey) || !bytes.Equal(p.ServerKey.Reveal(), serverKey) {
		t.Error("the keys are not those of the password")
	}
	if !p.Verified() || p.User != "user" {
		t.Errorf("proof: %+v", p)
	}
}

func TestClientVector(t *testing.T) {
	salt := must(base64.StdEncoding.DecodeString(rfcSalt))
	clientKey, serverKey, _ := deriveKeys(secret(rfcPassword), salt, 4096)
	for name, cred := range map[string]credential{
		"password": {password: secret(rfcPassword)},
		"keys":     {clientKey: NewSecret(clientKey), serverKey: NewSecret(serverKey), salt: salt, iterations: 4096},
	} {
		s := must(newScramClient(cred, []string{mechanism}, nil, false))
		s.name, s.nonce = "user", rfcClientNonce
		if got := s.first(); got != rfcFirst {
			t.Errorf("%s: client-first-message: %q", name, got)
		}
		if got, err := s.final(rfcFirstOurs); err != nil || got != rfcFinal {
			t.Errorf("%s: client-final-message: %q, %v", name, got, err)
		}
		if err := s.verify(rfcFinalOurs); err != nil || !s.proven {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// boundTLS and noHash stand for a TLS layer with and without channel binding; nil is a connection in clear.
var boundTLS, noHash = &wire.TLS{EndPoint: []byte("hash")}, &wire.TLS{}

// firstMessages has each client-first-message that PostgreSQL refuses, with its SQLSTATE; TestAsPostgreSQL compares.
var firstMessages = []struct {
	name, mech, first string
	tls               *wire.TLS
	code              string // "": accepted
}{
	{"n", mechanism, "n,,n=,r=abc", nil, ""},
	{"n with TLS", mechanism, "n,,n=,r=abc", boundTLS, ""},
	{"y in clear", mechanism, "y,,n=,r=abc", nil, ""},
	{"y without hash", mechanism, "y,,n=,r=abc", noHash, ""},
	{"y although offered", mechanism, "y,,n=,r=abc", boundTLS, "28000"},
	{"p", mechanismPlus, "p=tls-server-end-point,,n=,r=abc", boundTLS, ""},
	{"other user name", mechanism, "n,,n=root,r=abc", nil, ""},
	{"extension after", mechanism, "n,,n=,r=abc,x=1", nil, ""},
	{"trailing comma", mechanism, "n,,n=,r=abc,", nil, ""},
	{"plus, not offered", mechanismPlus, "p=tls-server-end-point,,n=,r=abc", nil, "08P01"},
	{"plus, no hash", mechanismPlus, "p=tls-server-end-point,,n=,r=abc", noHash, "08P01"},
	{"unknown mechanism", "SCRAM-SHA-1", "n,,n=,r=abc", nil, "08P01"},
	{"empty mechanism", "", "n,,n=,r=abc", nil, "08P01"},
	{"plus but n", mechanismPlus, "n,,n=,r=abc", boundTLS, "08P01"},
	{"plus but y", mechanismPlus, "y,,n=,r=abc", boundTLS, "08P01"},
	{"p without plus", mechanism, "p=tls-server-end-point,,n=,r=abc", boundTLS, "08P01"},
	{"other binding", mechanismPlus, "p=tls-unique,,n=,r=abc", boundTLS, "08P01"},
	{"binding without name", mechanismPlus, "p,,n=,r=abc", boundTLS, "08P01"},
	{"other flag", mechanism, "x,,n=,r=abc", nil, "08P01"},
	{"flag alone", mechanism, "n", nil, "08P01"},
	{"no comma", mechanism, "nn=,r=abc", nil, "08P01"},
	{"authzid", mechanism, "n,a=root,n=,r=abc", nil, "0A000"},
	{"other attribute for authzid", mechanism, "n,b=root,n=,r=abc", nil, "08P01"},
	{"mandatory extension", mechanism, "n,,m=1,n=,r=abc", nil, "0A000"},
	{"no name", mechanism, "n,,r=abc", nil, "08P01"},
	{"no nonce", mechanism, "n,,n=", nil, "08P01"},
	{"empty nonce", mechanism, "n,,n=,r=", nil, "08P01"},
	{"nonce with blank", mechanism, "n,,n=,r=a c", nil, "08P01"},
	{"nonce with control", mechanism, "n,,n=,r=a\x7f", nil, "08P01"},
	{"nonce with high byte", mechanism, "n,,n=,r=a\xc3\xa4", nil, "08P01"},
	{"bad attribute after", mechanism, "n,,n=,r=abc,=", nil, "08P01"},
	{"empty", mechanism, "", nil, "08P01"},
	{"zero byte", mechanism, "n,,n=,r=abc\x00", nil, "08P01"},
}

func TestServerRefuses(t *testing.T) {
	for _, tc := range firstMessages {
		t.Run(tc.name, func(t *testing.T) {
			s := newScramServer(rfcUsers(t), "user", time.Now(), tc.tls)
			message, given, err := s.choose(initial(tc.mech, tc.first))
			if err == nil {
				if !given {
					t.Fatal("no message seen")
				}
				_, err = s.first(message)
			}
			if got := code(err); got != tc.code {
				t.Errorf("got %q (%v), want %q", got, err, tc.code)
			}
		})
	}
}

const (
	bothNonces = rfcClientNonce + rfcServerNonce
	rfcProof   = "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)

var plusHeader = base64.StdEncoding.EncodeToString([]byte("p=tls-server-end-point,,hash"))

// finalMessages has each client-final-message that PostgreSQL refuses, with its SQLSTATE.
var finalMessages = []struct {
	name, final string
	plus        bool
	code        string
}{
	{"right", rfcFinal, false, ""},
	{"empty", "", false, "08P01"},
	{"zero byte", rfcFinal + "\x00", false, "08P01"},
	{"no binding", "r=" + bothNonces + "," + rfcProof, false, "08P01"},
	{"binding of y", "c=eSws,r=" + bothNonces + "," + rfcProof, false, "08P01"},
	{"binding of p", "c=" + plusHeader + ",r=" + bothNonces + "," + rfcProof, false, "08P01"},
	{"plus, binding of n", "c=biws,r=" + bothNonces + "," + rfcProof, true, "28000"},
	{"plus, other certificate", "c=" + base64.StdEncoding.EncodeToString([]byte("p=tls-server-end-point,,hasH")) + ",r=" + bothNonces + "," + rfcProof, true, "28000"},
	{"plus, right binding, wrong proof", "c=" + plusHeader + ",r=" + bothNonces + "," + rfcProof, true, "28P01"},
	{"only our nonce", "c=biws,r=" + rfcServerNonce + "," + rfcProof, false, "08P01"},
	{"only their nonce", "c=biws,r=" + rfcClientNonce + "," + rfcProof, false, "08P01"},
	{"longer nonce", "c=biws,r=" + bothNonces + "x," + rfcProof, false, "08P01"},
	{"no nonce", "c=biws," + rfcProof, false, "08P01"},
	{"no proof", "c=biws,r=" + bothNonces, false, "08P01"},
	{"empty proof", "c=biws,r=" + bothNonces + ",p=", false, "08P01"},
	{"short proof", "c=biws,r=" + bothNonces + ",p=AAAA", false, "08P01"},
	{"not base64", "c=biws,r=" + bothNonces + ",p=" + strings.Repeat("?", 44), false, "08P01"},
	{"after the proof", rfcFinal + ",x=1", false, "08P01"},
	{"wrong proof", "c=biws,r=" + bothNonces + ",p=" + strings.Repeat("A", 43) + "=", false, "28P01"},
	{"extension before the proof", "c=biws,r=" + bothNonces + ",x=1," + rfcProof, false, "28P01"}, // it is part of what is signed
}

func TestServerRefusesFinal(t *testing.T) {
	for _, tc := range finalMessages {
		t.Run(tc.name, func(t *testing.T) {
			s := newScramServer(rfcUsers(t), "user", time.Now(), nil)
			s.nonce = rfcServerNonce
			first := rfcFirst
			if tc.plus {
				s.plus, s.binding, first = true, []byte("hash"), "p=tls-server-end-point"+rfcFirst[1:]
			}
			if _, err := s.first(first); err != nil {
				t.Fatal(err)
			}
			p, err := s.final(tc.final)
			if got := code(err); got != tc.code {
				t.Errorf("got %q (%v), want %q", got, err, tc.code)
			}
			if err != nil && (p.Verified() || !p.ClientKey.Empty() || p.Final != nil) {
				t.Errorf("a proof came with the error: %+v", p)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		ok, given  bool
	}{
		{"message", mechanism + "\x00\x00\x00\x00\x01x", true, true},
		{"empty message", mechanism + "\x00\x00\x00\x00\x00", true, true},
		{"none", mechanism + "\x00\xff\xff\xff\xff", true, false},
		{"none but bytes", mechanism + "\x00\xff\xff\xff\xffx", false, false},
		{"length -2", mechanism + "\x00\xff\xff\xff\xfe", false, false},
		{"too long", mechanism + "\x00\x00\x00\x00\x02x", false, false},
		{"too short", mechanism + "\x00\x00\x00\x00\x01xy", false, false},
		{"no length", mechanism + "\x00", false, false},
		{"no end of name", mechanism, false, false},
		{"empty", "", false, false},
	} {
		s := newScramServer(rfcUsers(t), "user", time.Now(), nil)
		_, given, err := s.choose([]byte(tc.body))
		if (err == nil) != tc.ok || given != tc.given {
			t.Errorf("%s: given %v, %v", tc.name, given, err)
		}
	}
}

// TestClientRefuses is a hostile or broken server.
func TestClientRefuses(t *testing.T) {
	const both = rfcClientNonce + "x"
	for name, first := range map[string]string{
		"no continuation":            "r=" + rfcClientNonce + ",s=AAAA,i=4096",
		"nonce without ours":         "r=other" + rfcClientNonce + ",s=AAAA,i=4096",
		"empty nonce":                "r=,s=AAAA,i=4096",
		"nonce not printable":        "r=" + both + "\x01,s=AAAA,i=4096",
		"empty salt":                 "r=" + both + ",s=,i=4096",
		"salt not base64":            "r=" + both + ",s=?,i=4096",
		"no count":                   "r=" + both + ",s=AAAA",
		"count 0":                    "r=" + both + ",s=AAAA,i=0",
		"negative count":             "r=" + both + ",s=AAAA,i=-1",
		"huge count":                 "r=" + both + ",s=AAAA,i=2000000000",
		"count beyond an int":        "r=" + both + ",s=AAAA,i=99999999999999999999",
		"count not a number":         "r=" + both + ",s=AAAA,i=1x",
		"order":                      "s=AAAA,r=" + both + ",i=4096",
		"mandatory extension":        "m=1,r=" + both + ",s=AAAA,i=4096",
		"empty":                      "",
		"long nonce (CVE-2026-6665)": "r=" + both + strings.Repeat("x", 2000) + ",s=AAAA,i=4096",
	} {
		s := must(newScramClient(credential{password: secret("x")}, []string{mechanism}, nil, false))
		s.nonce = rfcClientNonce
		if out, err := s.final(first); err == nil || out != "" {
			t.Errorf("%s: answered %q", name, out)
		} else if code(err) != "" {
			t.Errorf("%s: the client would be told %v", name, err)
		}
	}
	for name, final := range map[string]string{
		"wrong signature": "v=" + base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"empty signature": "v=",
		"short signature": "v=AAAA",
		"error":           "e=other-error",
		"empty":           "",
		"not base64":      "v=????",
	} {
		s := must(newScramClient(credential{password: secret(rfcPassword)}, []string{mechanism}, nil, false))
		s.name, s.nonce = "user", rfcClientNonce
		if err := s.verify(final); err == nil {
			t.Errorf("%s: accepted before anything was signed", name)
		}
		must(s.final(rfcFirstOurs))
		if err := s.verify(final); err == nil || s.proven {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestClientChoosesMechanism(t *testing.T) {
	both, plain := []string{mechanismPlus, mechanism}, []string{mechanism}
	bound, noHash := &wire.TLS{EndPoint: []byte("h")}, &wire.TLS{}
	for _, tc := range []struct {
		name    string
		offered []string
		tls     *wire.TLS
		require bool
		want    string // mechanism and gs2 header; "": an error
	}{
		{"TLS, both", both, bound, false, mechanismPlus + " p=tls-server-end-point,,"},
		{"TLS, both, required", both, bound, true, mechanismPlus + " p=tls-server-end-point,,"},
		{"TLS, plain", plain, bound, false, mechanism + " y,,"},
		{"TLS, plain, required", plain, bound, true, ""},
		{"clear, plain", plain, nil, false, mechanism + " n,,"},
		{"clear, plain, required", plain, nil, true, ""},
		{"clear, both: TLS was taken off", both, nil, false, ""},
		{"no hash, both", both, noHash, false, mechanism + " n,,"},
		{"no hash, both, required", both, noHash, true, ""},
		{"nothing", nil, bound, false, ""},
		{"unknown", []string{"OAUTHBEARER"}, bound, false, ""},
	} {
		s, err := newScramClient(credential{}, tc.offered, tc.tls, tc.require)
		got := ""
		if err == nil {
			got = s.mechanism + " " + s.header
		}
		if got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestClientOtherVerifier: keys are useless if the server has another salt or count, and the client is told why.
func TestClientOtherVerifier(t *testing.T) {
	clientKey, serverKey, _ := deriveKeys(secret("x"), []byte("salt"), 4096)
	for name, cred := range map[string]credential{
		"salt":  {user: "u", clientKey: NewSecret(clientKey), serverKey: NewSecret(serverKey), salt: []byte("salt"), iterations: 4096},
		"count": {user: "u", clientKey: NewSecret(clientKey), serverKey: NewSecret(serverKey), salt: must(base64.StdEncoding.DecodeString(rfcSalt)), iterations: 4095},
	} {
		s := must(newScramClient(cred, []string{mechanism}, nil, false))
		s.nonce = rfcClientNonce
		_, err := s.final(rfcFirstOurs)
		var e *wire.Error
		if !errors.As(err, &e) || e.Code != "28P01" || !strings.Contains(e.Hint, "pgveil users import") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// initial is the body of a SASLInitialResponse.
func initial(mech, message string) []byte {
	return append(wire.AppendInt32(wire.AppendCString(nil, mech), int32(len(message))), message...)
}

// code is the SQLSTATE that a client would be told, "" if err tells it none, "-" if it is no error for a client.
func code(err error) string {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func FuzzServerFirst(f *testing.F) {
	f.Add(initial(mechanism, rfcFirst), []byte(rfcFinal))
	f.Add(initial(mechanismPlus, "p=tls-server-end-point,,n=,r=abc"), []byte("c=biws,r=abc,p="))
	f.Add(initial(mechanism, "y,,n=,r=abc,x=1"), []byte("c=eSws,r=abc,x=1,p=AAAA"))
	f.Add([]byte(mechanism+"\x00\xff\xff\xff\xff"), []byte(""))
	users := rfcUsers(f)
	f.Fuzz(func(t *testing.T, body, final []byte) {
		for _, tls := range []*wire.TLS{nil, {EndPoint: []byte("hash")}} {
			s := newScramServer(users, "user", time.Now(), tls)
			s.nonce = rfcServerNonce
			message, _, err := s.choose(body)
			if err == nil {
				_, err = s.first(message)
			}
			var p Proof
			if err == nil {
				p, err = s.final(string(final))
			}
			if err != nil && code(err) == "" {
				t.Fatalf("error %v is not one that a client can be told", err)
			}
			if err == nil && (string(final) != rfcFinal || !p.Verified()) {
				t.Fatalf("signed in by %q, %q", body, final)
			}
		}
	})
}

func FuzzClient(f *testing.F) {
	f.Add([]byte(rfcFirstOurs), []byte(rfcFinalOurs))
	f.Add([]byte("r="+rfcClientNonce+"x,s=AAAA,i=1"), []byte("v="))
	f.Add([]byte("r="+rfcClientNonce+"x,s=AAAA,i=1,m=2"), []byte("e=x"))
	salt := must(base64.StdEncoding.DecodeString(rfcSalt))
	clientKey, serverKey, _ := deriveKeys(secret(rfcPassword), salt, 4096)
	f.Fuzz(func(t *testing.T, first, final []byte) {
		cred := credential{clientKey: NewSecret(clientKey), serverKey: NewSecret(serverKey), salt: salt, iterations: 4096}
		s := must(newScramClient(cred, []string{mechanism}, nil, false))
		s.name, s.nonce = "user", rfcClientNonce
		if _, err := s.final(string(first)); err != nil {
			return
		}
		if !bytes.HasPrefix(first, []byte("r="+rfcClientNonce)) {
			t.Fatalf("answered %q", first)
		}
		if err := s.verify(string(final)); err == nil && string(first) == rfcFirstOurs && !bytes.HasPrefix(final, []byte(rfcFinalOurs)) {
			t.Fatalf("believed %q", final)
		}
	})
}
