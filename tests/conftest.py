"""Makes the checkout importable, whatever folder the tests are started from."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import settings

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

# The gate is the same for everybody; new examples are looked for with HYPOTHESIS_PROFILE=acak.
settings.register_profile("tetap", derandomize=True)
settings.register_profile("acak")
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tetap"))
