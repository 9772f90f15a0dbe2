"""A hub in a folder with invented villages that write into it; what the tests of exports and pulls stand on.

Villages append through the production store; every NIK and KK begins with 330399.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask

from hub.ekspor.routes import blueprint
from hub.saksi.routes import blueprint as witness_blueprint
from hub.services import HubServices, init_hub
from hub.verval import findings
from shared.changelog.change import Op
from shared.changelog.genesis import Genesis
from shared.changelog.keys import SigningKey
from shared.changelog.tree import leaf_hash
from shared.merge.scope import Role
from shared.store.changes import add_log, append, find_log
from shared.store.drafts import Draft, draft_create, draft_delete, draft_update, seal_drafts
from shared.store.records import Projector, load_state

KECAMATAN = "33.03.99"
DESA = ("33.03.99.2001", "33.03.99.2002")
AUTHOR = "01990000-0000-7000-8000-00000000000a"
START_S = 1_790_000_000


@dataclass
class StillClock:
    """A clock that only a test moves."""

    now: int = START_S

    def now_s(self) -> int:
        return self.now

    def monotonic_s(self) -> float:
        return float(self.now)


def seeded(seed: int | str) -> Callable[[int], bytes]:
    """Randomness that a seed repeats."""
    return random_module.Random(seed).randbytes


def make_hub(path: Path, seed: str = "hub") -> HubServices:
    """Make an empty hub of the invented kecamatan."""
    hub, _ = init_hub(path, wilayah=KECAMATAN, nama="Kecamatan Uji", clock=StillClock(), random=seeded(seed))
    return hub


def make_app(hub: HubServices) -> Flask:
    """Make an app that has the export, the exchange with the witness, and nothing else."""
    app = Flask("uji")
    app.extensions["services"] = hub
    app.register_blueprint(blueprint)
    app.register_blueprint(witness_blueprint)
    return app


@dataclass
class Village:
    """One node's log as the hub holds it."""

    hub: HubServices
    desa: str = DESA[0]
    name: str = "kantor"
    log_id: str = ""
    key: SigningKey = field(init=False)

    def __post_init__(self) -> None:
        random = seeded(f"{self.desa}:{self.name}")
        self.key = SigningKey.generate(random)
        genesis = Genesis(random(16).hex(), self.desa, Role.DESA, self.key.public)
        header, sealed = genesis.seal(random(16), START_S)
        with self.hub.database.write() as conn:
            log = add_log(
                conn, id=genesis.id, origin=genesis.origin, wilayah=self.desa, peran=Role.DESA,
                kunci=genesis.kunci, own=False,
            )
            append(conn, log, [sealed], [header], [leaf_hash(sealed.header, sealed.body_digest)])
        self.log_id = genesis.id

    def write(self, *drafts: Draft) -> list[str]:
        """Append drafts to the log and project them, as ingest does; return their references."""
        with self.hub.database.write() as conn:
            log = find_log(conn, self.log_id)
            assert log is not None
            batch = seal_drafts(log, drafts, author=AUTHOR, time_s=START_S, random=self.hub.random)
            append(conn, log, batch.changes, batch.headers, batch.leaves)
            Projector(conn, self.hub.catalogue, findings.observe).project(batch.entries)
        return [header.ref(leaf) for header, leaf in zip(batch.headers, batch.leaves, strict=True)]

    def create(self, kind: str, **values: Any) -> str:
        """Create a record; return its id."""
        id = self.hub.new_id()
        self.write(draft_create(self.hub.catalogue[kind], id, values))
        return id

    def update(self, kind: str, id: str, **changed: Any) -> None:
        """Change some fields of a record."""
        draft = draft_update(self.hub.catalogue[kind], self._state(kind, id), id, changed)
        assert draft is not None
        self.write(draft)

    def delete(self, kind: str, id: str) -> None:
        """Delete a record."""
        self.write(draft_delete(self.hub.catalogue[kind], self._state(kind, id), id, "ganda"))

    def write_raw(self, kind: str, id: str, values: Mapping[str, Any]) -> None:
        """Create a record with values that no form would let through."""
        self.write(Draft(self.hub.catalogue[kind], id, Op.CREATE, (), values))

    def _state(self, kind: str, id: str) -> Any:
        with self.hub.database.read() as conn:
            return load_state(conn, self.hub.catalogue, self.hub.catalogue[kind], self.desa, id)


def person(number: int, **more: Any) -> dict[str, Any]:
    """Give the values of one invented resident."""
    return {
        "nik": f"330399{10 + number % 18:02d}0790{number:04d}", "nama": f"Wagimin Karsodikromo{number}",
        "tempat_lahir": "Purbalingga", "tanggal_lahir": f"1990-07-{10 + number % 18:02d}", "jenis_kelamin": 1,
        "alamat": f"Jalan Kenanga {number}", "rt": "003", "rw": "001", "telepon": f"08129990{number:04d}",
        "ibu_nama": "Sumiyem Atmowiloto", "ibu_nik": "3303994101600001", "agama": 1, **more,
    }
