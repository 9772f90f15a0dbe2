"""Keeps places for new connections: who holds many and finishes no request gives some back.

Bodies are read whole before a worker is taken, so a slow one holds a place and nothing else. But the places are
counted, and a byte now and then would keep one for ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from waitress.channel import HTTPChannel

CONNECTIONS_MAX = 200
CROWDED = CONNECTIONS_MAX * 3 // 4


def make_room(channels: Iterable[HTTPChannel]) -> int:
    """Close what is too much, from the addresses that hold most, the oldest first; return how many.

    A request that is complete is answered, and an answer that has begun is sent. Nothing is closed before the server
    is crowded: a village may need an hour for one body.
    """
    present = list(channels)
    excess = len(present) - CROWDED
    if excess <= 0:
        return 0
    held = Counter(channel.addr[0] for channel in present)
    unfinished = [channel for channel in present if not channel.requests]
    unfinished.sort(key=lambda channel: (-held[channel.addr[0]], channel.creation_time))
    for channel in unfinished[:excess]:
        channel.close_when_flushed = True
    return min(excess, len(unfinished))
