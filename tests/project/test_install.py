"""The installers, run into a folder with the libraries that are here: what they make starts, upgrades and goes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DESA, KECAMATAN = "33.03.04.2006", "33.03.04"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the installers are for Debian")


def install(script: str, prefix: Path, *options: str, fails: bool = False) -> subprocess.CompletedProcess[str]:
    """Run an installer without touching this machine or any network."""
    done = subprocess.run(
        [ROOT / "scripts" / script, "--prefix", prefix, "--no-systemd", "--pustaka", sysconfig.get_path("purelib"),
         *options],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHON": sys.executable},
    )
    assert (done.returncode != 0) is fails, done.stderr
    return done


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine with both sides on it."""
    made = tmp_path_factory.mktemp("mesin") / "akar"
    install("install-node", made, "--desa", DESA, "--nama", "PC Uji", "--port", "8611")
    install("install-hub", made, "--kecamatan", KECAMATAN, "--proksi", "127.0.0.1")
    return made


def run(prefix: Path, program: str, *args: str) -> dict[str, Any]:
    done = subprocess.run(
        [prefix / "usr/local/bin" / program, *args], capture_output=True, text=True, check=True, cwd="/"
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@contextmanager
def served(prefix: Path, program: str) -> Iterator[str]:
    """Run what was installed; give its address."""
    with subprocess.Popen(
        [prefix / "usr/local/bin" / program, "serve", "--port", "0"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, cwd="/", env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip().rsplit(" ", 1)[-1]
        finally:
            process.terminate()
            process.wait(timeout=20)


def test_what_was_installed_runs_from_its_own_folder_and_serves_pages(prefix: Path) -> None:
    python = prefix / "opt/sipande/kini/bin/python"
    found = subprocess.run(
        [python, "-c", "import node.app, hub.app; print(node.app.__file__)"],
        capture_output=True, text=True, check=True, cwd="/",
        # A path to the checkout would hide what was installed.
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert found.stdout.startswith(str(prefix / "opt/sipande"))
    for program in ("sipande-node", "sipande-hub"):
        with served(prefix, program) as address:
            with urlopen(f"{address}/mulai", timeout=20) as answer:
                page = answer.read().decode()
            style = re.search(r'href="(/aset/[^"]+\.css[^"]*)"', page)
            assert style is not None
            with urlopen(address + style[1].replace("&amp;", "&"), timeout=20) as answer:
                assert answer.headers["Content-Type"].startswith("text/css")


def test_the_daily_backup_works_beside_the_running_program(prefix: Path) -> None:
    folder = prefix / "var/backups/sipande-hub"
    unit = (prefix / "etc/systemd/system/sipande-hub-cadangan.service").read_text(encoding="utf-8")
    assert re.search(rf"ExecStart=\S+/sipande-hub --data \S+ cadangan {folder} --simpan 14\n", unit)
    with served(prefix, "sipande-hub"):
        made = run(prefix, "sipande-hub", "cadangan", str(folder), "--simpan", "14")
    assert Path(made["berkas"]).parent == folder and Path(made["berkas"]).stat().st_size == made["byte"]
    assert run(prefix, "sipande-hub", "status")["cadangan_terakhir"]


def test_the_office_makes_its_backups_where_the_timer_makes_them(prefix: Path) -> None:
    units = prefix / "etc/systemd/system"
    folder = prefix / "var/backups/sipande-desa"
    start = re.search(r"ExecStart=(.*)", (units / "sipande-desa.service").read_text(encoding="utf-8"))
    assert start and f" --cadangan {folder} " in start[1]
    assert f"cadangan {folder} " in (units / "sipande-desa-cadangan.service").read_text(encoding="utf-8")
    hub_folder = prefix / "var/backups/sipande-hub"
    assert f" --cadangan {hub_folder} " in (units / "sipande-hub.service").read_text(encoding="utf-8")


def test_a_unit_never_waits_for_a_network_and_may_write_its_own_folders_alone(prefix: Path) -> None:
    for side in ("desa", "hub"):
        unit = (prefix / f"etc/systemd/system/sipande-{side}.service").read_text(encoding="utf-8")
        lines = set(unit.splitlines())
        assert {"After=network.target", "Restart=on-failure", "ProtectSystem=strict", "NoNewPrivileges=yes",
                f"User=sipande-{side}"} <= lines
        assert "network-online" not in unit and "Requires=" not in unit
        assert {line for line in lines if line.startswith("ReadWritePaths=")} == {
            f"ReadWritePaths={prefix}/var/lib/sipande-{side} {prefix}/var/backups/sipande-{side}",
            "ReadWritePaths=-/media -/run/media -/mnt",
        }


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_finds_nothing_wrong_with_the_units(prefix: Path) -> None:
    units = sorted((prefix / "etc/systemd/system").iterdir())
    assert len(units) == 6
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_settings_and_data_stay_when_it_is_run_again(prefix: Path) -> None:
    env = prefix / "etc/sipande/desa.env"
    before = env.read_text(encoding="utf-8")
    version = os.readlink(prefix / "opt/sipande/kini")
    assert 'SIPANDE_PORT="8611"' in before and 'SIPANDE_HOST="0.0.0.0"' in before
    install("install-node", prefix, "--desa", "33.03.04.2007", "--nama", "Lain")
    assert env.read_text(encoding="utf-8") == before
    assert os.readlink(prefix / "opt/sipande/kini") == version
    assert run(prefix, "sipande-node", "status")["desa"] == DESA
    hub = (prefix / "etc/sipande/hub.env").read_text(encoding="utf-8")
    assert 'SIPANDE_PILIHAN="--proksi 127.0.0.1"' in hub and 'SIPANDE_HOST="127.0.0.1"' in hub


def test_an_upgrade_backs_up_first(prefix: Path) -> None:
    opt, folder = prefix / "opt/sipande", prefix / "var/backups/sipande-desa"
    other = prefix / "var/backups/sipande-hub"
    version = os.readlink(opt / "kini")
    (opt / version).rename(opt / "versi-lama")
    # A virtual environment knows its own place: the old name leads there still.
    (opt / version).symlink_to("versi-lama")
    (opt / "kini").unlink()
    (opt / "kini").symlink_to("versi-lama")
    (opt / "versi-lama" / ".lengkap").unlink()
    before = {path for kept in (folder, other) for path in kept.iterdir()}
    done = install("install-node", prefix)
    assert "cadangan sebelum memperbarui" in done.stderr
    # The hub of this machine runs on the same version, so it is about to change too.
    new = {path for kept in (folder, other) for path in kept.iterdir()} - before
    assert sorted(path.parent.name for path in new) == ["sipande-desa", "sipande-hub"]
    assert os.readlink(opt / "kini") == version


def test_wrong_options_change_nothing(tmp_path: Path) -> None:
    assert install("install-node", tmp_path / "a", "--kecamatan", KECAMATAN, fails=True).returncode == 2
    assert install("install-node", tmp_path / "a", "--desa", DESA, fails=True).returncode == 2
    assert install("install-hub", tmp_path / "a", "--desa", DESA, fails=True).returncode == 2
    assert not (tmp_path / "a" / "opt").exists()


def test_uninstalling_keeps_the_data(prefix: Path) -> None:
    install("install-node", prefix, "--uninstall")
    assert not (prefix / "usr/local/bin/sipande-node").exists()
    assert (prefix / "opt/sipande/kini").exists()
    install("install-hub", prefix, "--uninstall")
    assert not (prefix / "opt/sipande").exists()
    assert not list((prefix / "etc/systemd/system").iterdir())
    for side in ("desa", "hub"):
        assert (prefix / f"var/lib/sipande-{side}/data.sqlite").exists()
        assert (prefix / f"var/lib/sipande-{side}/kunci/kunci.json").exists()
