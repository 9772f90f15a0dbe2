# Sourced by install-node and install-hub, which say what is installed: SIDE (desa or hub), PROGRAM, PORT_DEFAULT.
# Layout: /opt/sipande/<version>/ holds a whole virtual environment, /opt/sipande/kini points at the one in use;
# data in /var/lib/sipande-<side>, backups in /var/backups/sipande-<side>, settings in /etc/sipande/<side>.env.
# Running it again upgrades: the new version is made beside the old one, a backup is taken, then the switch.
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
. "$ROOT/scripts/_functions.sh"
umask 022

usage() {
  cat >&2 <<TEXT
Pemakaian: sudo scripts/$(basename "$0") [PILIHAN]
$USAGE_SIDE
  --host ALAMAT       alamat untuk didengarkan (biasa 0.0.0.0: seluruh jaringan kantor)
  --port NOMOR        nomor port (biasa $PORT_DEFAULT)
  --wheelhouse DIR    pasang tanpa internet dari folder berkas .whl
  --tanpa-cadangan    jangan membuat cadangan sebelum memperbarui
  --uninstall         hapus programnya; data dan cadangan tetap
  --prefix DIR        pasang semuanya di bawah folder ini (untuk mencoba)
  --no-systemd        tanpa layanan dan tanpa akun sistem (untuk mencoba)
  --pustaka DIR       pakai pustaka Python yang sudah ada di folder site-packages ini (untuk mencoba)
TEXT
  exit 2
}

PREFIX="" HOST="" PORT="" PROKSI="" WHEELHOUSE="" PUSTAKA="" KODE="" NAMA=""
SYSTEMD=1 BACKUP=1 UNINSTALL=0
while [ $# -gt 0 ]; do
  case "$1" in
    --no-systemd) SYSTEMD=0 ;;
    --tanpa-cadangan) BACKUP=0 ;;
    --uninstall) UNINSTALL=1 ;;
    --prefix|--host|--port|--proksi|--wheelhouse|--pustaka|--desa|--kecamatan|--nama)
      [ $# -ge 2 ] || usage
      case "$1" in
        --prefix) mkdir -p "$2"; PREFIX="$(cd "$2" && pwd)" ;;
        --host) HOST="$2" ;;
        --port) PORT="$2" ;;
        --proksi) [ "$SIDE" = hub ] || usage; PROKSI="$2" ;;
        --wheelhouse) WHEELHOUSE="$(cd "$2" && pwd)" ;;
        --pustaka) PUSTAKA="$(cd "$2" && pwd)" ;;
        --desa) [ "$SIDE" = desa ] || usage; KODE="$2" ;;
        --kecamatan) [ "$SIDE" = hub ] || usage; KODE="$2" ;;
        --nama) [ "$SIDE" = desa ] || usage; NAMA="$2" ;;
      esac
      shift ;;
    *) usage ;;
  esac
  shift
done
[ "$SIDE" = hub ] || [ -z "$KODE" ] || [ -n "$NAMA" ] || { say "Tambahkan --nama, misalnya --nama 'PC Pelayanan'."; exit 2; }
if [ "$SYSTEMD" = 1 ] && [ "$(id -u)" != 0 ]; then say "Jalankan sebagai root: sudo scripts/$(basename "$0")"; exit 3; fi
if [ "$SYSTEMD" = 1 ] && [ -n "$PREFIX" ]; then say "--prefix hanya bersama --no-systemd."; exit 2; fi

NAME="sipande-$SIDE"
OPT="$PREFIX/opt/sipande"
NOW="$OPT/kini"
DATA="$PREFIX/var/lib/$NAME"
BACKUPS="$PREFIX/var/backups/$NAME"
ENV_FILE="$PREFIX/etc/sipande/$SIDE.env"
UNITS="$PREFIX/etc/systemd/system"
COMMAND="$PREFIX/usr/local/bin/$PROGRAM"

as_owner() {
  if [ "$SYSTEMD" = 1 ]; then (cd / && runuser -u "$NAME" -- "$@"); else "$@"; fi
}

remove() {
  if [ "$SYSTEMD" = 1 ]; then
    systemctl disable --now "$NAME.service" "$NAME-cadangan.timer" 2>/dev/null || true
  fi
  rm -f "$UNITS/$NAME.service" "$UNITS/$NAME-cadangan.service" "$UNITS/$NAME-cadangan.timer" "$COMMAND"
  [ "$SYSTEMD" = 0 ] || systemctl daemon-reload
  if ! ls "$UNITS"/sipande-*.service >/dev/null 2>&1; then rm -rf "$OPT"; fi
  say "Program dihapus. Data tetap di $DATA, cadangan di $BACKUPS."
}
if [ "$UNINSTALL" = 1 ]; then remove; exit 0; fi

# What is installed is told by what is in it: the same source and the same Python make the same version.
version_of_source() {
  (cd "$ROOT" && {
    find setup.cfg README.md LICENSE shared node hub -type f ! -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum
    "$PYTHON_FOUND" -V
    echo "$PUSTAKA"
  } | sha256sum | cut -c1-12)
}

build_wheel() {
  # In a copy: the checkout may belong to somebody else, and building leaves folders behind.
  local source="$SCRATCH/source"
  mkdir -p "$source" "$SCRATCH/wheel"
  (cd "$ROOT" && tar -cf - --exclude=__pycache__ setup.cfg README.md LICENSE shared node hub) | tar -xf - -C "$source"
  (cd "$source" && PYTHONPATH="$PUSTAKA" "$1" -c \
    'import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])' "$SCRATCH/wheel") \
    >"$SCRATCH/log" 2>&1 || { cat "$SCRATCH/log" >&2; exit 3; }
  ls "$SCRATCH"/wheel/*.whl
}

install_libraries() {
  local target="$1"; shift
  "$target/bin/python" -m pip install -q --disable-pip-version-check "$@" >&2 || {
    say "Pustaka tidak dapat dipasang; yang lama tidak diubah. Periksa internetnya, lalu ulangi. Dengan --wheelhouse:"
    say "buat folder itu di komputer yang Python-nya sama versinya, yaitu $("$PYTHON_FOUND" -V)."
    exit 3
  }
}

make_version() {
  local target="$OPT/$VERSION" pip=() wheel
  [ ! -e "$target/.lengkap" ] || return 0
  say "Memasang Sipande ke $target ..."
  rm -rf "$target"
  mkdir -p "$OPT"
  if [ -n "$PUSTAKA" ]; then
    "$PYTHON_FOUND" -m venv --without-pip "$target"
    echo "$PUSTAKA" > "$("$target/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/pustaka.pth"
    wheel="$(build_wheel "$PYTHON_FOUND")"
    PYTHONPATH="$PUSTAKA" "$target/bin/python" -m pip install -q --disable-pip-version-check --no-deps --no-index \
      --ignore-installed "$wheel" >&2
  else
    if ! "$PYTHON_FOUND" -m venv "$target" >/dev/null 2>&1; then
      rm -rf "$target"
      debian_install python3-venv
      "$PYTHON_FOUND" -m venv "$target"
    fi
    [ -z "$WHEELHOUSE" ] || pip=(--no-index --find-links "$WHEELHOUSE")
    install_libraries "$target" "${pip[@]}" 'setuptools>=77' wheel
    wheel="$(build_wheel "$target/bin/python")"
    install_libraries "$target" "${pip[@]}" "$wheel"
  fi
  # As the account that will run it: root may have a Python that nobody else can reach.
  as_owner "$target/bin/$PROGRAM" --help >/dev/null || {
    say "Akun $NAME tidak dapat menjalankan $PYTHON_FOUND. Pakai Python dari Debian: sudo PYTHON=/usr/bin/python3 $0"
    exit 3
  }
  touch "$target/.lengkap"
}

back_up_before() {
  [ "$BACKUP" = 1 ] && [ -e "$NOW" ] && [ "$(readlink "$NOW")" != "$VERSION" ] || return 0
  # Both sides of a machine run on the one version that is in use, so both are about to change.
  local side program
  for side in desa hub; do
    program="$NOW/bin/sipande-$([ "$side" = hub ] && echo hub || echo node)"
    [ -e "$PREFIX/var/lib/sipande-$side/data.sqlite" ] || continue
    say "Membuat cadangan sebelum memperbarui ..."
    NAME="sipande-$side" as_owner "$program" --data "$PREFIX/var/lib/sipande-$side" \
      cadangan "$PREFIX/var/backups/sipande-$side" >&2 || {
      say "Cadangan gagal, jadi tidak diperbarui; versi lama tetap berjalan. --tanpa-cadangan melewatinya."
      exit 3
    }
  done
}

switch_version() {
  ln -sfn "$VERSION" "$OPT/kini.baru"
  mv -T "$OPT/kini.baru" "$NOW"
  # The version before stays, for going back by hand; older ones go.
  local old
  for old in $(ls -1t "$OPT" | grep -v '^kini' | tail -n +3); do
    [ "$old" = "$VERSION" ] || rm -rf "${OPT:?}/$old"
  done
}

make_owner() {
  [ "$SYSTEMD" = 1 ] || return 0
  getent passwd "$NAME" >/dev/null || useradd --system --user-group --home-dir "$DATA" --no-create-home \
    --shell /usr/sbin/nologin "$NAME"
}

make_folders() {
  local owner=()
  [ "$SYSTEMD" = 0 ] || owner=(-o "$NAME" -g "$NAME")
  mkdir -p "$(dirname "$DATA")" "$(dirname "$BACKUPS")" "$(dirname "$ENV_FILE")" "$UNITS" "$(dirname "$COMMAND")"
  install -d -m 0700 "${owner[@]}" "$DATA" "$BACKUPS"
}

write_settings() {
  # What was chosen before stays, unless it is chosen anew.
  local SIPANDE_HOST="" SIPANDE_PORT="" SIPANDE_PILIHAN=""
  [ ! -e "$ENV_FILE" ] || . "$ENV_FILE"
  if [ -n "$PROKSI" ]; then SIPANDE_PILIHAN="--proksi $PROKSI" HOST="${HOST:-127.0.0.1}"; fi
  SIPANDE_HOST="${HOST:-${SIPANDE_HOST:-0.0.0.0}}" SIPANDE_PORT="${PORT:-${SIPANDE_PORT:-$PORT_DEFAULT}}"
  cat > "$ENV_FILE" <<TEXT
# Setelan layanan $NAME. Sesudah mengubahnya: systemctl restart $NAME
SIPANDE_HOST="$SIPANDE_HOST"
SIPANDE_PORT="$SIPANDE_PORT"
SIPANDE_PILIHAN="$SIPANDE_PILIHAN"
TEXT
}

hardening() {
  cat <<TEXT
User=$NAME
Group=$NAME
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ReadWritePaths=$DATA $BACKUPS
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
TEXT
}

write_units() {
  # network.target orders the shutdown alone: the program starts without any network, and a failed start for
  # something a person must mend (exit 2: the settings, 6: damage) is not tried for ever.
  # Both sides make backups from their pages too; only these folders may be written.
  local options=" --cadangan $BACKUPS"
  cat > "$UNITS/$NAME.service" <<TEXT
[Unit]
Description=$DESCRIPTION
After=network.target

[Service]
Type=exec
EnvironmentFile=$ENV_FILE
Environment=PYTHONUNBUFFERED=1
ExecStart=$NOW/bin/$PROGRAM --data $DATA serve --host \${SIPANDE_HOST} --port \${SIPANDE_PORT}$options \$SIPANDE_PILIHAN
WorkingDirectory=$DATA
Restart=on-failure
RestartSec=2
RestartPreventExitStatus=2 6
TimeoutStopSec=10
$(hardening)
# Where sticks are mounted.
ReadWritePaths=-/media -/run/media -/mnt

[Install]
WantedBy=multi-user.target
TEXT
  cat > "$UNITS/$NAME-cadangan.service" <<TEXT
[Unit]
Description=Cadangan harian $NAME
ConditionPathExists=$DATA/data.sqlite

[Service]
Type=oneshot
ExecStart=$NOW/bin/$PROGRAM --data $DATA cadangan $BACKUPS --simpan 14
Nice=10
IOSchedulingClass=idle
$(hardening)
TEXT
  # At noon and not at night, when an office is dark; missed ones are made up for at the next start.
  cat > "$UNITS/$NAME-cadangan.timer" <<TEXT
[Unit]
Description=Cadangan harian $NAME

[Timer]
OnCalendar=*-*-* 12:00
RandomizedDelaySec=15min
Persistent=yes

[Install]
WantedBy=timers.target
TEXT
}

write_command() {
  cat > "$COMMAND" <<TEXT
#!/bin/sh
# Menjalankan $PROGRAM atas data komputer ini, sebagai akun yang memilikinya.
program="$NOW/bin/$PROGRAM"
TEXT
  if [ "$SYSTEMD" = 1 ]; then
    cat >> "$COMMAND" <<TEXT
if [ "\$(id -un)" != $NAME ]; then
  [ "\$(id -u)" = 0 ] || exec sudo "\$0" "\$@"
  exec runuser -u $NAME -- "\$program" --data "$DATA" "\$@"
fi
TEXT
  fi
  echo "exec \"\$program\" --data \"$DATA\" \"\$@\"" >> "$COMMAND"
  chmod 0755 "$COMMAND"
}

init_data() {
  [ -n "$KODE" ] || return 0
  if [ -e "$DATA/data.sqlite" ]; then say "Data sudah ada; kode wilayah tidak diubah."; return 0; fi
  # While its first pages wait for answers, the program has the folder to itself.
  [ "$SYSTEMD" = 0 ] || systemctl stop -q "$NAME.service" 2>/dev/null || true
  if [ "$SIDE" = hub ]; then
    as_owner "$NOW/bin/$PROGRAM" --data "$DATA" init --kecamatan "$KODE"
  else
    as_owner "$NOW/bin/$PROGRAM" --data "$DATA" init --desa "$KODE" --nama "$NAMA" >&2
  fi
}

start_service() {
  systemctl daemon-reload
  systemctl enable -q "$NAME.service" "$NAME-cadangan.timer"
  systemctl restart "$NAME-cadangan.timer"
  local since; since="$(date '+%Y-%m-%d %H:%M:%S')"
  systemctl restart "$NAME.service"
  # The other side on the same machine runs on the version before; its files go with the version after next.
  local other
  for other in sipande-desa sipande-hub; do
    [ "$other" = "$NAME" ] || ! systemctl -q is-active "$other.service" || systemctl restart "$other.service"
  done
  local said=""
  for _ in $(seq 50); do
    # The journal also holds the code that the first page asks for; it comes right after the address.
    said="$(journalctl -u "$NAME.service" --since "$since" -o cat --no-pager 2>/dev/null | grep -E 'berjalan di|kode:' || true)"
    [ -z "$said" ] || break
    sleep 0.2
  done
  sleep 0.3
  journalctl -u "$NAME.service" --since "$since" -o cat --no-pager 2>/dev/null | grep -E 'berjalan di|kode:' >&2 || true
  systemctl -q is-active "$NAME.service" || {
    say "Layanan belum berjalan. Sebabnya: journalctl -u $NAME -n 20"
    exit 3
  }
}

show_address() {
  . "$ENV_FILE"
  say ""
  case "$SIPANDE_HOST" in
    0.0.0.0|127.0.0.1|localhost) say "Di komputer ini: http://127.0.0.1:$SIPANDE_PORT" ;;
  esac
  local office='import sys; from shared.web.lan import draw_qr_text, make_office_url
url = make_office_url(sys.argv[1], int(sys.argv[2]))
if url: print("Dari HP atau komputer lain:", url, draw_qr_text(url), sep="\n")'
  (cd / && "$NOW/bin/python" -c "$office" "$SIPANDE_HOST" "$SIPANDE_PORT") >&2 || true
}

# Of Debian, whatever root itself has: the service account must be able to run it.
[ "$SYSTEMD" = 0 ] || [ ! -x /usr/bin/python3 ] || PYTHON="${PYTHON:-/usr/bin/python3}"
PYTHON_FOUND="$(find_python)"
SCRATCH="$(mktemp -d)"
trap 'rm -rf "$SCRATCH"' EXIT
VERSION="$(version_of_source)"
make_owner
make_folders
make_version
back_up_before
switch_version
write_settings
write_units
write_command
init_data
if [ "$SYSTEMD" = 1 ]; then
  start_service
  show_address
else
  say "Terpasang. Jalankan: $COMMAND serve"
fi
