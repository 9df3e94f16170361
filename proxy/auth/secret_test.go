package auth

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestSecretsDoNotShow formats every type that holds secrets in every way.
func TestSecretsDoNotShow(t *testing.T) {
	const hush = "hush-hush-hush-hush-hush-hush-32"
	s := func() Secret { return NewSecret([]byte(hush)) }
	v := Verifier{Iterations: 1, Salt: []byte("salt"), StoredKey: s(), ServerKey: s()}
	users, err := NewUsers().With(User{Name: "u", Verifier: v})
	if err != nil {
		t.Fatal(err)
	}
	users.secret = s()
	cred := credential{password: s(), clientKey: s(), serverKey: s()}
	for _, x := range []any{
		s(), v, User{Verifier: v}, users, Service{Password: s()}, cred, scramClient{cred: cred}, loginState{cred: cred},
		Proof{ClientKey: s(), ServerKey: s(), Password: s()}, scramServer{verifier: v},
		UsersFile{fallback: s()},
	} {
		var texts []string
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%o", "%b", "%U"} {
			texts = append(texts, fmt.Sprintf(format, x), fmt.Sprintf(format, []any{x}))
		}
		if j, err := json.Marshal(x); err == nil {
			texts = append(texts, string(j))
		}
		if y, err := yaml.Marshal(x); err == nil {
			texts = append(texts, string(y))
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "x", x)
		texts = append(texts, log.String())
		for _, text := range texts {
			for _, leak := range []string{hush, "104 117 115 104", "68757368", "68 75 73 68", "0x68, 0x75", "150 165", "aHVzaC1", "U+0068 U+0075"} {
				if strings.Contains(strings.ToLower(text), strings.ToLower(leak)) {
					t.Errorf("%T shows: %s", x, text)
				}
			}
		}
	}
}

func TestSecretWipe(t *testing.T) {
	b := []byte("hush")
	s := NewSecret(b)
	copied := s
	s.Wipe()
	if string(b) != "\x00\x00\x00\x00" || !copied.Empty() {
		t.Errorf("left: %q, %q", b, copied.Reveal())
	}
	Secret{}.Wipe()
	if !(Secret{}).Empty() || (Secret{}).Reveal() != nil {
		t.Error("the zero value is not empty")
	}
}
