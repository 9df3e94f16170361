# make help lists the targets. Variables can be given on the command line: make demo DEMO=--once

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GO       ?= go
DEMO     ?=
TAGS     ?=
BENCH    ?=
LOAD     ?=
FUZZTIME ?= 20s
SOAK     ?= 10m
CHAOS    ?= 5m
SEED     ?= $(shell date +%s)
PACKAGES ?= ./...
# What release builds are optimised by. Its name is not default.pgo: then every build and test of cmd/pgveil would compile PostgreSQL's
# parser once more.
PROFILE  ?= cmd/pgveil/release.pgo
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.DEFAULT_GOAL := help
.PHONY: help build demo test test-clients test-compat test-pgbouncer test-compat-regress test-compat-wire test-compat-drivers test-compat-versions test-race chaos bench pgo load lint lint-deploy soak fuzz cover schema clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-21s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/pgveil
	@.ci/need build
	$(GO) build -trimpath -pgo=$(PROFILE) -tags "$(TAGS)" -ldflags "-s -w -X main.version=$(VERSION)" -o bin/pgveil ./cmd/pgveil

demo: ## start a PostgreSQL, fill it, show the proxy at work and stay; DEMO=--once ends by itself
	@.ci/need server
	@echo "building bin/pgveil (the first time, PostgreSQL's parser is compiled too: that takes minutes)"
	@$(GO) build -trimpath -pgo=$(PROFILE) -tags "$(TAGS)" -ldflags "-s -w -X main.version=$(VERSION)" -o bin/pgveil ./cmd/pgveil
	@exec bin/pgveil demo $(DEMO)

test: ## run all tests, against a real PostgreSQL
	@.ci/need server
	$(GO) vet ./...
	$(GO) test -timeout 20m $(PACKAGES)

test-clients: ## run other languages' drivers, ORMs and migration tools against the proxy
	@.ci/need server clients
	@cd e2e/clients/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@cd e2e/apps/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	$(GO) test -tags clients -timeout 15m -count=1 -v ./e2e/clients ./e2e/apps

test-compat: ## run PostgreSQL's own tests, drivers' own tests and other server versions through the proxy; writes the table of docs/compat.md
	@.ci/need server clients compat bench
	@.ci/postgresql-source bin/compat/postgresql
	@.ci/postgresql-clients bin/compat/clients/18 18
	@.ci/postgresql-versions bin/compat/versions
	@.ci/node-postgres-source bin/compat/.drivers/node
	@rm -rf bin/compat/results
	$(GO) test -tags pgbouncer -timeout 10m -count=1 -run TestPgBouncer ./e2e
	$(GO) test -tags compat -timeout 120m -count=1 -v ./e2e/compat

test-compat-regress: ## of these, PostgreSQL's regression and isolation tests
	@.ci/need server
	@.ci/postgresql-source bin/compat/postgresql
	$(GO) test -tags compat -timeout 90m -count=1 -v -run 'TestRegressionSuite|TestIsolation' ./e2e/compat

test-compat-wire: ## of these, libpq_pipeline, TLS, the message scripts, and psql and pg_dump of two versions
	@.ci/need server clients compat
	@.ci/postgresql-source bin/compat/postgresql
	@.ci/postgresql-clients bin/compat/clients/18 18
	@.ci/postgresql-versions bin/compat/versions 18
	$(GO) test -tags compat -timeout 30m -count=1 -v -run 'TestPipeline|TestSSL|TestMessages|TestClients' ./e2e/compat

test-compat-drivers: ## of these, the tests of pgx, lib/pq and node-postgres
	@.ci/need server clients
	@.ci/node-postgres-source bin/compat/.drivers/node
	$(GO) test -tags compat -timeout 40m -count=1 -v -run TestDrivers ./e2e/compat

test-compat-versions: ## of these, our end-to-end tests on PostgreSQL 14, 16, 17 and 18
	@.ci/need server clients compat
	@.ci/postgresql-clients bin/compat/clients/18 18
	@.ci/postgresql-versions bin/compat/versions
	$(GO) test -tags compat -timeout 120m -count=1 -v -run TestVersions ./e2e/compat

chaos: ## break proxies, servers, clients, networks and files under load for CHAOS, from SEED; handshakes are cut at every byte
	@.ci/need server
	$(GO) test -count=1 -timeout 0 -v ./e2e/chaos -chaos-for $(CHAOS) -chaos-seed $(SEED) -chaos-every-byte

test-pgbouncer: ## run pgveil in front of and behind PgBouncer
	@.ci/need server bench
	$(GO) test -tags pgbouncer -timeout 10m -count=1 -v -run TestPgBouncer ./e2e

test-race: ## run all tests under the race detector
	@.ci/need server
	$(GO) test -race -timeout 40m $(PACKAGES)

bench: ## measure against a direct connection and PgBouncer, in about ten minutes; writes docs/benchmarks.md
	@.ci/need server bench
	@$(GO) run ./e2e/bench -out docs/benchmarks.md $(BENCH)

pgo: ## profile the proxy under the bench's workloads and write what release builds are optimised by
	@.ci/need server bench
	@$(GO) run ./e2e/bench -pgo $(PROFILE) -seconds 4 -copy-rows 100000

load: ## 5,000 sessions that wait and 500 that work for ten minutes, 1,000 sign-ins at once, 900 MB sent by one; takes 15 GB of memory; writes docs/load.md; LOAD="-for 60s -idle 1000" shortens it
	@.ci/need server
	@$(GO) run ./e2e/load -out docs/load.md $(LOAD)

lint: ## gofmt, go mod tidy, go vet, staticcheck
	@.ci/need build
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "gofmt -w is needed for:"; echo "$$unformatted"; exit 1; fi
	$(GO) mod tidy -diff
	$(GO) vet -tags clients,compat,pgbouncer ./...
	$(GO) vet -tags nodemo ./cmd/...
	$(GO) run $(STATICCHECK) -tags clients,compat,pgbouncer ./...

lint-deploy: ## check the alert rules in deploy/ with promtool
	@.ci/promtool bin/promtool

soak: ## order a million pairs a type; COPY with all options and columns; all end-to-end tests with both legs cut into pieces; then for SOAK each, from a seed that is printed, break things under load and report the slope of memory, and run random statements on a plain database and through the proxy
	@.ci/need server
	PGVEIL_ORDER_PAIRS=1000000 $(GO) test -count=1 -timeout 30m -v -run 'TestOrder$$' ./proxy/value
	$(GO) test -count=1 -timeout 30m -run 'TestCopy(Out|In)$$' ./e2e -copy-all
	$(GO) test -count=1 -timeout 60m ./e2e -segments random:$(SEED)
	$(GO) test -count=1 -timeout 30m -run 'Protocol|Frames|SignIn|Cancel|Replication|Pipeline|Copy' ./e2e -segments 1
	$(MAKE) chaos CHAOS=$(SOAK)
	$(GO) test -count=1 -timeout 0 -v -run 'TestGenerated$$' ./e2e -generate-for $(SOAK) -generate-seed $(SEED)

# Left to itself the fuzzer spends up to a minute on making each input that it keeps shorter, and tries nothing new meanwhile.
FUZZMINIMIZE ?= 100x

fuzz: ## run each fuzz target for FUZZTIME
	@.ci/need server
	@for package in $$($(GO) list $(PACKAGES)); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "== $$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime $(FUZZMINIMIZE) $$package || exit 1; \
		done; \
	done

cover: ## run all tests and write coverage.html
	@.ci/need server
	$(GO) test -timeout 30m -coverpkg=./... -coverprofile=coverage.out $(PACKAGES)
	$(GO) tool cover -html=coverage.out -o coverage.html
	@$(GO) tool cover -func=coverage.out | tail -1

schema: ## write docs/*.schema.json, docs/errors.md and the table of docs/sql.md again from the code
	$(GO) test ./config -run 'TestSchemaIsCurrent|TestTypesDoc' -update
	$(GO) test ./policy -run TestSchemaFile -update
	$(GO) test ./cmd/pgveil -run TestErrorsDoc -update
	$(GO) test ./policy/sql -run TestKindsDoc -update

clean: ## remove what the other targets made
	rm -rf bin coverage.out coverage.html
