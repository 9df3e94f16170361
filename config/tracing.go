package config

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
)

// Tracing sends a share of the statements to an OpenTelemetry collector, as spans without text and values.
type Tracing struct {
	// Endpoint is the collector's address for OTLP over HTTP, as http://127.0.0.1:4318. Without a path, /v1/traces is added. Default: none,
	// and nothing is traced.
	Endpoint Endpoint `yaml:"endpoint,omitempty"`
	// Sample is the share of statements that are traced, above 0 and up to 1. Of those with a traceparent (sqlcommenter) its sampled flag
	// decides. Default 0.01.
	Sample Share `yaml:"sample,omitempty"`
}

// IsZero tells whether nothing is traced; the YAML encoder then leaves the section out.
func (t Tracing) IsZero() bool { return t.Endpoint == "" }

func (t *Tracing) defaults() { t.Sample = 0.01 }

// Endpoint is a URL with its path.
type Endpoint string

func (e *Endpoint) parse(text, _ string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("expected a URL such as http://127.0.0.1:4318, without user and query")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	*e = Endpoint(u.String())
	return nil
}

// Share is a part of a whole, above 0 and up to 1.
type Share float64

func (s *Share) parse(text, _ string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v > 0 && v <= 1) {
		return fmt.Errorf("expected a number above 0 and up to 1, found %q", text)
	}
	*s = Share(v)
	return nil
}
