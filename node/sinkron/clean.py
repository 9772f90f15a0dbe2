"""After a session or a stick: what a verdict of erasure has dropped is cleaned out of the files of this computer."""

from __future__ import annotations

import logging

from node.impor.queries import forget_erased
from node.services import NodeServices
from shared.errors import SipandeError
from shared.store.cleaning import clean_when_due

_log = logging.getLogger("sipande.simpul")


def clean_erased(services: NodeServices) -> bool:
    """Clean where it is due; what cannot be done now (a full disk, somebody reading) is done at the next look."""
    try:
        return clean_when_due(services, forget_erased)
    except SipandeError as error:
        _log.warning("cleaning after an erasure failed: %s", type(error).__name__)
        return False
