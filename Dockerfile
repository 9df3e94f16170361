# syntax=docker/dockerfile:1
# pgveil in a container: built with cgo (the SQL parser is PostgreSQL's own, in C), run without a shell and as no root.
#
#   docker build -t pgveil --build-arg VERSION="$(git describe --tags --always)" .
#   docker run -p 6432:6432 -v /etc/pgveil:/etc/pgveil:ro -v pgveil-audit:/var/lib/pgveil pgveil
#
# The configuration must listen on 0.0.0.0:6432; keys, users and certificates must be readable by uid 65532.

FROM golang:1.26-bookworm AS build
ARG VERSION=unknown
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY config config
COPY crypto crypto
COPY policy policy
COPY proxy proxy
RUN go build -tags nodemo -trimpath -pgo=cmd/pgveil/release.pgo -ldflags "-s -w -X main.version=${VERSION}" -o /out/pgveil ./cmd/pgveil \
 && install -d -m 0700 /out/lib

FROM gcr.io/distroless/base-debian12:nonroot
COPY --from=build /out/pgveil /usr/local/bin/pgveil
COPY --from=build --chown=65532:65532 /out/lib /var/lib/pgveil
USER 65532:65532
EXPOSE 6432
VOLUME /var/lib/pgveil
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["/usr/local/bin/pgveil", "health", "-c", "/etc/pgveil/pgveil.yaml"]
ENTRYPOINT ["/usr/local/bin/pgveil"]
CMD ["serve", "-c", "/etc/pgveil/pgveil.yaml"]
