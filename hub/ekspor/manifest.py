"""Signs what an export hands over, in the form of hub/kabupaten/manifest.py."""

from __future__ import annotations

from collections.abc import Iterable

from hub.kabupaten.manifest import Manifest, encode_hash, name_key
from hub.services import HubServices
from shared.changelog.checkpoint import Signer, format_vkey, sign_note
from shared.store.changes import Log


def export_signer(services: HubServices) -> Signer:
    """Give the name and key under which this hub signs its exports."""
    return Signer(name_key(services.wilayah), services.keys.signing)


def export_vkey(services: HubServices) -> str:
    """Write the verifier key that the kabupaten pins."""
    return format_vkey(export_signer(services).verifier())


def sign_manifest(services: HubServices, manifest: Manifest, logs: Iterable[Log]) -> bytes:
    """Sign a manifest of these log heads; the anchor is on disk before anybody sees them."""
    for log in logs:
        if log.own:
            # A manifest is a statement about the hub's own logs too: a hub that is restored from an older
            # copy must not write a second history behind it (architecture.md section 5).
            services.anchor.raise_to(log.id, log.size, encode_hash(log.root()))
    return sign_note(manifest.text(), export_signer(services))
