"""Playgrounds: seconds until ready on a line of 9 Mb/s, and milliseconds of scripts for each frame.

    python -m benchmarks.playground [--repeats 5]       # needs the built site (make book) and Chromium

Ready: from the moment the box comes near until it can be used, the page itself being there; nothing compressed, 20 ms
of latency. A frame: the processor's time of all scripts of the page, over the frames that were drawn meanwhile, while a
line is drawn on the plane and all sliders go from end to end; of the quiz, the time for an answer. Medians of the runs,
each with a fresh page; `slowest` is the worst of them. 1.5 s and 16 ms are what we allow.
"""

import argparse
import json
import statistics
from typing import Any

from playwright.sync_api import Browser, CDPSession, Locator, Page, sync_playwright

from benchmarks import contest
from tools.book import playgrounds
from tools.browser import launch, open_page, serving

MEGABITS, LATENCY = 9, 20
SLOW = {"downloadThroughput": MEGABITS * 1e6 / 8, "uploadThroughput": MEGABITS * 1e6 / 8, "latency": LATENCY}
READY = """async box => {
    const begun = performance.now();
    box.scrollIntoView();
    while (!box.dataset.state) await new Promise(requestAnimationFrame);
    if (box.dataset.state !== 'ready') throw new Error(box.dataset.state);
    return (performance.now() - begun) / 1000;
}"""
FROM_END_TO_END = """async box => {
    for (const slider of [...box.querySelectorAll('input[type=range]')].slice(0, 4))
        for (let i = 0; i <= 12; i++) {
            slider.value = +slider.min + (i / 12) * (slider.max - slider.min);
            slider.dispatchEvent(new Event('input', { bubbles: true }));
            do await new Promise(requestAnimationFrame); while (!Playground.idle());
        }
}"""


def measured(page: Page, url: str, name: str) -> dict[str, float]:
    """One run: open, load slowly, use."""
    open_page(page, url)
    session, box = page.context.new_cdp_session(page), page.locator(f"#playground-{name}")
    session.send("Network.emulateNetworkConditions", {"offline": False, **SLOW})
    ready = box.evaluate(READY)
    page.wait_for_function("Playground.idle()")
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    if name == "real-or-fake":
        return {"ready": ready, "frame": answered(box, session)}
    before, frames = scripts(session), page.evaluate("Playground.frames()")
    drawn_on(page, box)
    box.evaluate(FROM_END_TO_END)
    return {"ready": ready, "frame": (scripts(session) - before) / (page.evaluate("Playground.frames()") - frames)}


def scripts(session: CDPSession) -> float:
    """Seconds that the processor has spent on scripts of the page."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration")


def drawn_on(page: Page, box: Locator) -> None:
    """A long line by mouse over the plane, where there is one."""
    plane = box.locator("canvas[role=application]")
    if not plane.count():
        return
    plane.scroll_into_view_if_needed()
    area = plane.bounding_box()
    assert area
    page.mouse.move(area["x"] + 60, area["y"] + 60)
    page.mouse.down()
    for x, y in ((200, 80), (100, 200), (220, 220)):
        page.mouse.move(area["x"] + x, area["y"] + y, steps=12)
    page.mouse.up()
    page.wait_for_function("Playground.idle()")


def answered(box: Locator, session: CDPSession) -> float:
    """Seconds of scripts for each of 29 answers to the quiz."""
    box.get_by_role("radio", name="30").check()
    before = scripts(session)
    box.get_by_role("button", name="Real").evaluate("b => { for (let i = 0; i < 29; i++) b.click() }")
    return (scripts(session) - before) / 29


def row(browser: Browser, address: str, chapter: str, name: str, repeats: int) -> dict[str, Any]:
    runs = []
    for _ in range(repeats):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(120_000)
        runs.append(measured(page, f"{address}book/{chapter}.html", name))
        page.close()
    seconds = {what: [run[what] for run in runs] for what in ("ready", "frame")}
    return {
        "entry": f"{chapter}: {name}",
        "ready_s": round(statistics.median(seconds["ready"]), 3),
        "slowest_ready_s": round(max(seconds["ready"]), 3),
        "frame_ms": round(1000 * statistics.median(seconds["frame"]), 2),
        "slowest_frame_ms": round(1000 * max(seconds["frame"]), 2),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--only", nargs="+", help="these playgrounds, shown and not written")
    given = options.parse_args()
    with sync_playwright() as playwright, serving() as address:
        browser = launch(playwright)
        rows = [
            row(browser, address, chapter, name, given.repeats)
            for chapter, name in playgrounds()
            if not given.only or name in given.only
        ]
        about = contest.machine(1) | {"chromium": browser.version, "repeats": given.repeats}
        browser.close()
    if given.only:
        return print(json.dumps(rows, indent=1))
    contest.write("playground", {"machine": about, "contests": {f"ready at {MEGABITS} Mb/s, and frames": rows}})


if __name__ == "__main__":
    main()
