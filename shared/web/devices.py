"""Says in plain words which browser on which device a session belongs to; pure."""

from __future__ import annotations

_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)
_DEVICES = (
    ("Android", "HP Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "komputer Windows"),
    ("CrOS", "Chromebook"), ("Mac OS", "komputer Mac"), ("Linux", "komputer Linux"),
)


def describe_device(agent: str) -> str:
    """Name browser and device of a User-Agent, as far as it says."""
    # The order of both lists matters: every browser says that it is Safari, every Android that it is Linux.
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    device = next((name for sign, name in _DEVICES if sign in agent), "")
    if browser and device:
        return f"{browser} di {device}"
    return browser or device[:1].upper() + device[1:] or "Program lain"
