package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a configuration file.
const maxFile = 4 << 20

// Load reads the file at path. Its error is a Problems when the file could be read but is wrong.
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
		return nil, Problems{{File: name, Message: fmt.Sprintf("longer than %d bytes", maxFile)}}
	}
	root, err := parseYAML(text, name)
	if err != nil {
		return nil, err
	}
	d := &decoder{file: name, dir: dir, at: map[string]place{"": where(root)}, broken: map[string]bool{}}
	c := &Config{}
	v := reflect.ValueOf(c).Elem()
	fill(v)
	d.decode(root, v, "")
	if !d.wrong("") {
		c.check(d)
	}
	if len(d.problems) > 0 {
		d.problems.sort()
		return nil, d.problems
	}
	return c, nil
}

// parseYAML returns the only document of text, which is not empty.
func parseYAML(text []byte, name string) (root *yaml.Node, err error) {
	defer func() {
		// The YAML library is known to panic on some malformed input; that is a syntax error like any other.
		if recover() != nil {
			root, err = nil, Problems{{File: name, Line: 1, Column: 1, Message: "not YAML"}}
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, Problems{{File: name, Line: 1, Column: 1, Message: "the file is empty"}}
		}
		return nil, Problems{syntaxProblem(name, err)}
	}
	var more yaml.Node
	if err := dec.Decode(&more); err == nil {
		return nil, Problems{{File: name, Line: more.Line, Column: more.Column, Message: "a second document begins here; expected one"}}
	} else if !errors.Is(err, io.EOF) {
		return nil, Problems{syntaxProblem(name, err)}
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, Problems{{File: name, Line: 1, Column: 1, Message: "the file is empty"}}
	}
	return doc.Content[0], nil
}

var (
	yamlLine   = regexp.MustCompile(`^line (\d+): `)
	yamlQuoted = regexp.MustCompile(`'[^']*'|"[^"]*"`)
)

// syntaxProblem turns the YAML library's error into a Problem. Pieces that it quotes from the file are removed: a mistyped
// secret may be among them.
func syntaxProblem(name string, err error) Problem {
	p := Problem{File: name, Line: 1, Column: 1}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	p.Message = "not YAML: " + yamlQuoted.ReplaceAllString(text, "'…'")
	return p
}
