# The function as a container image: one static binary on nothing.
#
#   docker build -t krm-parity .
#
# BUILDER is any image with the pinned Rust toolchain, gcc and the C library's headers.
ARG BUILDER=rust:1.95-slim-bookworm
FROM ${BUILDER} AS build

WORKDIR /build
# Static, and the same bytes wherever it is built: no path of the builder gets into the binary. Small: a panic aborts, so
# nothing unwinds, what is not hot need not be inlined, and relocations are packed. The table that finds frames stays:
# without it every error is an abort under RUST_BACKTRACE=1, because libgcc cannot find its own frame.
ENV CARGO_INCREMENTAL=0 \
    SOURCE_DATE_EPOCH=0 \
    RUSTFLAGS="-C target-feature=+crt-static -C force-unwind-tables=no -C llvm-args=-inline-threshold=15 -C link-arg=-Wl,-z,pack-relative-relocs --remap-path-prefix=/usr/local/cargo=/cargo --remap-path-prefix=/build=/krm-parity"

# The dependencies alone first, so that they are built again only when Cargo.lock changes. A
# manifest may name benchmarks, which must exist for it to be read.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src benches \
 && echo '//! Empty.' > src/lib.rs \
 && printf '//! Empty.\nfn main() {}\n' > src/main.rs \
 && for bench in $(sed -n '/^\[\[bench\]\]/,/^$/ s/^name *= *"\(.*\)"/\1/p' Cargo.toml); do \
      cp src/main.rs "benches/$bench.rs"; \
    done \
 && cargo build --release --locked --target "$(rustc -vV | sed -n 's/^host: //p')"

# The build target is named, though it is the host's, because static linking must not reach
# procedural macros. Copied sources may be older than the empty ones: touch makes them new.
COPY . .
RUN touch src/lib.rs src/main.rs \
 && cargo build --release --locked --target "$(rustc -vV | sed -n 's/^host: //p')" \
 && mkdir -p /image/etc \
 && echo 'nobody:x:65534:65534:nobody:/:/sbin/nologin' > /image/etc/passwd \
 && echo 'nobody:x:65534:' > /image/etc/group \
 && install -m 0555 target/*/release/krm-parity /image/krm-parity

FROM scratch
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="krm-parity" \
      org.opencontainers.image.description="A KRM function and command-line gate that keeps kustomize overlays in parity with their base" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /image/ /
USER 65534:65534
ENTRYPOINT ["/krm-parity"]
