"""The page of a report in a browser: no error, nothing cut off on a phone, dark where that is wanted.

Needs Chromium (Debian's package `chromium`); without it these tests are skipped, under CI=true they fail.
"""

import html
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from edgeasr_bench.profile import Operator
from edgeasr_bench.report import write_report

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=2000",
)
# The page in a frame as wide as a screen, for a window cannot be made as narrow as a phone; then what is seen of it.
PROBE = """<!doctype html><body><iframe id="page" style="border: 0; width: {width}px; height: 9000px" srcdoc="{page}">
</iframe><script>
onload = () => {{
  const page = document.getElementById("page").contentDocument, root = page.documentElement;
  const box = (element) => element.getBoundingClientRect();
  const texts = [...page.querySelectorAll("svg text")];
  const seen = {{
    scrolled: root.scrollWidth,
    points: [...page.querySelectorAll("circle.point")].filter((point) => box(point).width > 2).length,
    hills: [...page.querySelectorAll("path.hill")].filter((hill) => box(hill).height > 2).length,
    cut: texts.filter((text) => box(text).left < 0 || box(text).right > {width}).map((text) => text.textContent),
    smallest: Math.min(...texts.map((text) => parseFloat(getComputedStyle(text).fontSize) *
      box(text.ownerSVGElement).width / 400)),
    ground: getComputedStyle(page.body).backgroundColor,
    ink: getComputedStyle(page.querySelector("svg text.ink")).fill,
  }};
  document.title = JSON.stringify(seen);
}};
</script>"""


@pytest.fixture
def look(tmp_path, result, quantised, make_run):
    """Give a function that opens a full report, in a screen of a width, and gives what is seen of it."""
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            "Chromium is not installed: apt install chromium"
        )
    profile = tuple(Operator(f"QLinearConvolution{number}", 10, 10.0 + number) for number in range(12))
    results = (result, quantised(operators=profile), replace(result, threads=2), quantised(threads=2))
    write_report(tmp_path / "report.html", [make_run(*results, command="edgeasr bench digits --threads 1,2")])
    page = html.escape((tmp_path / "report.html").read_text())

    def browse(width, *flags):
        probe = tmp_path / "probe.html"
        probe.write_text(PROBE.format(width=width, page=page))
        folder = f"--user-data-dir={tmp_path / 'profile'}"
        command = [CHROMIUM, *FLAGS, *flags, folder, "--window-size=1400,1000", "--dump-dom", probe.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert "CONSOLE" not in done.stderr, done.stderr  # where Chromium tells of errors in a page
        title = re.search(r"<title>(\{.*?\})</title>", done.stdout)
        assert title, done.stdout[-2000:]
        return json.loads(html.unescape(title[1]))

    return browse


@pytest.mark.parametrize("width", [390, 1280])
def test_page_in_a_browser_has_its_points_and_cuts_nothing_off(look, width):
    seen = look(width)
    assert seen["scrolled"] == width  # the page itself does not scroll sideways; its wide tables do
    assert seen["points"] == 2 * (2 + 2) + 4  # of two Pareto plots with their legends, and of the threads
    assert seen["hills"] == 4
    assert seen["cut"] == []
    assert seen["smallest"] >= 9  # pixels


def test_page_in_a_browser_is_dark_where_the_user_wants_it(look):
    light, dark = (
        look(1280, "--blink-settings=preferredColorScheme=1"),
        look(1280, "--blink-settings=preferredColorScheme=0"),
    )
    assert (light["ground"], light["ink"]) == ("rgb(255, 255, 255)", "rgb(26, 26, 26)")
    assert (dark["ground"], dark["ink"]) == ("rgb(22, 22, 22)", "rgb(230, 230, 230)")
