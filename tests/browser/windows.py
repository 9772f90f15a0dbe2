"""Browser windows that notice what no page may do: ask another host, break its CSP, put a long number in a URL."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Playwright,
    Request,
    Route,
    ViewportSize,
)

CHROMIUM = Path("/usr/bin/chromium-headless-shell")
DESKTOP: ViewportSize = {"width": 1366, "height": 768}
PHONE: ViewportSize = {"width": 390, "height": 844}
WAIT_MS = 15_000
SHOTS = os.environ.get("SIPANDE_SHOTS", "")
"""A folder for pictures of every main page; empty, as usual, takes none."""

BROWSER_ARGS = (
    "--no-sandbox", "--disable-gpu", "--disable-software-rasterizer", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
    # A DNS that never answers, which is what a village without internet has.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# A window with any route at all passes its cache by: every page is a first visit.
_OUTSIDE = re.compile(r"^(?!http://127\.0\.0\.1:)")
_LONG_NUMBER = re.compile(r"(?<![0-9])[0-9]{16}(?![0-9])")
_IS_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
_SPILLS = (
    "Array.from(document.querySelectorAll('main td, main th, main dd, main a, main button'))"
    ".filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1"
    " && getComputedStyle(e.closest('thead') || e).position !== 'absolute'"
    " && getComputedStyle(e).overflowX === 'visible')"
    ".slice(0, 3).map(e => e.tagName + ' ' + (e.dataset.judul || e.dataset.label || e.className))"
)
# In a code chance may spell a word; what is shown as one is no text.
_CODES = ".kode, .kode-besar, .kode-kertas, .kata"
_LOOK = f"""() => {{
  const found = {{
    is_wide: {_IS_WIDE}, spills: {_SPILLS}, width: innerWidth,
    hrefs: Array.from(document.querySelectorAll("a[href]"), a => a.getAttribute("href")),
  }};
  const codes = document.querySelectorAll("{_CODES}");
  codes.forEach(e => e.style.setProperty("display", "none", "important"));
  found.text = document.body.innerText;
  codes.forEach(e => e.style.removeProperty("display"));
  return found;
}}"""
_LISTEN = """
window.langgar = [];
document.addEventListener("securitypolicyviolation", (e) =>
  window.langgar.push(e.effectiveDirective + " " + e.blockedURI));
"""


def open_browser(playwright: Playwright) -> Browser:
    """Start Debian's Chromium with a fresh profile; the shell without a screen takes a third less of the processor."""
    return playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(BROWSER_ARGS))


@dataclass(frozen=True)
class Look:
    """What a page says at one width: its text without codes, where its links lead, what does not fit."""

    text: str
    hrefs: list[str]
    is_wide: bool
    spills: list[str]
    width: int


@dataclass
class Window:
    """One person's window on one application; ``faults`` are what its pages did and may not."""

    context: BrowserContext
    page: Page
    address: str
    faults: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page of the application."""
        self.requests.clear()
        self.page.goto(self.address + path)

    def click(self, what: str | Locator, *, exact: bool = True) -> None:
        """Press the button or follow the link with that name; what is read next is the whole page it leads to."""
        if isinstance(what, str):
            both = self.page.get_by_role("button", name=what, exact=exact)
            what = both.or_(self.page.get_by_role("link", name=what, exact=exact)).first
        what.click()
        # A click ends when the next page begins to arrive; a list that is read then is cut short.
        self.page.wait_for_load_state("domcontentloaded")

    def fill(self, **fields: str) -> None:
        """Type into fields, named by their ids; of a list, choose by its words."""
        for id, text in fields.items():
            place = self.page.locator(f"#{id}")
            if place.evaluate("e => e.tagName") == "SELECT":
                words = place.locator("option").all_inner_texts()
                place.select_option(index=[" ".join(word.split()).lower() for word in words].index(text.lower()))
            else:
                place.fill(text)

    def text(self) -> str:
        """Read what the page says, with ordinary spaces."""
        return " ".join(self.page.locator("main").inner_text().split())

    def measure(self) -> tuple[int, int]:
        """Tell how many bytes and requests the last page took, all of them as on a first visit."""
        total = 0
        for request in self.requests:
            if request.failure:  # left behind by the next page
                continue
            sizes = request.sizes()
            total += sizes["responseBodySize"] + sizes["responseHeadersSize"]
        return total, len(self.requests)

    def is_too_wide(self) -> bool:
        """Tell whether the page scrolls sideways."""
        self.page.wait_for_load_state()  # between two pages there is no document to ask
        return bool(self.page.evaluate(_IS_WIDE))

    def list_spills(self) -> list[str]:
        """List cells whose text runs out of them, over what stands beside."""
        found: list[str] = self.page.evaluate(_SPILLS)
        return found

    def look(self) -> Look:
        """Read in one question what the page says, shows and leads to."""
        return Look(**self.page.evaluate(_LOOK))

    def note_violations(self) -> None:
        """Take down what the policy of the page has stopped so far."""
        found = self.page.evaluate("window.langgar || []")
        self.faults += [f"CSP {item} on {urlsplit(self.page.url).path}" for item in found]

    def shoot(self, name: str) -> None:
        """Take the page's picture at both sizes, when pictures are wanted."""
        if SHOTS:
            shoot_page(self.page, name)


def shoot_page(page: Page, name: str) -> None:
    """Write ``<name>-1366.png`` and ``<name>-390.png`` into the folder for pictures."""
    folder = Path(SHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        page.screenshot(path=folder / f"{name}-{size['width']}.png", full_page=True)
    page.set_viewport_size(before or DESKTOP)


@contextmanager
def open_window(
    browser: Browser, address: str, *, scripts: bool = True, cookies: Path | None = None,
    size: ViewportSize = DESKTOP, workers: bool = False, agent: str | None = None,
) -> Iterator[Window]:
    """Open a watched window; at its end it must have done nothing wrong. ``agent``: the browser it says it is.

    Without ``workers`` no service worker runs: every page is a first visit, and what it takes is what is measured.
    """
    context = browser.new_context(
        java_script_enabled=scripts, viewport=size, locale="id-ID", accept_downloads=True,
        storage_state=cookies, service_workers="allow" if workers else "block", user_agent=agent,
    )
    context.set_default_timeout(WAIT_MS)
    window = Window(context, context.new_page(), address)
    context.add_init_script(_LISTEN)
    context.route(_OUTSIDE, lambda route: _refuse(window, route))
    context.on("console", lambda message: _hear(window, message))
    context.on("request", lambda request: _note(window, request))
    try:
        yield window
        if scripts:
            try:
                window.note_violations()
            except Error:  # the page is on its way to another
                pass
        assert not window.faults, window.faults
    finally:
        context.close()


def _refuse(window: Window, route: Route) -> None:
    window.faults.append(f"another host: {urlsplit(route.request.url).hostname}")
    route.abort()


def _note(window: Window, request: Request) -> None:
    window.requests.append(request)
    if _LONG_NUMBER.search(request.url):
        window.faults.append(f"a number of sixteen digits in a URL: {urlsplit(request.url).path[:40]}")


def _hear(window: Window, message: ConsoleMessage) -> None:
    if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
        window.faults.append(f"console: {message.text[:200]}")
