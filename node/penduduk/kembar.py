"""Several records of what is one thing for the office: what each of them says, as versions to choose from.

The merge knows disputes within one record only. Two computers that made a record each of the same thing, before they
had met, are shown the same way; what a choice does is up to the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from node.penduduk.history import Sengketa, Storyteller, write_rows


def compare_records(
    tellers: Mapping[str, Storyteller], names: Sequence[str], group: str, label: str
) -> Sengketa | None:
    """Show in which fields some records differ, or None; by record id, the one that holds first.

    ``group`` is what a choice says of itself, and the group whose author signs, where there is one of that name.
    """
    first = next(iter(tellers.values()))
    columns = [
        (first.kind.fields[name].info.label, [teller.write_live(name) for teller in tellers.values()]) for name in names
    ]
    differing = [(title, texts) for title, texts in columns if len(set(texts)) > 1]
    if not differing:
        return None
    rows = write_rows(differing, len(tellers))
    versions = tuple(
        teller.sign_version(id, text, group) for (id, teller), text in zip(tellers.items(), rows, strict=True)
    )
    return Sengketa(group, label, rows[0], versions, is_protected=False, is_proposal=False)
