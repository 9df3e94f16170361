package main

import (
	"fmt"
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/pgveil/pgveil/config"
)

// newLogger writes to w, with times as RFC 3339 in UTC-offset form and no stack traces, which could hold arguments.
// The level can be changed while it is in use.
func newLogger(l config.Log, w io.Writer) (*zap.Logger, zap.AtomicLevel, error) {
	level, err := zap.ParseAtomicLevel(string(l.Level))
	if err != nil {
		return nil, level, fmt.Errorf("log.level: %w", err)
	}
	e := zap.NewProductionEncoderConfig()
	e.TimeKey, e.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	encoder := zapcore.NewJSONEncoder(e)
	if l.Format == config.FormatConsole {
		e.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		encoder = zapcore.NewConsoleEncoder(e)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level)), level, nil
}
