package crypto

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/tink-crypto/tink-go/v2/aead/xaesgcm"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
)

// TestNothingPrintsKeys formats every type that holds keys in every way, alone and inside of others, and looks for the
// key, for the subkeys made from it, and for what those would look like as lists of numbers, hex or base64.
func TestNothingPrintsKeys(t *testing.T) {
	raw := []byte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!?")
	x, err := newVersion([realmSize]byte{}, 1, ModeRandom, 1, raw[:32])
	if err != nil {
		t.Fatal(err)
	}
	s, err := newVersion([realmSize]byte{}, 2, ModeEqual, 1, raw)
	if err != nil {
		t.Fatal(err)
	}
	ix, err := newVersion([realmSize]byte{}, 3, ModeIndexed, 1, raw[:32])
	if err != nil {
		t.Fatal(err)
	}
	od, err := newVersion([realmSize]byte{}, 4, ModeOrdered, 1, raw[:32])
	if err != nil {
		t.Fatal(err)
	}
	indexed := &Key{id: 3, name: "three", mode: ModeIndexed, primary: ix, versions: []*version{ix}}
	mt, err := newVersion([realmSize]byte{}, 6, ModeMatched, 1, raw[:32])
	if err != nil {
		t.Fatal(err)
	}
	matched := &Key{id: 6, name: "six", mode: ModeMatched, primary: mt, versions: []*version{mt}}
	ordered := &Key{id: 4, name: "four", mode: ModeOrdered, primary: od, versions: []*version{od}}
	random := &Key{id: 1, name: "one", mode: ModeRandom, primary: x, versions: []*version{x}}
	equal := &Key{id: 2, name: "two", mode: ModeEqual, primary: s, versions: []*version{s}}
	if _, err := random.Seal(nil, []byte("v")); err != nil {
		t.Fatal(err)
	}
	ring, err := newKeyring([]*Key{random, equal, indexed, ordered, matched})
	if err != nil {
		t.Fatal(err)
	}
	params, err := xaesgcm.NewParameters(xaesgcm.VariantTink, saltSize)
	if err != nil {
		t.Fatal(err)
	}
	tinkKey, err := xaesgcm.NewKey(secretdata.NewBytesFromData(raw[:32], insecuresecretdataaccess.Token{}), 7, params)
	if err != nil {
		t.Fatal(err)
	}
	m := keyset.NewManager()
	if _, err := m.AddKey(tinkKey); err != nil {
		t.Fatal(err)
	}
	sc := sivScratch{sum: block(raw)}

	type holder struct {
		Key    *Key
		Value  Key
		hidden *Key
		value  Key
		Ring   *Keyring
		ring   Keyring
	}
	held := holder{random, *equal, random, *equal, ring, *ring}
	secrets := [][]byte{raw[:16], raw[16:32], raw[32:48], x.xaes.subkey[:], s.siv.k1[:], s.siv.k2[:], s.siv.ads[:],
		ix.siv.k1[:], ix.index.k1[:], ix.index.zero[:], od.siv.k1[:]}
	for _, v := range []any{
		random, *random, equal, *equal, ring, *ring, held, &held, []*Key{random}, []Key{*equal}, map[string]*Key{"k": equal},
		x, s, x.xaes, s.siv, x.xaes.salt.Load(), x.xaes.salt.Load().derived, &sc, struct{ A any }{random},
		indexed, *ordered, matched, ix, od, mt, ix.index, od.digits, &digitScratch{state: block(raw)},
	} {
		for how, text := range printed(t, v) {
			for _, secret := range secrets {
				for _, form := range shapes(secret) {
					if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
						t.Errorf("%T with %s shows a key: %s", v, how, text)
					}
				}
			}
		}
	}
	// The test itself must be able to fail.
	found := false
	for _, text := range printed(t, struct{ A []byte }{raw[:16]}) {
		for _, form := range shapes(raw[:16]) {
			found = found || strings.Contains(text, form)
		}
	}
	if !found {
		t.Error("this test finds nothing even where there is something")
	}
	for _, how := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(how, random); got != `column key 1 "one"` {
			t.Errorf("%s of a key = %q", how, got)
		}
	}
}

// printed gives v in every form in which a program may print it by accident.
func printed(t *testing.T, v any) map[string]string {
	out := make(map[string]string)
	for _, verb := range "vTtbcdoOqxXUeEfFgGsp" {
		for _, flag := range []string{"", "+", "#", " ", "-20", "020"} {
			how := "%" + flag + string(verb)
			out[how] = fmt.Sprintf(how, v)
		}
	}
	out["Sprintln"] = fmt.Sprintln(v)
	out["Errorf"] = fmt.Errorf("failed: %w, %v", ErrAuth, v).Error()
	if text, err := json.Marshal(v); err == nil {
		out["json"] = string(text)
	}
	if text, err := xml.Marshal(v); err == nil {
		out["xml"] = string(text)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
	encoder := zap.NewProductionEncoderConfig()
	for _, e := range []zapcore.Encoder{zapcore.NewJSONEncoder(encoder), zapcore.NewConsoleEncoder(encoder)} {
		z := zap.New(zapcore.NewCore(e, zapcore.AddSync(&log), zap.DebugLevel))
		z.Info("m", zap.Any("any", v), zap.Reflect("reflect", v))
		z.Sugar().Infow("m", "v", v)
		z.Sugar().Infof("%v %+v %#v", v, v, v)
	}
	out["logs"] = log.String()
	return out
}

// shapes gives the forms in which bytes are printed.
func shapes(secret []byte) []string {
	decimal := strings.Trim(fmt.Sprint(secret), "[]")
	return []string{
		string(secret), hex.EncodeToString(secret), base64.StdEncoding.EncodeToString(secret)[:16], decimal,
		strings.ReplaceAll(decimal, " ", ","), strings.ReplaceAll(decimal, " ", ", "),
		strings.Trim(strings.TrimPrefix(fmt.Sprintf("%#v", secret), "[]byte"), "{}"), fmt.Sprintf("% x", secret),
	}
}
