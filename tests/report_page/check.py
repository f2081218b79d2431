#!/usr/bin/env python3
"""Opens a written report in a real browser and tries what a reader would do.

    check.py INDEX_HTML [SCREENSHOTS]

One line per check, `ok ...`; the first that fails ends the run with exit code 1. INDEX_HTML is the report of a `bmae reproduce`
with two epochs or more of each evaluation, so that there is a stretch to zoom into. Needs Debian's `chromium` and
`chromium-driver`, and no network. SCREENSHOTS is a folder for pictures of the page."""

import json
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True  # No folder of compiled files in the repository.
from driver import Browser  # noqa: E402

DESKTOP = (1280, 900)
PHONE = (390, 844)
RIGHT, LEFT, HOME, END = "\ue014", "\ue012", "\ue011", "\ue010"
ENTER = "\ue007"
SHOWN_CHART = "#explorer .panel:not([hidden]) [data-view]:not([hidden]) figure.live"


class Failure(Exception):
    """A check that did not hold."""


def check(what, holds, found=""):
    if not holds:
        raise Failure(f"{what}: found {found!r}" if found != "" else what)
    print(f"ok {what}", flush=True)


def until(browser, script, seconds=5.0):
    """Waits for a script to return something true; returns its last value."""
    end = time.monotonic() + seconds
    while True:
        value = browser.run(script)
        if value or time.monotonic() > end:
            return value
        time.sleep(0.05)


def is_quiet(browser, page, name):
    """Neither words on the console nor requests for anything but the page itself."""
    console = [entry["message"] for entry in browser.log("browser")]
    check(f"{name}: nothing on the console", not console, console)
    asked = []
    for entry in browser.log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith("data:") and url.split("#")[0] != page:
                asked.append(url)
    entries = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    asked += [url for url in entries if not url.startswith("data:")]
    check(f"{name}: no request leaves the page", not asked, asked)


def fits(browser, name):
    """Nothing is wider than the window, whichever panel is open."""
    for tab in browser.run("return Array.from(document.querySelectorAll('.tabs [role=tab]'), (tab) => tab.id)"):
        browser.run("document.getElementById(arguments[0]).click()", tab)
        wide = browser.run(
            "const room = document.documentElement.clientWidth;"
            "if (document.documentElement.scrollWidth <= room) { return []; }"
            "return Array.from(document.querySelectorAll('body *'))"
            ".filter((each) => each.getBoundingClientRect().right > room + 1).slice(0, 5)"
            ".map((each) => `${each.tagName}.${each.className} in ${each.closest('[id]')?.id}`)"
        )
        check(f"{name}: {tab} fits the window", not wide, wide)
    browser.run("document.querySelector('.tabs [role=tab]').click()")


def tabs_work(browser, name):
    selected = "return document.querySelector('.tabs [aria-selected=true]').id"
    visible = "return Array.from(document.querySelectorAll('.panel:not([hidden])'), (panel) => panel.id)"
    ids = browser.run("return Array.from(document.querySelectorAll('.tabs [role=tab]'), (tab) => tab.id)")
    check(f"{name}: there are tabs", len(ids) >= 2, ids)
    browser.click(f"#{ids[1]}")
    check(f"{name}: a click selects a tab", browser.run(selected) == ids[1], browser.run(selected))
    panels = browser.run(visible)
    check(f"{name}: and shows its panel alone", panels == [ids[1].removeprefix("tab-")], panels)
    browser.keys(f"#{ids[1]}", RIGHT)
    check(f"{name}: the right arrow goes to the next tab", browser.run(selected) == ids[2 % len(ids)])
    check(f"{name}: and takes the focus there", browser.run("return document.activeElement.id") == ids[2 % len(ids)])
    browser.keys(f"#{ids[2 % len(ids)]}", HOME, LEFT)
    check(f"{name}: the left arrow goes round to the last tab", browser.run(selected) == ids[-1])
    browser.keys(f"#{ids[-1]}", HOME)
    check(f"{name}: Home goes to the first", browser.run(selected) == ids[0])
    roving = browser.run("return document.querySelectorAll('.tabs [role=tab][tabindex=\"0\"]').length")
    check(f"{name}: one tab is in the order of the Tab key", roving == 1, roving)


def open_panel(browser, wants):
    """Opens the first panel whose open view holds an element that the selector names."""
    for tab in browser.run("return Array.from(document.querySelectorAll('.tabs [role=tab]'), (tab) => tab.id)"):
        browser.run("document.getElementById(arguments[0]).click()", tab)
        if browser.run("return document.querySelector(arguments[0]) !== null", wants):
            return
    raise Failure(f"no panel shows {wants}")


def views_work(browser, name):
    open_panel(browser, "#explorer .panel:not([hidden]) .views")
    views = "#explorer .panel:not([hidden]) .views [role=tab]"
    browser.click(f"{views}:nth-child(2)")
    shown = browser.run(f"return document.querySelectorAll('{views}')[1].getAttribute('aria-selected')")
    check(f"{name}: a click changes to the linear probe", shown == "true", shown)
    view = "Array.from(document.querySelectorAll('.panel:not([hidden]) [data-view]:not([hidden])'), (v) => v.dataset.view)"
    check(f"{name}: and shows it alone", browser.run(f"return {view}") == ["Linear probe"], browser.run(f"return {view}"))
    browser.keys(f"{views}:nth-child(2)", LEFT)
    check(f"{name}: the left arrow changes back", browser.run(f"return {view}") == ["Fine-tuning"])


def charts_work(browser, name):
    open_panel(browser, SHOWN_CHART)
    chart = f"document.querySelector('{SHOWN_CHART}')"
    check(f"{name}: a live chart stands in the place of the drawing", browser.run(
        f"return {chart}.querySelector('canvas') !== null"
        f" && Array.from({chart}.children).filter((c) => c.tagName === 'svg').every((c) => c.getClientRects().length === 0)"
    ))
    painted = browser.run(
        f"const canvas = {chart}.querySelector('canvas');"
        "const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
        "let painted = 0; for (let at = 3; at < pixels.length; at += 4) { painted += pixels[at] > 0; } return painted;"
    )
    check(f"{name}: it is painted", painted > 500, painted)

    place = f"return {chart}.querySelector('.legend caption').textContent"
    before = browser.run(place)
    browser.run(f"{chart}.querySelector('.frame').scrollIntoView({{block: 'center'}})")
    x, y, width, height = browser.run(
        f"const box = {chart}.querySelector('.u-over').getBoundingClientRect();"
        "return [box.x, box.y, box.width, box.height];"
    )
    browser.pointer((x + 0.3 * width, y + 0.5 * height))
    hover = until(browser, f"const now = {chart}.querySelector('.legend caption').textContent; return now !== 'At the end' && now")
    check(f"{name}: the pointer shows values at its place", before == "At the end" and hover, hover)
    values = browser.run(f"return Array.from({chart}.querySelectorAll('.legend td'), (cell) => cell.textContent)")
    check(f"{name}: of the curves", any(value != "–" for value in values), values)

    browser.pointer((x + 0.02 * width, y + 0.5 * height), "down", (x + 0.3 * width, y + 0.5 * height), (x + 0.6 * width, y + 0.5 * height), "up")
    reset = f"{SHOWN_CHART} .reset"
    zoomed = until(browser, f"return !document.querySelector('{reset}').disabled")
    check(f"{name}: a drag zooms in", zoomed)
    browser.click(reset)
    check(f"{name}: a button shows all again", until(browser, f"return document.querySelector('{reset}').disabled"))

    browser.keys(f"{SHOWN_CHART} .frame", HOME)
    spoken = browser.run(f"return {chart}.querySelector('.spoken').textContent")
    check(f"{name}: the keyboard reads values too", spoken.startswith("At "), spoken)

    legend = f"{SHOWN_CHART} .legend tr:last-child button"
    pressed = f"return document.querySelector('{legend}').getAttribute('aria-pressed')"
    pixels = (
        f"const canvas = {chart}.querySelector('canvas'); return canvas.toDataURL().length + ':' + "
        "canvas.toDataURL().slice(-4000);"
    )
    shown = browser.run(pixels)
    browser.click(legend)
    check(f"{name}: a legend entry hides its curve", browser.run(pressed) == "false", browser.run(pressed))
    hidden = until(browser, pixels.replace("return ", f"const before = {json.dumps(shown)}; const now = ") + " return now !== before;")
    check(f"{name}: and the chart is painted anew", hidden)
    browser.keys(legend, ENTER)
    check(f"{name}: Enter shows it again", browser.run(pressed) == "true", browser.run(pressed))

    browser.click(f"{SHOWN_CHART} .numbers summary")
    rows = until(browser, f"return {chart}.querySelectorAll('.numbers tbody tr').length")
    check(f"{name}: the values can be read as a table", rows >= 1, rows)
    browser.click(f"{SHOWN_CHART} .numbers summary")


def table_sorts(browser, name):
    rows = "return Array.from(document.querySelectorAll('.results tbody tr'), (row) => row.cells[0].textContent)"
    values = (
        "return Array.from(document.querySelectorAll('.results tbody tr'), (row) => row.cells[1].dataset.value)"
        ".filter((value) => value !== undefined).map(Number)"
    )
    heading = ".results thead th:nth-child(2)"
    sort = f"return document.querySelector('{heading}').getAttribute('aria-sort')"
    before = browser.run(rows)
    browser.click(f"{heading} button")
    numbers = browser.run(values)
    check(f"{name}: a heading sorts from the highest", numbers == sorted(numbers, reverse=True), numbers)
    check(f"{name}: and says so", browser.run(sort) == "descending", browser.run(sort))
    browser.keys(f"{heading} button", ENTER)
    numbers = browser.run(values)
    check(f"{name}: Enter turns the order round", numbers == sorted(numbers) and browser.run(sort) == "ascending", numbers)
    browser.click(".results thead th:first-child button")
    check(f"{name}: the first heading restores the order", browser.run(rows) == before, browser.run(rows))


def theme_switches(browser, name, theme):
    ground = "return getComputedStyle(document.body).backgroundColor"
    system = browser.run(ground)
    label = "return document.getElementById('theme').textContent"
    names = {"dark": "Light theme", "light": "Dark theme"}
    other_theme = "light" if theme == "dark" else "dark"
    check(f"{name}: the button names the other theme", browser.run(label) == names[theme], browser.run(label))
    browser.keys("#theme", ENTER)
    other = browser.run(ground)
    check(f"{name}: Enter on it changes the theme", other != system, other)
    check(f"{name}: and its name", browser.run(label) == names[other_theme], browser.run(label))
    browser.refresh()
    check(f"{name}: and the choice is kept", browser.run(ground) == other, browser.run(ground))
    check(f"{name}: with the name", browser.run(label) == names[other_theme], browser.run(label))
    browser.click("#theme")
    check(f"{name}: and back", browser.run(ground) == system, browser.run(ground))
    browser.run("try { localStorage.clear() } catch {}")


def works_without_script(browser, page):
    browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page, *DESKTOP, "light")
    browser.cdp("Emulation.setScriptExecutionDisabled", value=False)
    drawn = browser.run(
        "return Array.from(document.querySelectorAll('figure > svg.wide'), (svg) => svg.getClientRects().length)"
    )
    check("without scripts: every drawing is visible", drawn and all(drawn), drawn)
    hidden = browser.run("return document.querySelectorAll('.panel[hidden]').length")
    check("without scripts: no panel is hidden", hidden == 0, hidden)


def is_labelled(browser, name):
    nameless = browser.run(
        "return Array.from(document.querySelectorAll('button, select, a, summary, [role=region], [role=group], svg[role=img], img'))"
        ".filter((each) => !(each.getAttribute('aria-label') || each.getAttribute('alt') || each.textContent.trim()"
        " || each.closest('label')))"
        ".map((each) => each.outerHTML.slice(0, 80))"
    )
    check(f"{name}: whatever can be used has a name", not nameless, nameless)
    twice = browser.run(
        "const ids = Array.from(document.querySelectorAll('[id]'), (each) => each.id);"
        "return ids.filter((id, index) => ids.indexOf(id) !== index)"
    )
    check(f"{name}: no id is given twice", not twice, twice)


def run(page, folder):
    with Browser() as browser:
        for width, height in (DESKTOP, PHONE):
            for theme in ("light", "dark"):
                name = f"{width} x {height}, {theme}"
                browser.open(page, width, height, theme)
                if folder:
                    browser.screenshot(folder / f"{width}-{theme}.png")
                is_labelled(browser, name)
                fits(browser, name)
                tabs_work(browser, name)
                views_work(browser, name)
                charts_work(browser, name)
                table_sorts(browser, name)
                if folder:
                    browser.screenshot(folder / f"{width}-{theme}-used.png", whole=False)
                theme_switches(browser, name, theme)
                is_quiet(browser, page, name)
        works_without_script(browser, page)


def main():
    if len(sys.argv) not in (2, 3):
        print("expected INDEX_HTML [SCREENSHOTS]", file=sys.stderr)
        return 2
    path = Path(sys.argv[1]).resolve()
    if not path.is_file():
        print(f"{path} does not exist: name the index.html of a report", file=sys.stderr)
        return 2
    folder = Path(sys.argv[2]) if len(sys.argv) == 3 else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    try:
        run(path.as_uri(), folder)
    except (Failure, RuntimeError) as failure:
        print(f"FAILED {failure}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
