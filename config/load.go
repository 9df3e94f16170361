package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"

	"github.com/pgveil/pgveil/policy/yamlfile"
)

// maxFile bounds a configuration file.
const maxFile = 4 << 20

// Load reads the file at path. Its error is a yamlfile.Problems when the file could be read but is wrong.
func Load(path string) (*Config, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(abs)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	return Parse(text, path, filepath.Dir(abs))
}

// Parse reads a configuration from text. name stands in problems; relative paths are taken from dir, which is absolute.
func Parse(text []byte, name, dir string) (*Config, error) {
	if len(text) > maxFile {
		return nil, yamlfile.Problems{{File: name, Message: fmt.Sprintf("longer than %d bytes", maxFile)}}
	}
	root, problems := yamlfile.Document(name, text)
	if root == nil {
		return nil, problems
	}
	d := &decoder{file: name, dir: dir, at: map[string]place{"": where(root)}, broken: map[string]bool{}}
	c := &Config{}
	v := reflect.ValueOf(c).Elem()
	fill(v)
	d.decode(root, v, "")
	if !d.wrong("") {
		c.check(d)
	}
	if err := d.problems.OrNil(); err != nil {
		return nil, err
	}
	return c, nil
}
