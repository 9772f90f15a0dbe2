"""The kabupaten's folder: which hubs there are, and what each has delivered; all of a delivery or nothing.

::

    hubs.json                     per hub: address, pinned verifier key, earlier keys, recovery key
    33.03.04/token                the token, readable by its owner alone
    33.03.04/state.json           cursor, heads of the hub's logs, number of the last delivery
    33.03.04/000001.jsonl         the lines of one delivery, byte for byte
    33.03.04/000001.manifest      the signed note about them

A delivery counts once ``state.json`` names it; files beyond that are left-overs of a broken-off pull and
are overwritten by the next. An empty state is there before the first delivery is: one that is gone was lost.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from hub.kabupaten.check import Known
from hub.kabupaten.manifest import Manifest, decode_hash, encode_hash, find_hub
from shared.changelog.checkpoint import (
    Checkpoint,
    NoteError,
    SignatureType,
    Verifier,
    format_vkey,
    parse_vkey,
)
from shared.errors import DamageError, EnvironmentProblem, UserError
from shared.store.connection import sync_folder
from shared.store.folder import DataFolder

TOKEN_CHARACTERS_MAX = 200


class FileGone(DamageError):
    """A file of a hub is gone that was there when its deliveries were stored; what it knew cannot be made anew."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name} is gone")
        self.pesan = (
            f"{path.name} hilang, padahal sudah ada kiriman dari kecamatan itu, jadi tidak ada yang diambil atau"
            f" disaksikan. Kembalikan berkas {path} dari cadangan folder ini. Bila tidak ada, tarik semuanya lagi di"
            " folder baru, dan minta kecamatan melupakan kunci saksi yang lama."
        )


@dataclass(frozen=True)
class HubEntry:
    """One hub as the operator registered it; deliveries are believed under ``verifier`` alone."""

    code: str
    address: str
    verifier: Verifier
    earlier: tuple[Verifier, ...] = ()
    """Keys that this hub had before; what they signed stays readable."""
    pemulihan: str = ""
    """Its recovery key in hex, told under a pinned key; empty until it was."""


@dataclass(frozen=True)
class HubState:
    """What has been taken from one hub: deliveries ``first`` to ``last`` make up its rows now."""

    first: int = 1
    last: int = 0
    cursor: str = ""
    time_s: int = 0
    is_identified: bool = False
    heads: dict[str, Checkpoint] = field(default_factory=dict)

    @property
    def known(self) -> Known:
        """Give what the next delivery is compared with."""
        return Known(self.cursor, self.time_s, self.heads)

    def advance(self, manifest: Manifest) -> HubState:
        """Give the state once a delivery is stored."""
        last = self.last + 1
        return replace(
            self, first=last if manifest.is_full else self.first, last=last, cursor=manifest.cursor_to,
            time_s=manifest.time_s, is_identified=manifest.is_identified,
            heads={head.origin: head for head in manifest.heads},
        )


class Lake:
    """Reads and writes the folder; make this process its only user with :meth:`held` or :meth:`lock`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = DataFolder(path)

    def lock(self) -> None:
        """Make the folder if need be and take it for this process; EnvironmentProblem when that fails."""
        with explained():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_ours = self._folder.lock()
        if not is_ours:
            raise EnvironmentProblem(
                "Folder data kabupaten sedang dipakai perintah lain. Tunggu sampai selesai, lalu ulangi.",
                "folder_terkunci",
            )

    def unlock(self) -> None:
        self._folder.unlock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the folder for this process while a block runs; raises what :meth:`lock` does."""
        self.lock()
        try:
            yield
        finally:
            self.unlock()

    def add_hub(self, address: str, vkey: str, token: str, *, is_change: bool = False) -> HubEntry:
        """Register a hub, or with ``is_change`` give a known one another address, key or token.

        Raises UserError when key or token cannot be used, or the hub is known and no change was meant.
        """
        verifier = _read_verifier(vkey)
        code = find_hub(verifier.name) or ""
        _check_token(token)
        hubs = {entry.code: entry for entry in self.list_hubs()}
        old = hubs.get(code)
        if old is not None and not is_change:
            raise UserError(
                f"Kecamatan {code} sudah terdaftar. Tambahkan --ganti bila alamat, kunci, atau tokennya"
                " berubah.",
                "hub_sudah_ada",
            )
        earlier = () if old is None else tuple(k for k in (*old.earlier, old.verifier) if k != verifier)
        entry = HubEntry(code, address, verifier, earlier, "" if old is None else old.pemulihan)
        self._write_token(code, token)
        return self.replace_hub(entry)

    def renew_hub(self, old: HubEntry, address: str, token: str) -> HubEntry:
        """Give a hub another token or address and leave its pinned key; UserError for a token that is none."""
        _check_token(token)
        self._write_token(old.code, token)
        return self.replace_hub(replace(old, address=address or old.address))

    def _write_token(self, code: str, token: str) -> None:
        with explained():
            self._folder_of(code).mkdir(mode=0o700, exist_ok=True)
            write_file(self._folder_of(code) / "token", token.encode())

    def replace_hub(self, entry: HubEntry) -> HubEntry:
        """Put an entry in the place of the hub's present one, durable on return; give it."""
        hubs = {known.code: known for known in self.list_hubs()} | {entry.code: entry}
        with explained():
            write_file(self.path / "hubs.json", encode_json({c: _dump_hub(e) for c, e in sorted(hubs.items())}))
        return entry

    def list_hubs(self) -> list[HubEntry]:
        """List the registered hubs by code."""
        content = read_json(self.path / "hubs.json")
        try:
            return [_load_hub(code, entry) for code, entry in sorted((content or {}).items())]
        except (KeyError, TypeError, AttributeError, NoteError):
            raise DamageError("hubs.json") from None

    def read_token(self, code: str) -> str:
        """Read the token of a hub; EnvironmentProblem when it is missing or readable by others."""
        path = self._folder_of(code) / "token"
        with explained():
            if os.name == "posix" and path.stat().st_mode & 0o077:
                raise EnvironmentProblem(
                    f"Berkas token {path} dapat dibaca pengguna lain. Jalankan: chmod 600 {path}",
                    "izin_token",
                )
            return path.read_text(encoding="ascii").strip()

    def read_state(self, code: str) -> HubState:
        """Read what has been taken from a hub; the empty state when nothing has. FileGone beside deliveries."""
        content = read_json(self._state_file(code))
        if content is None:
            if self.has_deliveries(code):
                raise FileGone(self._state_file(code))
            return HubState()
        try:
            seal = content.pop("sidik", None)  # a state of an older program has none
            if set(content) != _STATE or seal not in (None, _seal(content)):
                raise DamageError("state.json")
            heads = {
                origin: Checkpoint(origin, size, decode_hash(root))
                for origin, (size, root) in content["heads"].items()
            }
            return HubState(
                int(content["first"]), int(content["last"]), str(content["cursor"]), int(content["time_s"]),
                bool(content["identified"]), heads,
            )
        except (KeyError, TypeError, ValueError, AttributeError, NoteError):
            raise DamageError("state.json") from None

    def write_state(self, code: str, state: HubState) -> None:
        """Make a state the present one; this is the instant at which a delivery counts."""
        content = {
            "first": state.first, "last": state.last, "cursor": state.cursor, "time_s": state.time_s,
            "identified": state.is_identified,
            "heads": {head.origin: [head.size, encode_hash(head.root)] for head in state.heads.values()},
        }
        with explained():
            write_file(self._state_file(code), encode_json({**content, "sidik": _seal(content)}))

    def prepare(self, code: str) -> None:
        """Put the empty state there before the first delivery: from now on a missing one is a lost one."""
        if not self._state_file(code).exists():
            self.write_state(code, HubState())

    def data_file(self, code: str, number: int) -> Path:
        """Name the file with the lines of one delivery."""
        return self._folder_of(code) / f"{number:06d}.jsonl"

    def manifest_file(self, code: str, number: int) -> Path:
        """Name the file with the manifest of one delivery."""
        return self._folder_of(code) / f"{number:06d}.manifest"

    def has_deliveries(self, code: str) -> bool:
        """Tell whether there are deliveries of a hub, whatever its state says."""
        return any(path.stem.isdigit() for path in self._folder_of(code).glob("[0-9]*.manifest"))

    @contextmanager
    def stage(self, code: str) -> Iterator[Delivery]:
        """Open a place for the lines of a delivery; what is not stored in the block is thrown away."""
        path = self._folder_of(code) / "kiriman.tmp"
        with explained():
            file = _open_private(path)
        delivery = Delivery(self, code, path, file)
        try:
            yield delivery
        finally:
            file.close()
            path.unlink(missing_ok=True)

    def drop_superseded(self, code: str, state: HubState) -> None:
        """Remove lines that a full delivery has replaced; their manifests stay, as proof of what was held.

        Everything is handed over again among others because a person's data were erased (UU 27/2022): then
        the copy here has to go as well.
        """
        with explained():
            for path in self._folder_of(code).glob("[0-9]*.jsonl"):
                if path.stem.isdigit() and int(path.stem) < state.first:
                    path.unlink()

    def _state_file(self, code: str) -> Path:
        return self._folder_of(code) / "state.json"

    def _folder_of(self, code: str) -> Path:
        return self.path / code


@dataclass
class Delivery:
    """Lines on their way into the lake, hashed as they come."""

    lake: Lake
    code: str
    path: Path
    file: IO[bytes]
    count: int = 0
    hasher: Any = field(default_factory=sha256)

    def write(self, line: bytes) -> None:
        """Take one line, newline included."""
        with explained():
            self.file.write(line)
        self.hasher.update(line)
        self.count += 1

    @property
    def digest(self) -> str:
        return str(self.hasher.hexdigest())

    def store(self, note: bytes, state: HubState) -> None:
        """Put lines and manifest in place, then the state that names them; each on disk before the next."""
        self.lake.prepare(self.code)
        with explained():
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            write_file(self.lake.manifest_file(self.code, state.last), note)
            os.replace(self.path, self.lake.data_file(self.code, state.last))
            sync_folder(self.path.parent)
        self.lake.write_state(self.code, state)
        self.lake.drop_superseded(self.code, state)


_STATE = {"first", "last", "cursor", "time_s", "identified", "heads"}


def _seal(content: dict[str, Any]) -> str:
    """Digest the members of a state, so that a disk that gives back another one is found out."""
    return sha256(encode_json(content)).hexdigest()


def write_file(path: Path, content: bytes) -> None:
    """Replace a file whole or not at all, private to its owner, durable on return."""
    temporary = path.with_name(f".{path.name}.tmp")
    with _open_private(temporary) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def _open_private(path: Path) -> IO[bytes]:
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return open(os.open(path, flags, 0o600), "wb")


def _check_token(token: str) -> None:
    if not 20 <= len(token) <= TOKEN_CHARACTERS_MAX or not token.isascii() or not token.isprintable():
        raise UserError("Token tidak lengkap. Salin utuh dari operator kecamatan.", "token_salah")


def _read_verifier(vkey: str) -> Verifier:
    try:
        verifier = parse_vkey(vkey.strip())
    except NoteError:
        verifier = None
    if verifier is None or verifier.type is not SignatureType.ED25519 or find_hub(verifier.name) is None:
        raise UserError(
            "Kunci kecamatan tidak dapat dibaca. Salin utuh baris vkey ekspor dari operator kecamatan.",
            "kunci_salah",
        )
    return verifier


def _dump_hub(entry: HubEntry) -> dict[str, Any]:
    return {
        "alamat": entry.address, "kunci": format_vkey(entry.verifier),
        "kunci_lama": [format_vkey(verifier) for verifier in entry.earlier], "pemulihan": entry.pemulihan,
    }


def _load_hub(code: str, content: dict[str, Any]) -> HubEntry:
    verifier = parse_vkey(content["kunci"])
    if find_hub(verifier.name) != code:
        raise NoteError("key of another hub")
    earlier = tuple(map(parse_vkey, content["kunci_lama"]))
    return HubEntry(code, str(content["alamat"]), verifier, earlier, str(content.get("pemulihan", "")))


def encode_json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def read_json(path: Path) -> dict[str, Any] | None:
    try:
        with explained():
            content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        raise DamageError(path.name) from None
    if not isinstance(content, dict):
        raise DamageError(path.name)
    return content


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the machine refuses into a sentence; a missing file is the caller's to judge."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        is_full = error.errno == errno.ENOSPC
        what = "Disk penuh" if is_full else "Folder data kabupaten tidak dapat dibaca atau ditulis"
        raise EnvironmentProblem(
            f"{what}, jadi tidak ada yang disimpan. Periksa disk dan hak aksesnya, lalu ulangi.",
            "folder_data",
        ) from error
