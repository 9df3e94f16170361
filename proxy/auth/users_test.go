package auth

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const otherVerifier = "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

const usersText = `# team A
@mock "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

alice ` + rfcVerifier + `
	bob   "` + otherVerifier + `"	2027-01-31T00:00:00Z  
"odd ""name"" $" "` + rfcVerifier + `"
"@mock" ` + rfcVerifier + `
# end
`

func TestParseUsers(t *testing.T) {
	u, err := ParseUsers("users", []byte(usersText))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := u.Names(), []string{"alice", "bob", `odd "name" $`, "@mock"}; !reflect.DeepEqual(got, want) {
		t.Fatalf("names: %q", got)
	}
	bob, ok := u.Lookup("bob")
	if !ok || bob.Verifier.Encode() != otherVerifier || !bob.ValidUntil.Equal(time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("bob: %+v", bob)
	}
	for _, name := range []string{"Bob", "bob ", "", "# team A", "charlie"} {
		if _, ok := u.Lookup(name); ok {
			t.Errorf("%q is known", name)
		}
	}
	if len(u.secret.Reveal()) != 32 || u.secret.Reveal()[31] != 31 {
		t.Error("mock secret not read")
	}
	again, err := ParseUsers("again", u.Encode())
	if err != nil || string(again.Encode()) != string(u.Encode()) || !reflect.DeepEqual(again.Names(), u.Names()) {
		t.Errorf("written and read again: %v\n%s", err, u.Encode())
	}
	if !strings.Contains(string(u.Encode()), "# team A\n") || !strings.HasSuffix(string(u.Encode()), "# end\n") {
		t.Errorf("comments are lost:\n%s", u.Encode())
	}
}

func TestParseUsersErrors(t *testing.T) {
	v := rfcVerifier
	for _, tc := range []struct{ name, text, want string }{
		{"no verifier", "alice", "f:1: a line has"},
		{"four fields", "alice " + v + " 2027-01-31T00:00:00Z more", "f:1: a line has"},
		{"line number", "# x\n\nalice " + v + "\nbob", "f:4: "},
		{"twice", "alice " + v + "\n\"alice\" " + v, "f:2: this user is defined twice"},
		{"plain password", "alice hunter2", "f:1: verifier: not of the form"},
		{"md5", "alice md5d41d8cd98f00b204e9800998ecf8427e", "f:1: verifier: "},
		{"empty name", `"" ` + v, "f:1: empty user name"},
		{"long name", strings.Repeat("n", 64) + " " + v, "f:1: user name longer"},
		{"open quote", `"alice ` + v, "f:1: a quote is not closed"},
		{"no blank", `"alice"` + v, "f:1: a blank is missing"},
		{"quote within", `al"ice" ` + v, "f:1: a blank is missing"},
		{"bad time", "alice " + v + " tomorrow", "f:1: end of validity"},
		{"date only", "alice " + v + " 2027-01-31", "f:1: end of validity"},
		{"unknown directive", "@include x", "f:1: only @mock"},
		{"short mock", "@mock AAAA", "f:1: @mock needs"},
		{"mock twice", "@mock AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n@mock AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "f:2: @mock is given twice"},
	} {
		u, err := ParseUsers("f", []byte(tc.text))
		if err == nil || u != nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "d41d8") {
			t.Errorf("%s: shows what is in the line: %v", tc.name, err)
		}
	}
	if _, err := ParseUsers("f", []byte("one\ntwo")); err == nil || strings.Count(err.Error(), "f:") != 2 {
		t.Errorf("not all problems at once: %v", err)
	}
}

func TestParseVerifier(t *testing.T) {
	for _, bad := range []string{
		"", "x", "SCRAM-SHA-256$", "SCRAM-SHA-1" + rfcVerifier[13:], strings.ToLower(rfcVerifier),
		strings.Replace(rfcVerifier, "4096", "0", 1), strings.Replace(rfcVerifier, "4096", "-1", 1), strings.Replace(rfcVerifier, "4096", "+1", 1),
		strings.Replace(rfcVerifier, "4096", "04096", 1), strings.Replace(rfcVerifier, "4096", "2000000000", 1), strings.Replace(rfcVerifier, "4096", "", 1),
		strings.Replace(rfcVerifier, rfcSalt, "", 1), strings.Replace(rfcVerifier, rfcSalt, "?", 1), strings.Replace(rfcVerifier, "W22Z", "W2\n2Z", 1),
		rfcVerifier[:len(rfcVerifier)-4], rfcVerifier + "=", rfcVerifier + " ", rfcVerifier + ":x", strings.Replace(rfcVerifier, "=:", "=", 1),
	} {
		if v, err := ParseVerifier(bad); err == nil {
			t.Errorf("%q: got %+v", bad, v)
		}
	}
}

func TestNewVerifier(t *testing.T) {
	one, two := must(NewVerifier(secret("x"), 0)), must(NewVerifier(secret("x"), 0))
	if one.Iterations != 4096 || len(one.Salt) != 16 || string(one.Salt) == string(two.Salt) {
		t.Errorf("%+v, %+v", one, two)
	}
	if _, err := NewVerifier(secret(""), 0); err == nil {
		t.Error("empty password hashed")
	}
	for _, n := range []int{-1, maxIterations + 1} {
		if _, err := NewVerifier(secret("x"), n); err == nil {
			t.Errorf("%d iterations", n)
		}
	}
}

func TestUsersAreImmutable(t *testing.T) {
	u := users(t, map[string]string{"a": "x"})
	before := string(u.Encode())
	more := must(u.With(User{Name: "b", Verifier: must(NewVerifier(secret("y"), 0))}))
	less := u.Without("a")
	changed := must(u.With(User{Name: "a", Verifier: must(NewVerifier(secret("z"), 0))}))
	if string(u.Encode()) != before {
		t.Error("changed")
	}
	if len(more.Names()) != 2 || len(less.Names()) != 0 || len(changed.Names()) != 1 {
		t.Errorf("%q, %q, %q", more.Names(), less.Names(), changed.Names())
	}
	if !strings.Contains(string(less.Encode()), "# Users of pgveil") {
		t.Error("Without removed a comment")
	}
	if string(u.Without("").Encode()) != before {
		t.Error("Without(\"\") removed lines")
	}
	for _, bad := range []User{{}, {Name: "x"}, {Name: "a\nb", Verifier: must(ParseVerifier(rfcVerifier))}} {
		if _, err := u.With(bad); err == nil {
			t.Errorf("%+v: taken", bad)
		}
	}
}

func TestValidUntil(t *testing.T) {
	at := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	u := User{ValidUntil: at}
	if !u.validAt(at.Add(-1)) || u.validAt(at) || u.validAt(at.Add(1)) || !(User{}).validAt(at) {
		t.Error("the end of validity is not a bound that is itself outside")
	}
}

func TestUsersFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	put := func(text string, mode os.FileMode) {
		t.Helper()
		os.Remove(path)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenUsers(path); err == nil {
		t.Error("no error for a missing file")
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o620, 0o602, 0o610} {
		put(usersText, mode)
		if _, err := OpenUsers(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if _, err := OpenUsers(filepath.Dir(path)); err == nil {
		t.Error("opened a folder")
	}
	put(usersText, 0o400)
	f, err := OpenUsers(path)
	if err != nil {
		t.Fatal(err)
	}
	first := f.Current()
	put("alice spoiled", 0o600)
	if f.Reload() == nil || f.Current() != first {
		t.Error("a spoiled file replaced the snapshot")
	}
	put("carol "+rfcVerifier, 0o600)
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, ok := f.Current().Lookup("carol"); !ok {
		t.Error("carol is not there after Reload")
	}
	if _, ok := first.Lookup("carol"); ok {
		t.Error("Reload changed the former snapshot")
	}
	salt := f.Current().mock("nobody").Salt
	if err := f.Reload(); err != nil || string(salt) != string(f.Current().mock("nobody").Salt) {
		t.Error("without @mock, Reload changes the mock verifiers")
	}
}

func TestUpdateUsers(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "users")
	add := func(name string) func(*Users) (*Users, error) {
		return func(u *Users) (*Users, error) {
			return u.With(User{Name: name, Verifier: must(ParseVerifier(rfcVerifier))})
		}
	}
	for _, name := range []string{"a", "b c"} {
		if err := UpdateUsers(path, add(name)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := OpenUsers(path)
	if err != nil || !reflect.DeepEqual(f.Current().Names(), []string{"a", "b c"}) {
		t.Fatalf("got %v", err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	before, _ := os.ReadFile(path)
	if UpdateUsers(path, func(u *Users) (*Users, error) { return u.With(User{}) }) == nil {
		t.Error("no error for an empty name")
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("a failed update changed the file")
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := UpdateUsers(link, add("d")); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Lstat(link); info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced instead of the file")
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("left behind: %v", left)
	}
}

func TestMergeImport(t *testing.T) {
	text := func(s string) *string { return &s }
	u := must(ParseUsers("users", []byte("# kept\nsame "+rfcVerifier+"\nchanged "+rfcVerifier+"\nended "+rfcVerifier+"\ngone "+rfcVerifier)))
	merged, rep, err := u.MergeImport([]Imported{
		{Name: "same", Verifier: text(rfcVerifier)},
		{Name: "changed", Verifier: text(otherVerifier)},
		{Name: "ended", Verifier: text(rfcVerifier), ValidUntil: text("2027-01-31T00:00:00.000000Z")},
		{Name: "new", Verifier: text(rfcVerifier)},
		{Name: "none"},
		{Name: "old", Verifier: text("md5d41d8cd98f00b204e9800998ecf8427e")},
		{Name: "broken", Verifier: text("SCRAM-SHA-256$x")},
		{Name: "a\nb", Verifier: text(rfcVerifier)},
		{Name: "when", Verifier: text(rfcVerifier), ValidUntil: text("soon")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var skipped []string
	for _, s := range rep.Skipped {
		if s.Reason == "" || strings.Contains(s.Reason, "d41d8") {
			t.Errorf("%s skipped because %q", s.Name, s.Reason)
		}
		skipped = append(skipped, s.Name)
	}
	for what, tc := range map[string]struct{ got, want []string }{
		"added": {rep.Added, []string{"new"}}, "changed": {rep.Changed, []string{"changed", "ended"}}, "unchanged": {rep.Unchanged, []string{"same"}},
		"absent": {rep.Absent, []string{"gone"}}, "skipped": {skipped, []string{"none", "old", "broken", "a\nb", "when"}},
		"names": {merged.Names(), []string{"same", "changed", "ended", "gone", "new"}},
	} {
		if !reflect.DeepEqual(tc.got, tc.want) {
			t.Errorf("%s: %q, want %q", what, tc.got, tc.want)
		}
	}
	if x, _ := merged.Lookup("ended"); x.ValidUntil.Year() != 2027 {
		t.Errorf("ended: %v", x.ValidUntil)
	}
	if !strings.HasPrefix(string(merged.Encode()), "# kept\n") {
		t.Error("the comment is lost")
	}
}

func FuzzParseUsers(f *testing.F) {
	f.Add([]byte(usersText))
	f.Add([]byte(`"a""b" "` + rfcVerifier + `" 2027-01-31T00:00:00+02:00`))
	f.Add([]byte("a\x00b " + rfcVerifier))
	f.Fuzz(func(t *testing.T, text []byte) {
		u, err := ParseUsers("f", text)
		if err != nil {
			return
		}
		again, err := ParseUsers("f", u.Encode())
		if err != nil || string(again.Encode()) != string(u.Encode()) {
			t.Fatalf("%v: %q", err, u.Encode())
		}
		for _, name := range u.Names() {
			x, _ := u.Lookup(name)
			y, ok := again.Lookup(name)
			if !ok || x.Verifier.Encode() != y.Verifier.Encode() || !x.ValidUntil.Equal(y.ValidUntil) {
				t.Fatalf("%q: %+v became %+v", name, x, y)
			}
		}
	})
}
