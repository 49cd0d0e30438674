"""A real browser, as wide as a phone, in the light or in the dark."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

REQUIRED = "BELLHOP_TEST_REQUIRE_SERVICES"
Look = Literal["light", "dark"]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
#: Pixels: the narrowest phone that is still common, and a window.
PHONE, WINDOW = 360, 700
#: Milliseconds that a page may take on a busy machine.
PATIENCE_MS = 20_000


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the browser; skip the test where there is none, unless there must be."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        reason = "there is no Chromium"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{reason}, and {REQUIRED} is set")
        pytest.skip(reason)
    with sync_playwright() as driver:
        # Without its sandbox, which does not start as root.
        browser = driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextmanager
def open_page(
    browser: Browser, *, width: int = PHONE, look: Look = "light"
) -> Iterator[Page]:
    """Open an empty page that runs no scripts."""
    context = browser.new_context(
        viewport={"width": width, "height": 740},
        color_scheme=look,
        java_script_enabled=False,
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def width_of(page: Page) -> int:
    """Return how wide the page is: more than the screen, where it must be pushed."""
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width
