"""What a desa gets unasked, once a computer has handed over all that it announced: numbers of letters, who looked.

Until then the hub may have forgotten what it once said, and say it twice.
"""

from __future__ import annotations

from hub.akses.tell import tell_looks
from hub.ingest.accept import Sender
from hub.nomor.give import hand_out_numbers
from hub.services import HubServices


def write_owed(services: HubServices, sender: Sender) -> int:
    """Write what is due into the channel of the sender's desa; return how many changes that were."""
    return hand_out_numbers(services, sender.wilayah, sender.kunci) + tell_looks(services, sender.wilayah)
