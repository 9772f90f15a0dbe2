"""Follows every link from the front page as one role, with scripts off, and notes what each page does wrong."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from shared.surat.jenis import shipped
from tests.browser.windows import DESKTOP, PHONE, Window
from tests.node_app.test_pages_site import ALSO_INDONESIAN, ENGLISH

BYTES_MAX, REQUESTS_MAX = 150_000, 10
# Streets have house numbers: JL. MELATI NO. 5.
WORDS = ENGLISH - ALSO_INDONESIAN
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
_RECORD = re.compile(r"[0-9a-f-]{32,71}|(?<=/)[0-9]+(?=/|$)|(?<=/)[A-Za-z0-9_-]{20,}(?=/|\.|$)")
_RUN, _FIGURE, _WORD = re.compile(r"[\w+/=:.-]+"), re.compile(r"[0-9]"), re.compile(r"[a-z]+")
_DOWNLOAD = re.compile(r"\.(?:xlsx|csv|json|zip|svg|pdf)$|/ekspor/|/aset/|/unduh")
# What stands in an address besides records: the short name of a letter, a month. One template draws each of them.
_LETTER = re.compile(r"(?<=^/surat/templat/)(?!baru$)[^/]+|(?<=^/surat/baru/)[^/]+")
_MONTH = re.compile(r"(?<=/)[0-9]{4}-[0-9]{2}(?=/|$)")
_MORE_VISITS = {"/verval/*": 4}
_LETTERS_MAX = 4
"""Of each page of a kind of letter: the first that a link leads to, and those whose form has the most fields."""
FULLEST = frozenset(
    jenis.slug for jenis in sorted(shipped().values(), key=lambda jenis: -len(jenis.isian))[:_LETTERS_MAX - 1]
)
_AXE_RUN = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.filter(v => ["serious", "critical"].includes(v.impact))
    .map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.target.join(" ")).join(", "));
}"""


def shape_of(path: str) -> str:
    """Write an address without its records and query: pages of one shape are drawn by one template."""
    return _RECORD.sub("*", _MONTH.sub("*", _LETTER.sub("*", urlsplit(path).path)))


def name_letter(path: str) -> str:
    """Give the short name of the letter whose page an address is; empty for other pages."""
    found = _LETTER.search(urlsplit(path).path)
    return found[0] if found else ""


def find_english(text: str) -> set[str]:
    """Find English words in a text; none in keys, hashes and addresses, which have figures: 3be4-be."""
    return {
        word for run in _RUN.findall(text.lower()) if not _FIGURE.search(run) for word in _WORD.findall(run)
    } & WORDS


@dataclass
class Crawl:
    """What a crawl has seen: the addresses of its pages, and what was wrong."""

    window: Window
    visits_max: int = 2
    seen: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def run(self, *starts: str) -> None:
        """Visit everything that links lead to, a few pages of each shape; of letters the first and the fullest."""
        waiting = deque(starts)
        known, visits = set(starts), Counter[str | tuple[str, str]]()
        while waiting:
            path = waiting.popleft()
            shape, letter = shape_of(path), name_letter(path)
            if letter and (visits[shape] and letter not in FULLEST or visits[shape, letter]):
                continue
            if not letter and visits[shape] >= _MORE_VISITS.get(shape, self.visits_max):
                continue
            visits[shape] += 1
            visits[shape, letter] += 1
            for link in self.visit(path):
                if link not in known and not _DOWNLOAD.search(urlsplit(link).path):
                    known.add(link)
                    waiting.append(link)

    def visit(self, path: str) -> list[str]:
        """Open one page, judge it, give the addresses it links to."""
        self.window.requests.clear()
        answer = self.window.page.goto(self.window.address + path)
        if answer is None or answer.status != 200:
            self.faults.append(f"{path}: {answer and answer.status}")
            return []
        links = [urljoin(self.window.page.url, href) for href in self.judge(path)]
        own = [urlsplit(link) for link in links if link.startswith(self.window.address + "/")]
        return [parts.path + (f"?{parts.query}" if parts.query else "") for parts in own]

    def judge(self, path: str) -> list[str]:
        """Judge the page that is open; give where its links lead."""
        shape = shape_of(path)
        self.seen.append(path)
        size, count = self.window.measure()
        if size > BYTES_MAX or count > REQUESTS_MAX:
            self.faults.append(f"{shape}: {size} bytes in {count} requests")
        first = self.window.look()
        english = find_english(first.text)
        if english:
            self.faults.append(f"{shape}: English: {', '.join(sorted(english))}")
        self.window.page.set_viewport_size(PHONE if first.width == DESKTOP["width"] else DESKTOP)
        for look in (first, self.window.look()):
            if look.is_wide:
                self.faults.append(f"{shape}: scrolls sideways at {look.width}")
            self.faults += [f"{shape}: {spill} spills at {look.width}" for spill in look.spills]
        return first.hrefs


def shoot_shapes(window: Window, prefix: str) -> Callable[[str], None]:
    """Give what takes one picture of every shape of page."""
    taken: set[str] = set()

    def shoot(path: str) -> None:
        shape = shape_of(path)
        if shape not in taken:
            taken.add(shape)
            window.shoot(prefix + (re.sub(r"[^a-z]+", "-", shape.replace("*", "satu")).strip("-") or "beranda"))

    return shoot


def check_with_axe(window: Window, paths: list[str], prefix: str) -> list[str]:
    """Open one page of each shape with scripts on; give the serious findings of axe and violations of CSP."""
    faults, done = [], set()
    shoot = shoot_shapes(window, prefix)
    for path in paths:
        if shape_of(path) in done or (path.startswith("/aset/")):
            continue
        done.add(shape_of(path))
        window.go(path)
        window.note_violations()
        faults += [f"{shape_of(path)}: {found}" for found in ask_axe(window)]
        shoot(path)
    return faults


def ask_axe(window: Window) -> list[str]:
    """Give the serious findings of axe on the page that is open."""
    window.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = window.page.evaluate(_AXE_RUN)
    # What axe itself sets off is not the page's doing.
    window.page.evaluate("window.langgar = []")
    return found
