"""The command ``sipande-kabupaten``: register hubs, pull from them, see what is there."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import click

from hub.kabupaten.audit import audit_hub
from hub.kabupaten.current import count_current
from hub.kabupaten.keys import follow_keys
from hub.kabupaten.lake import HubEntry, Lake
from hub.kabupaten.pull import pull_hub
from hub.kabupaten.transport import HttpTransport, Transport, check_address
from hub.kabupaten.witness import WitnessTransport, open_witness, verifier_of, witness_hub
from shared.changelog.checkpoint import Signer, format_vkey
from shared.changelog.keys import fingerprint
from shared.cli import EPILOG, explain_error, run_cli
from shared.clock import Clock, SystemClock, format_time, system_random
from shared.errors import DamageError, ProtocolError, SipandeError, UserError
from shared.help import Group

DEFAULT_FOLDER = "data-kabupaten"


@click.group(
    cls=Group, epilog=EPILOG,
    help="Menarik yang berubah dari hub kecamatan, memeriksa tanda tangannya, lalu menyimpannya.",
)
@click.option(
    "--data", "path", type=click.Path(path_type=Path, file_okay=False), default=DEFAULT_FOLDER,
    show_default=True, metavar="FOLDER", help="Folder data kabupaten.",
)
@click.pass_context
def cli(context: click.Context, path: Path) -> None:
    context.obj = path


@cli.command("tambah-hub", help="Mendaftarkan hub kecamatan; token '-' dibaca dari masukan standar.")
@click.argument("alamat", metavar="ALAMAT")
@click.option("--kunci", "vkey", required=True, metavar="VKEY", help="Baris vkey ekspor dari kecamatan.")
@click.option("--token", required=True, metavar="TOKEN", help="Token pembaca dari kecamatan.")
@click.option("--ganti", is_flag=True, help="Mengganti alamat, kunci, atau token hub yang sudah terdaftar.")
@click.pass_obj
def add_hub(path: Path, alamat: str, vkey: str, token: str, ganti: bool) -> None:
    address = check_address(alamat)
    # Other users of a machine can read a command line.
    secret = sys.stdin.readline() if token == "-" else token
    lake = Lake(path)
    with lake.held():
        entry = lake.add_hub(address, vkey, secret.strip(), is_change=ganti)
    _print({"hub": entry.code, "alamat": entry.address})


@cli.command("ganti-token", help="Memberi hub terdaftar token baru; kuncinya tetap, dan penggantinya diikuti sendiri.")
@click.argument("code", metavar="KODE")
@click.option("--token", required=True, metavar="TOKEN", help="Token baru; '-' dibaca dari masukan standar.")
@click.option("--alamat", default="", metavar="ALAMAT", help="Alamat baru, bila berubah.")
@click.pass_obj
def renew_hub(path: Path, code: str, token: str, alamat: str) -> None:
    address = check_address(alamat) if alamat else ""
    secret = sys.stdin.readline() if token == "-" else token
    lake = Lake(path)
    with lake.held():
        (old,) = _choose_hubs(lake, code)
        entry = lake.renew_hub(old, address, secret.strip())
    _print({"hub": entry.code, "alamat": entry.address})


@cli.command(help="Menarik yang berubah dari semua hub, atau dari satu hub; satu baris JSON per hub.")
@click.option("--hub", "code", metavar="KODE", help="Kode kecamatan, misalnya 33.03.04.")
@click.option("--alasan", default="", metavar="TEKS", help="Minta data beridentitas; alasannya dicatat.")
@click.pass_obj
def pull(path: Path, code: str | None, alasan: str) -> None:
    lake = Lake(path)
    with lake.held():
        hubs = _choose_hubs(lake, code)
        pull_all(lake, hubs, HttpTransport(), SystemClock(), alasan.strip(), open_witness(lake, system_random))


@cli.command(help="Menampilkan hub yang terdaftar dan jumlah datanya; satu baris JSON per hub.")
@click.pass_obj
def status(path: Path) -> None:
    lake = Lake(path)
    # Under the lock, because a pull that ends meanwhile may remove lines that it has replaced.
    with lake.held():
        for hub in _choose_hubs(lake, None):
            _print(_describe_hub(lake, hub))


@cli.command(help="Menampilkan kunci saksi kabupaten ini: sidik jari untuk dibacakan, vkey untuk kecamatan.")
@click.pass_obj
def saksi(path: Path) -> None:
    lake = Lake(path)
    with lake.held():
        signer = open_witness(lake, system_random)
    _print({"sidik_jari": fingerprint(signer.key.public), "vkey": format_vkey(verifier_of(signer))})


_FOLLOWED = (
    "kecamatan berganti kunci dengan surat penggantian yang sah; kunci baru ({}) sekarang terdaftar di sini."
)


@cli.command(help="Memeriksa lagi semua yang pernah ditarik dan disaksikan; satu baris JSON per hub.")
@click.option("--hub", "code", metavar="KODE", help="Kode kecamatan, misalnya 33.03.04.")
@click.pass_obj
def periksa(path: Path, code: str | None) -> None:
    lake = Lake(path)
    with lake.held():
        hubs = _choose_hubs(lake, code)
        witness = verifier_of(open_witness(lake, system_random))
        found = {hub.code: audit_hub(lake, hub, witness) for hub in hubs}
    for hub, problems in found.items():
        _print({"hub": hub, "baik": not problems, "masalah": problems})
    if any(found.values()):
        raise DamageError("periksa")


class BothWays(Transport, WitnessTransport, Protocol):
    """What a pull needs of the wire: to fetch data, and to hand over cosignatures."""


def pull_all(
    lake: Lake, hubs: Sequence[HubEntry], transport: BothWays, clock: Clock, alasan: str = "",
    signer: Signer | None = None,
) -> None:
    """Pull from every hub, one after the other; a hub in trouble does not hold up the rest.

    A hub's key of today is followed first. With ``signer`` the logs of each hub are witnessed then: from a hub
    that contradicts itself nothing is taken.

    Prints a line of JSON per hub. Raises the gravest error at the end (something not believed before anything
    else), the others are told on stderr.
    """
    errors: list[SipandeError] = []
    for hub in hubs:
        try:
            pinned, hub = hub, follow_keys(lake, hub, transport, clock)
            if hub.verifier != pinned.verifier:
                click.echo(f"{hub.code}: {_FOLLOWED.format(fingerprint(hub.verifier.public))}", err=True)
            witnessed = None if signer is None else witness_hub(lake, hub, signer, transport, clock)
            report = pull_hub(lake, hub, transport, clock, alasan=alasan)
            _print(report.message() | ({} if witnessed is None else {"saksi": witnessed.message()}))
        except SipandeError as error:
            errors.append(error)
            _print({"hub": hub.code, "terverifikasi": False, "kode_keluar": error.exit_code})
            if len(hubs) > 1:
                click.echo(f"{hub.code}: {explain_error(error)}", err=True)
    if len(errors) == 1 and len(hubs) == 1:
        raise errors[0]
    if errors:
        raise _Several(max(errors, key=_gravity).exit_code, len(errors))


def _describe_hub(lake: Lake, hub: HubEntry) -> dict[str, Any]:
    state = lake.read_state(hub.code)
    counts = count_current(lake, hub)
    return {
        "hub": hub.code, "alamat": hub.address, "kiriman": state.last, "cursor": state.cursor,
        "waktu_hub": format_time(state.time_s or None), "identitas": state.is_identified,
        "baris": sum(sum(desa.values()) for desa in counts.values()), "jumlah": counts,
    }


class _Several(UserError):
    """Some of several hubs failed; each has been told already."""

    def __init__(self, exit_code: int, count: int) -> None:
        super().__init__(
            f"{count} kecamatan belum tertarik; yang lain sudah. Sebabnya tertulis di atas.", "sebagian"
        )
        self.exit_code = exit_code


def _gravity(error: SipandeError) -> tuple[bool, int]:
    return error.exit_code in (ProtocolError.exit_code, DamageError.exit_code), error.exit_code


def _choose_hubs(lake: Lake, code: str | None) -> list[HubEntry]:
    hubs = [hub for hub in lake.list_hubs() if code is None or hub.code == code]
    if not hubs:
        raise UserError(
            "Belum ada hub kecamatan dengan kode itu. Daftarkan dengan: sipande-kabupaten tambah-hub"
            if code else "Belum ada hub kecamatan. Daftarkan dengan: sipande-kabupaten tambah-hub",
            "hub_tidak_ada",
        )
    return hubs


def _print(content: dict[str, Any]) -> None:
    click.echo(json.dumps(content, ensure_ascii=False))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 0, or that of the error that was told in one sentence."""
    return run_cli(cli, arguments, name="sipande-kabupaten")
