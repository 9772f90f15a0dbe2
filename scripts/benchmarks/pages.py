"""The figures of the pages: every page that links lead to, the search, first loads, Sipande in a fresh process."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

from benchmarks.browser import Answer, Browser, read_links
from benchmarks.line import Line, make_line
from benchmarks.offices import PASSWORD, fill_hub
from benchmarks.villages import DESA
from running.processes import Server, run_command, scratch, serving, serving_hub, wait_quiet

CPU_MS_MAX, WALL_MS_MAX = 25, 40
FIRST_KB_MAX, FIRST_REQUESTS_MAX = 150, 10
ROUNDS = 5
_REPEATS, _WARM = 50, 3
_ADDRESSES_MAX = 400
_ID = re.compile(r"(?<=/)(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|[A-Za-z0-9_-]{22,}|\d+)(?=/|$)")
_ACCOUNT = ("petugas", "--nama", "PETUGAS BENCH", "--peran", "admin")
_SEARCHES = ("su", "sut", "sutrisno", "siti", "kreo", "kreyo", "wahyu ut", "33039", "3303990", "zzz")


@dataclass(frozen=True)
class _Cost:
    cpu_ms: float
    wall_ms: float


def bench_pages() -> Iterator[Line]:
    """Measure both applications over HTTP, one client, a login session; 5,000 residents and 18 desa of them."""
    with scratch() as base:
        with serving_hub(base / "hub") as hub:
            program = hub.call("program", nama="BLT Dana Desa", sasaran=1, kuota=8000, mulai="2026-01-01")["program"]
            fill_hub(base, hub, program, DESA)
        for program_name, folder in (("sipande-node", base / DESA), ("sipande-hub", base / "hub")):
            run_command(program_name, folder, "akun", *_ACCOUNT, stdin=PASSWORD + "\n")
        yield from _bench_node(base / DESA)
        yield from _bench_hub(base / "hub")


def _bench_node(folder: Path) -> Iterator[Line]:
    with serving("sipande-node", folder, "--tanpa-otomatis") as node:
        cookies = _log_in(node).cookies
    yield from _first_requests("node", "/penduduk/", lambda: serving("sipande-node", folder, "--tanpa-otomatis"),
                               cookies)
    with serving("sipande-node", folder, "--tanpa-otomatis") as node:
        browser = _log_in(node)
        wait_quiet(1.0)
        yield from _bench_all("node", node, browser)
        yield from _bench_search(node, browser)


def _bench_hub(folder: Path) -> Iterator[Line]:
    with serving("sipande-hub", folder) as hub:
        cookies = _log_in(hub).cookies
    yield from _first_requests("hub", "/sipande", lambda: serving("sipande-hub", folder), cookies, limit=150)
    with serving("sipande-hub", folder) as hub:
        browser = _log_in(hub)
        wait_quiet(1.0)
        yield from _bench_all("hub", hub, browser)
        browser.get("/sipande")
        cost = _measure(hub, lambda: browser.get("/sipande"))
        yield make_line("pages-sipande-after", cost.wall_ms, "ms", limit=30, cpu_ms=cost.cpu_ms)
        taken = []
        for at in range(ROUNDS):
            hub.call("program", nama=f"PROGRAM {at}", sasaran=1)
            taken.append(1000 * browser.get("/sipande").wall_s)
        yield make_line("pages-sipande-after-a-change", statistics.median(taken), "ms")


def _log_in(server: Server) -> Browser:
    browser = Browser(server.address)
    browser.log_in(_ACCOUNT[0], PASSWORD)
    return browser


def _first_requests(
    side: str, path: str, start: Callable[[], AbstractContextManager[Server]], cookies: dict[str, str],
    limit: float | None = None,
) -> Iterator[Line]:
    """Measure the very first request of fresh processes, with a session of before."""
    first: list[float] = []
    second: list[float] = []
    spent: list[float] = []
    for _ in range(ROUNDS):
        with start() as server:
            wait_quiet()
            browser = Browser(server.address, dict(cookies))
            before = server.cpu_s()
            for taken in (first, second):
                answer = browser.get(path)
                if not answer.is_page:
                    raise RuntimeError(f"{path}: {answer.status}")
                taken.append(1000 * answer.wall_s)
            spent.append(1000 * (server.cpu_s() - before))
    name = "pages-sipande-first" if path == "/sipande" else f"pages-{side}-first {path}"
    yield make_line(name, statistics.median(first), "ms", limit=limit, second_ms=statistics.median(second),
                    worst_ms=max(first), both_cpu_ms=statistics.median(spent))


def _bench_all(side: str, server: Server, browser: Browser) -> Iterator[Line]:
    """Measure one address of every shape that links lead to, then name the worst."""
    costs: dict[str, _Cost] = {}
    loads: dict[str, tuple[int, int]] = {}
    for shape, path in _find_pages(browser).items():
        costs[shape] = cost = _measure(server, lambda: browser.get(path))
        size, requests = loads[shape] = Browser(server.address, dict(browser.cookies)).load_first(path)
        yield make_line(
            f"pages-{side} {shape}", cost.cpu_ms, "CPU-ms", limit=CPU_MS_MAX, wall_ms=cost.wall_ms,
            wall_limit=WALL_MS_MAX, first_kb=size / 1000, first_requests=requests,
            reached=cost.cpu_ms <= CPU_MS_MAX and cost.wall_ms <= WALL_MS_MAX,
        )
    for name, unit, limit, of in (
        ("cpu", "CPU-ms", CPU_MS_MAX, lambda shape: costs[shape].cpu_ms),
        ("wall", "ms", WALL_MS_MAX, lambda shape: costs[shape].wall_ms),
        ("first-load", "kB", FIRST_KB_MAX, lambda shape: loads[shape][0] / 1000),
        ("first-load-requests", "requests", FIRST_REQUESTS_MAX, lambda shape: loads[shape][1]),
    ):
        worst = max(costs, key=of)
        yield make_line(f"pages-{side}-worst-{name}", of(worst), unit, limit=limit, page=worst, pages=len(costs))


def _find_pages(browser: Browser) -> dict[str, str]:
    """Follow links from the front page; give one address for every shape of address that answers a page."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    waiting = ["/", "/publik"]
    while waiting and len(seen) < _ADDRESSES_MAX:
        path = waiting.pop(0)
        parts = urlsplit(path)
        shape = _ID.sub("<id>", parts.path)
        if parts.query:
            shape += "?" + "&".join(sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}))
        if shape in seen or parts.netloc:
            continue
        seen.add(shape)
        answer = browser.get(path)
        if answer.status >= 500:
            raise RuntimeError(f"{shape} was answered with {answer.status}")
        if answer.is_page:
            found[shape] = path
            waiting += [urljoin(path, link.partition("#")[0]) for link in read_links(answer)[0]
                        if not link.startswith(("#", "mailto:", "tel:"))]
    return found


def _measure(server: Server, ask: Callable[[], Answer]) -> _Cost:
    for _ in range(_WARM):
        ask()
    before = server.cpu_s()
    walls = [ask().wall_s for _ in range(_REPEATS)]
    return _Cost(1000 * (server.cpu_s() - before) / _REPEATS, 1000 * statistics.median(walls))


def _bench_search(node: Server, browser: Browser) -> Iterator[Line]:
    """Type names and numbers, as the script of the page sends them."""
    token = browser.read_token("/penduduk/")
    costs = {}
    for text in _SEARCHES:
        form = {"csrf_token": token, "teks": text}
        if browser.post("/penduduk/potongan", form).status != 200:
            raise RuntimeError("the search was refused")
        costs[text] = _measure(node, lambda: browser.post("/penduduk/potongan", form))
    worst = max(costs, key=lambda text: costs[text].wall_ms)
    middle = statistics.median(cost.wall_ms for cost in costs.values())
    yield make_line("pages-search", costs[worst].wall_ms, "ms", limit=10, text=worst, median_ms=middle,
                    cpu_ms=costs[worst].cpu_ms)
