"""A list as a file; what makes it stands in shared.web.tables."""

from __future__ import annotations

from shared.web.tables import FORMATS, MIME, write_table

__all__ = ["FORMATS", "MIME", "write_table"]
