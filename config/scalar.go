package config

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A scalar reads itself from the text of one YAML scalar; dir is the configuration file's folder. Its errors are shown to
// the user and must not repeat the text if that may be a secret.
type scalar interface {
	parse(text, dir string) error
}

// Path is a file or folder, absolute after loading.
type Path string

func (p *Path) parse(text, dir string) error {
	if text == "" || strings.ContainsRune(text, 0) {
		return errors.New("expected a path")
	}
	if !filepath.IsAbs(text) {
		text = filepath.Join(dir, text)
	}
	*p = Path(filepath.Clean(text))
	return nil
}

// URI names a KMS. Its scheme belongs to the provider. file: paths are absolute after loading; special characters in them
// are percent-encoded.
type URI string

func (u *URI) parse(text, dir string) error {
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok || scheme == "" || rest == "" {
		return errors.New("expected a URI such as file:///etc/pgveil/master.key")
	}
	if scheme == "file" {
		decoded, err := url.PathUnescape(rest)
		if err != nil {
			return errors.New("a % in a URI is followed by two hexadecimal digits")
		}
		path, err := filePath(decoded, dir)
		if err != nil {
			return err
		}
		text = (&url.URL{Scheme: "file", Path: string(path)}).String()
	}
	*u = URI(text)
	return nil
}

// filePath understands what follows file: — a path, or // and an absolute path.
func filePath(rest, dir string) (Path, error) {
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		if !strings.HasPrefix(after, "/") {
			return "", errors.New("file:// is followed by an absolute path: file:///etc/…")
		}
		rest = after
	}
	var p Path
	err := p.parse(rest, dir)
	return p, err
}

// Duration is a time span, written like 500ms, 10s or 5m. Always positive.
type Duration time.Duration

func (d *Duration) parse(text, _ string) error {
	v, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("expected a time such as 500ms, 10s or 5m, found %q", text)
	}
	if v <= 0 {
		return fmt.Errorf("expected a time above zero, found %q", text)
	}
	*d = Duration(v)
	return nil
}

// Std is the duration in the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String is the form that the file uses.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes the form that the file uses.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Size is a number of bytes, written as a number or with PostgreSQL's units kB, MB and GB, which are powers of 1024. At
// least 1 kB and at most 1 GB, the longest message that PostgreSQL has.
type Size int

func (s *Size) parse(text, _ string) error {
	number, unit := strings.TrimSpace(text), 1
	for _, u := range [...]struct {
		name  string
		bytes int
	}{{"kB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}} {
		if before, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(before), u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return fmt.Errorf("expected a size such as 512kB or 16MB, found %q", text)
	}
	if n > uint64(1<<30/unit) || n*uint64(unit) < 1<<10 {
		return fmt.Errorf("expected a size from 1kB to 1GB, found %q", text)
	}
	*s = Size(int(n) * unit)
	return nil
}

// String uses the largest unit that divides the size.
func (s Size) String() string {
	switch {
	case s == 0:
		return "0"
	case s%(1<<30) == 0:
		return fmt.Sprintf("%dGB", s>>30)
	case s%(1<<20) == 0:
		return fmt.Sprintf("%dMB", s>>20)
	case s%(1<<10) == 0:
		return fmt.Sprintf("%dkB", s>>10)
	}
	return strconv.Itoa(int(s))
}

// MarshalText writes the form that the file uses.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Interval is a time span that may be off, which is zero.
type Interval time.Duration

func (i *Interval) parse(text, dir string) error {
	if text == "off" {
		*i = 0
		return nil
	}
	var d Duration
	if err := d.parse(text, dir); err != nil {
		return fmt.Errorf("%w, or off", err)
	}
	*i = Interval(d)
	return nil
}

// Std is the interval in the standard library's type, 0 if it is off.
func (i Interval) Std() time.Duration { return time.Duration(i) }

// String is the form that the file uses.
func (i Interval) String() string {
	if i == 0 {
		return "off"
	}
	return time.Duration(i).String()
}

// MarshalText writes the form that the file uses.
func (i Interval) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// IsZero is never true: off is written out, where the default is another.
func (i Interval) IsZero() bool { return false }
