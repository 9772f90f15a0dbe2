"""``sipande-kabupaten periksa``: is what was once taken and cosigned still what hub and witness have signed?"""

from __future__ import annotations

from collections.abc import Iterable

from hub.kabupaten.check import PullRefused, open_manifest
from hub.kabupaten.current import load_index
from hub.kabupaten.lake import FileGone, HubEntry, HubState, Lake
from hub.kabupaten.manifest import Manifest
from hub.kabupaten.witness import WitnessBook
from shared.changelog.checkpoint import Checkpoint, Verifier, is_signed
from shared.errors import DamageError, EnvironmentProblem


def audit_hub(lake: Lake, hub: HubEntry, witness: Verifier | None) -> list[str]:
    """Read everything of one hub again; one Indonesian sentence per problem, none where all is well."""
    try:
        state = lake.read_state(hub.code)
    except FileGone as error:
        return [error.pesan]
    except DamageError:
        return ["state.json rusak; pulihkan folder ini dari cadangan, atau tarik semuanya lagi di folder baru."]
    problems = list(_audit_deliveries(lake, hub, state))
    if witness is not None:
        problems += _audit_witness(lake, hub, witness, state)
    evidence = sorted(path.name for path in (lake.path / hub.code).glob("bukti-*.json"))
    if evidence:
        problems.append(
            f"{', '.join(evidence)}: bukti bahwa kecamatan pernah menunjukkan catatan yang bertentangan. Hubungi"
            " kecamatan; hapus berkasnya setelah jelas sebabnya."
        )
    return problems


def _audit_deliveries(lake: Lake, hub: HubEntry, state: HubState) -> Iterable[str]:
    last: Manifest | None = None
    for number in range(1, state.last + 1):
        name = lake.manifest_file(hub.code, number).name
        try:
            manifest = _open(lake.manifest_file(hub.code, number).read_bytes(), hub)
        except FileNotFoundError:
            yield f"{name}: berkasnya hilang."
            continue
        if manifest is None:
            yield f"{name}: tanda tangan kecamatan tidak cocok dengan kunci yang terdaftar."
        elif last is not None and _has_shrunk(last.heads, manifest.heads):
            yield f"{name}: catatan kecamatan lebih pendek daripada di kiriman sebelumnya."
        last = manifest or last
    if last is not None and {head.origin: head for head in last.heads} != state.heads:
        # A pull of nothing new moves no head, so the last delivery and the state agree.
        yield "state.json: puncak catatan berbeda dengan kiriman yang terakhir."
    try:
        load_index(lake, hub)
    except (DamageError, PullRefused, EnvironmentProblem) as error:
        yield f"Kiriman tidak cocok dengan segelnya ({error}); tarik lagi di folder baru."


def _open(note: bytes, hub: HubEntry) -> Manifest | None:
    for verifier in (hub.verifier, *hub.earlier):
        try:
            return open_manifest(note, verifier)
        except PullRefused:
            continue
    return None


def _has_shrunk(before: Iterable[Checkpoint], after: Iterable[Checkpoint]) -> bool:
    sizes = {head.origin: head.size for head in after}
    return any(sizes.get(head.origin, 0) < head.size for head in before)


def _audit_witness(lake: Lake, hub: HubEntry, witness: Verifier, state: HubState) -> list[str]:
    try:
        book = WitnessBook.load(lake, hub, witness)
    except FileGone as error:
        return [error.pesan]
    except DamageError:
        return ["saksi.json: ada catatan yang tidak ditandatangani saksi kabupaten ini."]
    problems = []
    for origin, cosigned in sorted(book.logs.items()):
        point = cosigned.checkpoint
        if not any(is_signed(cosigned.note, Verifier(origin, key.public)) for key in (hub.verifier, *hub.earlier)):
            problems.append(f"saksi.json, {origin}: tanda tangan kecamatan tidak cocok dengan kunci yang terdaftar.")
        pulled = state.heads.get(origin)
        if pulled is not None and pulled.size == point.size and pulled.root != point.root:
            problems.append(f"saksi.json, {origin}: yang disaksikan berbeda dengan yang ditarik pada ukuran yang sama.")
    return problems
