# docker build -t holdfast .
# docker run -v "$PWD":/data -p 127.0.0.1:8080:8080 holdfast        the daemon, with /data/holdfast.yaml
# docker run -v "$PWD":/data holdfast plan --config /data/holdfast.yaml

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# The zone database is compiled in; certificates are the only other thing that the program wants of a machine.
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /holdfast ./cmd/holdfast && mkdir /empty

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /holdfast /holdfast
# Not root: what is mounted at /data must be writable by this number.
COPY --from=build --chown=65532:65532 /empty /data
COPY --from=build --chown=65532:65532 /empty /tmp
USER 65532:65532
VOLUME /data
WORKDIR /data
ENTRYPOINT ["/holdfast"]
CMD ["run", "--config", "/data/holdfast.yaml"]
