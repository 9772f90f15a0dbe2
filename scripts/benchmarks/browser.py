"""A browser without a screen: one connection, cookies, and the bytes that a first load takes."""

from __future__ import annotations

import http.client
import re
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
_CSS_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)")


@dataclass(frozen=True)
class Answer:
    """One answer; ``size`` counts head and body as they came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes
    size: int
    wall_s: float

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def is_page(self) -> bool:
        return self.status == 200 and self.headers.get("content-type", "").startswith("text/html")


class _Links(HTMLParser):
    """Collects what a page leads to and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag in ("a", "area") and "download" not in found and found.get("href"):
            self.links.append(found["href"])
        elif tag == "link" and set(found.get("rel", "").split()) & {"stylesheet", "icon", "manifest", "preload"}:
            self.parts.append(found.get("href", ""))
        elif tag in ("script", "img", "iframe", "object", "source", "embed"):
            self.parts.append(found.get("src") or found.get("data") or "")
        elif tag in ("image", "use"):
            self.parts.append((found.get("href") or found.get("xlink:href") or "").partition("#")[0])


class _Forms(HTMLParser):
    """Collects the forms of a page as they would be sent untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._select, self._text = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        name = found.get("name", "")
        if tag == "form":
            self.forms.append((found.get("action", ""), {}))
        elif not self.forms:
            return
        fields = self.forms[-1][1]
        if tag == "input" and name and (found.get("type") not in ("checkbox", "radio") or "checked" in found):
            fields[name] = found.get("value", "")
        elif tag in ("select", "textarea"):
            self._select, self._text = (name, "") if tag == "select" else ("", name)
        elif tag == "option" and self._select and ("selected" in found or self._select not in fields):
            fields[self._select] = found.get("value", "")
        if tag == "textarea" and name:
            fields[name] = ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self.forms[-1][1][self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("select", "textarea"):
            self._select = self._text = ""


def read_form(page: Answer, button: str) -> dict[str, str]:
    """Give the fields of the form whose address ends like that, as they would be sent untouched."""
    parser = _Forms()
    parser.feed(page.text)
    return next(fields for action, fields in parser.forms if action.endswith(button))


def read_links(page: Answer) -> tuple[list[str], list[str]]:
    """Give the addresses a page leads to, and those of the files that it loads."""
    parser = _Links()
    parser.feed(page.text)
    return parser.links, [part for part in parser.parts if part and not part.startswith("data:")]


@dataclass
class Browser:
    """One person at one address, logged in once; answers that lead on are followed by nobody."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._conn = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=60)

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None)

    def post(self, path: str, form: dict[str, str]) -> Answer:
        return self._ask("POST", path, urlencode(form).encode())

    def _ask(self, method: str, path: str, body: bytes | None) -> Answer:
        headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        start = time.perf_counter()
        try:
            self._conn.request(method, path, body, headers)
            answer = self._conn.getresponse()
            content = answer.read()
        except (http.client.BadStatusLine, ConnectionError):
            # The server closes what was idle for long; a browser asks again as well.
            self._conn.close()
            self._conn.request(method, path, body, headers)
            answer = self._conn.getresponse()
            content = answer.read()
        wall_s = time.perf_counter() - start
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookies.update({key: morsel.value for key, morsel in SimpleCookie(value).items()})
        head = 15 + sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content,
                      head + len(content), wall_s)

    def read_token(self, page: str) -> str:
        """Read the CSRF token of the forms on a page."""
        found = _CSRF.search(self.get(page).text)
        if found is None:
            raise RuntimeError(f"{page} has no form")
        return found[1]

    def log_in(self, name: str, password: str) -> None:
        """Log in through the form."""
        form = {"csrf_token": self.read_token("/masuk"), "nama_pengguna": name, "kata_sandi": password}
        answer = self.post("/masuk", form)
        if answer.status != 303:
            raise RuntimeError(f"login was answered with {answer.status}")

    def load_first(self, path: str) -> tuple[int, int]:
        """Load a page as a browser with an empty cache does; give bytes and number of requests."""
        page = self.get(path)
        size, seen = page.size, {path}
        waiting = [urljoin(path, part) for part in read_links(page)[1]]
        if "rel=\"icon\"" not in page.text and "rel=icon" not in page.text:
            waiting.append("/favicon.ico")  # what browsers ask for where a page names none
        while waiting:
            part = waiting.pop(0)
            if part in seen:
                continue
            seen.add(part)
            answer = self.get(part)
            size += answer.size
            if answer.headers.get("content-type", "").startswith("text/css"):
                found = _CSS_URL.findall(answer.text)
                waiting += [urljoin(part, name) for name in found if not name.startswith("data:")]
        return size, len(seen)
