"""docs/figures/explorer.png: the page of a derivation as its reader has it, for the README.

python -m tests.picture    takes it again; needs playwright and chromium
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from symbptt.cli import main

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "figures" / "explorer.png"
MODEL = "gru"
EQUATION = 6
"""At which the page is opened; its statement and the box of the graph light up."""


def take(path: Path) -> None:
    """Open the page at the equation and take the picture of what stands there."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        page = Path(folder) / f"{MODEL}.html"
        main.main(["derive", MODEL, "-o", str(page)], standalone_mode=False)
        browser = running.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        opened = browser.new_page(viewport={"width": 1400, "height": 640})
        opened.goto(f"{page.as_uri()}#eq-{EQUATION}")
        opened.evaluate("scrollBy(0, -100)")  # with the sentence that leads to it
        opened.locator(f"#eq-{EQUATION}").hover()
        opened.wait_for_timeout(300)
        opened.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    take(PICTURE)
