"""The forms of a page as a person without a browser reads them: what stands in them, which buttons they have."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_NOT_SENT = frozenset({"submit", "button", "image", "reset", "file"})


@dataclass
class Blank:
    """One form: where it goes, the values it comes with, the words of its lists and its buttons."""

    action: str
    values: dict[str, list[str]] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    """For each list or group of choices: what a choice says → what it sends."""
    buttons: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """What a button says → its name, its value, where it sends the form."""

    def fill(self, button: str, given: dict[str, str]) -> tuple[str, dict[str, list[str]]]:
        """Fill the form in and press a button; give where it goes and what is sent. KeyError where there is none."""
        name, value, action = self.buttons[button]
        sent = dict(self.values)
        for key, text in given.items():
            sent[key] = [self.words.get(key, {}).get(text.lower(), text)]
        if name:
            sent[name] = [value]
        return action or self.action, sent


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Blank] = []
        self._form: Blank | None = None
        self._list = self._button = ""
        self._choice: tuple[str, str] | None = None
        self._place: tuple[str, str, str] = ("", "", "")
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        form = self._form
        if tag == "form":
            self._form = Blank(at.get("action", ""))
            self.forms.append(self._form)
        elif form is None:
            return
        elif tag == "input" and at.get("type") not in _NOT_SENT and "name" in at:
            self._read_input(form, at)
        elif tag == "select":
            self._list = at.get("name", "")
        elif tag == "option":
            self._choice, self._text = (self._list, at.get("value", "")), []
            if "selected" in at:
                form.values[self._list] = [at.get("value", "")]
        elif tag == "button":
            self._place, self._text = (at.get("name", ""), at.get("value", ""), at.get("formaction", "")), []
        elif tag == "textarea":
            self._list, self._text = at.get("name", ""), []

    def _read_input(self, form: Blank, at: dict[str, str]) -> None:
        if at.get("type") in ("radio", "checkbox"):
            self._choice, self._text = (at["name"], at.get("value", "on")), []
            if "checked" not in at:
                return
        form.values.setdefault(at["name"], []).append(at.get("value", ""))

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        form, said = self._form, " ".join("".join(self._text).split())
        if tag == "form":
            self._form = None
        elif form is None:
            return
        elif tag in ("option", "label") and self._choice:
            name, value = self._choice
            form.words.setdefault(name, {})[said.lower()] = value
            self._choice = None
        elif tag == "button":
            form.buttons[said] = self._place
        elif tag == "textarea":
            form.values[self._list] = ["".join(self._text)]


def read_forms(html: str) -> list[Blank]:
    """Read all forms of a page, in their order."""
    reader = _Reader()
    reader.feed(html)
    return reader.forms
