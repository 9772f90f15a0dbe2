# Sourced by the scripts beside it: saying something, Debian packages, finding a Python.
say() { printf '%s\n' "$*" >&2; }

debian_install() {
  command -v apt-get >/dev/null 2>&1 || { say "Perlu paket: $*. Pasang dengan pengelola paket sistem Anda."; exit 3; }
  local run=()
  [ "$(id -u)" = 0 ] || run=(sudo)
  say "Memasang paket Debian: $*"
  { "${run[@]}" apt-get update -qq || true; } >&2
  DEBIAN_FRONTEND=noninteractive "${run[@]}" apt-get install -y -qq --no-install-recommends "$@" >&2
}

find_python() {
  local name
  for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 || continue
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then echo "$name"; return; fi
  done
  debian_install python3 >&2
  echo python3
}
