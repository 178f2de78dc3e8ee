# Shared by the scripts of this folder: source it, do not run it.
# shellcheck shell=bash disable=SC2034 # the variables are the sourcing scripts'
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
TOOLS=${KRM_PARITY_TOOLS:-$ROOT/.tools}
LOGS=$TOOLS/logs

# kpt looks for a name without a host part in its own registry, so the default name has one.
IMAGE=${KRM_PARITY_IMAGE:-localhost/krm-parity:test}
BUILDER_IMAGE=rust:1.95-slim-bookworm

say() { printf '%s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# retry WHAT COMMAND...: three tries, output to a log, one clear message at the end.
retry() {
  local what=$1 log try
  shift
  mkdir -p "$LOGS"
  log=$LOGS/${what//[^A-Za-z0-9._-]/_}.log
  for try in 1 2 3; do
    if "$@" >"$log" 2>&1; then return 0; fi
    if [ "$try" -lt 3 ]; then
      say "$what failed (try $try of 3), once more in $((try * 5)) s"
      sleep $((try * 5))
    fi
  done
  tail -n 5 "$log" >&2
  say "error: $what failed three times; the whole log: ${log#"$ROOT"/}"
  return 1
}

# as_root COMMAND...: runs it as root, through sudo where that is needed and possible.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    sudo -- "$@"
  else
    say "error: this step needs root (or sudo): $*"
    return 1
  fi
}

# apt_install PACKAGE...: the packages of this Debian, without recommended ones.
apt_install() {
  have apt-get || { say "error: no apt-get here; please install $* by hand"; return 1; }
  retry "apt-get update" as_root apt-get -q -o DPkg::Lock::Timeout=300 update || return 1
  retry "apt-get install $*" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

# The engine that scripts/setup starts keeps its state in the tool folder. A socket's path may
# have about 100 bytes only, so a deep checkout gets a short folder for the run-time files.
docker_run_dir() {
  local dir=$TOOLS/docker/run
  if [ ${#dir} -gt 60 ]; then
    dir=/tmp/krm-parity-docker-$(printf '%s' "$TOOLS" | sha256sum | cut -c1-12)
  fi
  printf '%s\n' "$dir"
}

# docker_engine: selects a reachable engine (DOCKER_HOST) and the client that goes with it.
docker_engine() {
  [ -d "$TOOLS/docker/bin" ] && PATH=$TOOLS/docker/bin:$PATH
  have docker || return 1
  if docker_answers; then return 0; fi
  local socket
  socket=$(docker_run_dir)/docker.sock
  [ -S "$socket" ] || return 1
  DOCKER_HOST=unix://$socket docker_answers || return 1
  export DOCKER_HOST=unix://$socket
}

docker_answers() { timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# package_field NAME: a field of the package in Cargo.toml, or nothing.
package_field() { sed -n '/^\[package\]/,/^\[lib\]/ s/^'"$1"' *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml"; }

# What the binary is built from.
SOURCES=(Dockerfile .dockerignore Cargo.toml Cargo.lock README.md LICENSE ARCHITECTURE.md src benches)

# source_digest: of the names and contents of all that the binary is built from.
source_digest() {
  local sum=(sha256sum)
  have sha256sum || sum=(shasum -a 256)
  (cd "$ROOT" && find "${SOURCES[@]}" -type f -print0 | LC_ALL=C sort -z | xargs -0 "${sum[@]}" | "${sum[@]}" | cut -c1-16)
}

# copy_sources FOLDER: the tracked and the new files alone.
copy_sources() {
  mkdir -p "$1"
  git -C "$ROOT" ls-files -z --cached --others --exclude-standard | tar -C "$ROOT" -c --null -T - | tar -x -C "$1"
}

# host: the target of this machine.
host() { if have rustc; then rustc -vV | sed -n 's/^host: //p'; else printf '%s-unknown-linux-gnu\n' "$(uname -m)"; fi; }

# has_std TARGET: is the target's standard library there, or can it be had?
has_std() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ] && return 0
  have rustup || return 1
  timeout 180 rustup target add "$1" >/dev/null 2>&1
}

# linker_of TARGET: prints the linker that this machine needs for it; fails where it has none.
linker_of() {
  local host
  host=$(host)
  case $1 in
    "$host") ;;
    aarch64-unknown-linux-gnu) have aarch64-linux-gnu-gcc && echo aarch64-linux-gnu-gcc ;;
    x86_64-unknown-linux-gnu) have x86_64-linux-gnu-gcc && echo x86_64-linux-gnu-gcc ;;
    *-apple-darwin) case $host in *-apple-darwin) ;; *) return 1 ;; esac ;;
    *) return 1 ;;
  esac
}

# release_flags FOLDER TARGET: the compiler's flags of a release, which are those of the Dockerfile.
release_flags() {
  local paths="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$1=/krm-parity"
  case $2 in
    *-linux-gnu) printf '%s\n' "-C target-feature=+crt-static -C force-unwind-tables=no -C llvm-args=-inline-threshold=15 -C link-arg=-Wl,-z,pack-relative-relocs $paths" ;;
    *-windows-msvc) printf '%s\n' "-C target-feature=+crt-static $paths" ;;
    *) printf '%s\n' "$paths" ;;
  esac
}

# build_release FOLDER TARGET [LINKER]: the sources there, as the Dockerfile builds them.
build_release() {
  local upper
  upper=$(printf '%s' "$2" | tr 'a-z-' 'A-Z_')
  (
    cd "$1" || exit 1
    env ${3:+"CARGO_TARGET_${upper}_LINKER=$3"} CARGO_TARGET_DIR="$1/target" CARGO_INCREMENTAL=0 SOURCE_DATE_EPOCH=0 \
      RUSTFLAGS="$(release_flags "$1" "$2")" cargo build --quiet --release --locked --target "$2"
  )
}
