"""One browser and one kecamatan for all journeys of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.kecamatan import Kecamatan, open_kecamatan
from tests.browser.windows import CHROMIUM, open_browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without it these tests are skipped, and scripts/test installs it."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium dari Debian belum dipasang; scripts/test memasangnya")
    with sync_playwright() as playwright:
        opened = open_browser(playwright)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def kecamatan(browser: Browser) -> Iterator[Kecamatan]:
    with open_kecamatan(browser) as made:
        yield made
