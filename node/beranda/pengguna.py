"""Accounts of this computer, for the admin: `/pengguna/`."""

from __future__ import annotations

from node.change import write_drafts
from shared.web.pengguna import make_pengguna

blueprint = make_pengguna("/pengguna", "Pengguna komputer ini", write_drafts, "catatan.index")
