# Sourced by the scripts beside it: makes .venv with everything that setup.cfg asks for, and says so.
# Needs Python >= 3.11; on Debian it installs python3-venv where it is missing.
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="$ROOT/.venv"
EXTRAS="${EXTRAS:-}"
# Hundreds of short processes would each compile all of this once more: a third of what they cost.
unset PYTHONDONTWRITEBYTECODE

. "$ROOT/scripts/_functions.sh"

make_venv() {
  local python; python="$(find_python)"
  if ! "$python" -m venv "$VENV" >/dev/null 2>&1; then
    rm -rf "$VENV"
    debian_install python3-venv
    "$python" -m venv "$VENV"
  fi
}

# The stamp holds what was installed for; it changes with setup.cfg, the interpreter and the extras.
stamp() { { cat "$ROOT/setup.cfg"; echo "$ROOT $EXTRAS"; "$VENV/bin/python" -V; } | sha256sum | cut -d' ' -f1; }

if [ ! -x "$VENV/bin/python" ]; then
  say "Menyiapkan lingkungan Python di .venv (sekali saja) ..."
  make_venv
fi
if [ "$(cat "$VENV/.stamp${EXTRAS:+-$EXTRAS}" 2>/dev/null || true)" != "$(stamp)" ]; then
  say "Memasang pustaka Python yang disebut setup.cfg ..."
  "$VENV/bin/python" -m pip install -q --disable-pip-version-check 'setuptools>=77' wheel >&2
  wheels="$(mktemp -d)"
  # Setuptools reads setup.cfg alone; an editable wheel points back at this checkout.
  (cd "$ROOT" && "$VENV/bin/python" -c 'import sys; from setuptools import build_meta; print(build_meta.build_editable(sys.argv[1]))' "$wheels" >/dev/null 2>"$wheels/log") || { cat "$wheels/log" >&2; exit 3; }
  wheel="$(ls "$wheels"/*.whl)"
  "$VENV/bin/python" -m pip install -q --disable-pip-version-check --force-reinstall --no-deps "$wheel" >&2
  "$VENV/bin/python" -m pip install -q --disable-pip-version-check "sipande${EXTRAS:+[$EXTRAS]} @ file://$wheel" >&2
  rm -rf "$wheels" "$ROOT/build"
  stamp > "$VENV/.stamp${EXTRAS:+-$EXTRAS}"
fi
