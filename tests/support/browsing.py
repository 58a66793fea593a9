"""Pages in a real browser: what they ask for, what they complain about, what overflows."""

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((path for name in _NAMES if (path := shutil.which(name))), None)


class Watched:
    """A page, with what it asked for and what it complained about."""

    def __init__(self, browser: "Browser", file: Path, **options: object) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.resolve().as_uri())

    def __enter__(self) -> "Page":
        return self.page

    def __exit__(self, *error: object) -> None:
        self.context.close()
        if error[0] is None:
            assert self.said == []
            assert all(url.startswith(("file://", "data:")) for url in self.asked)


def overflowing(page: "Page") -> list[str]:
    """Return what is wider than the window and stands in nothing that scrolls."""
    found: list[str] = page.evaluate("""() => {
        const scrolls = (e) => {
            for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
                if (getComputedStyle(p).overflowX !== "visible") return true;
            return false;
        };
        return [...document.querySelectorAll("body *")]
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5 && !scrolls(e))
            .map((e) => e.outerHTML.slice(0, 120));
    }""")
    return found


def brightness(colour: str) -> float:
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3
