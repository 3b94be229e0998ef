"""The playgrounds in a browser, as readers meet them: by mouse, by keyboard, on a telephone, in the dark, on paper."""

import base64
import gzip
import json
import math
import re

import numpy as np
import pytest
from browser import TURN, Watched, violations
from PIL import Image

from companion.evaluate import quiz
from tools.book import SITE, pages, playgrounds
from tools.rows import results as contests_of

BOXES = playgrounds()
EVERY_BOX = pytest.mark.parametrize(("chapter", "name"), BOXES, ids=[f"{chapter}-{name}" for chapter, name in BOXES])
WITHOUT = [page.stem for page in pages() if page.stem not in dict(BOXES)]
PER_PAGE, READY, FRAME = 500_000, 1.5, 16  # bytes, gzipped; seconds at 9 Mb/s; milliseconds


def ready(opened, name):
    """The playground of an opened page, mounted and at rest."""
    found = opened.page.locator(f"#playground-{name}")
    found.scroll_into_view_if_needed()
    opened.page.wait_for_selector(f"#playground-{name}[data-state]", state="attached")
    assert found.get_attribute("data-state") == "ready"
    settle(opened.page)
    found.opened = opened
    return found


@pytest.fixture
def box(visit):
    """box(chapter, name) is a playground on a fresh page, whose formulas need not be set."""

    def find(chapter, name, formulas=False, **options):
        return ready(visit(f"book/{chapter}.html", formulas=formulas, **options), name)

    return find


@pytest.fixture(scope="module")
def used(browser, server):
    """used(chapter, name) is a playground that other tests have used too: for what holds in every state of it."""
    kept = {}

    def find(chapter, name):
        if chapter not in kept:
            watched = Watched.new(browser, (server, "data:", "blob:"))
            watched.open(f"{server}book/{chapter}.html", formulas=False)
            kept[chapter] = ready(watched, name)
        return kept[chapter]

    yield find
    for found in kept.values():
        found.opened.page.context.close()


def settle(page):
    """Until nothing waits for the next frame to be drawn."""
    page.wait_for_function("Playground.idle()")


def pixels(box, selector, at=0):
    """A canvas as numbers (h, w, 4) in 0..255; as text on the way, which is much faster than as a list."""
    width, height, text = (
        box.locator(selector)
        .nth(at)
        .evaluate(
            """c => {
                const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
                let text = '';
                for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
                return [c.width, c.height, btoa(text)];
            }"""
        )
    )
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4).astype(int)


def digest(box):
    return box.evaluate(
        """b => [...b.querySelectorAll('canvas')].map(c => {
            const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
            return data.reduce((sum, v, i) => (sum * 31 + v * (i % 97 + 1)) % 1000000007, 7);
        })"""
    )


# What is told to those who do not see the canvas, a third of a second after the last event.
SAID = "words => new RegExp(words).test(document.querySelector('.playground-voice').innerText)"


def words(box):
    return box.locator(".playground-words").inner_text()


# -- loading --


def test_every_model_of_the_design_has_its_playground():
    assert {name for _, name in BOXES} == {
        "norms", "svd-rank", "nmf-parts", "gmm-2d", "draw-a-digit", "gan-sample", "cgan", "vae-latent", "real-or-fake",
    }  # fmt: skip


@pytest.mark.parametrize("where", ["server", "disk"])
@EVERY_BOX
def test_it_mounts_without_an_error_and_asks_no_other_host(used, box, chapter, name, where):
    disk = {"base": SITE.as_uri() + "/", "formulas": True}
    found = used(chapter, name) if where == "server" else box(chapter, name, **disk)
    found.opened.nothing_amiss()
    assert found.locator(".playground-stage").is_visible()
    assert not found.locator(".playground-fallback").is_visible()
    assert max(len(np.unique(pixels(found, "canvas", i))) for i in range(found.locator("canvas").count())) > 3


@pytest.mark.parametrize("chapter", WITHOUT)
def test_a_page_without_a_playground_loads_nothing_of_them(visit, chapter):
    page = visit(f"book/{chapter}.html", formulas=False).page
    assert (
        page.evaluate("performance.getEntriesByType('resource').map(e => e.name).filter(n => /playground/.test(n))")
        == []
    )


def test_nothing_is_loaded_before_the_box_comes_near(visit):
    page = visit("book/cnn.html", formulas=False).page
    loaded = "performance.getEntriesByType('resource').map(e => e.name).filter(n => /playground.models/.test(n))"
    assert page.evaluate(loaded) == []


def files(found):
    """What the box's page loads of the playgrounds, beyond the theme."""
    page = found.opened.page
    scripts = json.loads(found.get_attribute("data-scripts"))
    common = ["../_static/playground/core.js", "../_static/playground/playground.css"]
    assert all(re.search(r"\?v=[0-9a-f]{8}$", url) for url in scripts)
    assert page.evaluate("document.querySelector('script[src*=core]').src").partition("?")[2].startswith("v=")
    paths = [SITE / "book" / url.partition("?")[0] for url in [*scripts, *common]]
    return [*paths, SITE / "_images" / found.locator("img").get_attribute("src").rpartition("/")[2]]


@EVERY_BOX
def test_it_weighs_little(used, chapter, name):
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in files(used(chapter, name))}
    assert sum(sizes.values()) <= PER_PAGE, sizes


def test_times_were_measured_and_are_within_the_limits():
    """By benchmarks/playground.py, which writes the record; here no clock runs."""
    (rows,) = contests_of("playground").values()
    assert [row["entry"] for row in rows] == [f"{chapter}: {name}" for chapter, name in BOXES]
    assert max(row["ready_s"] for row in rows) <= READY
    assert max(row["frame_ms"] for row in rows) <= FRAME


@EVERY_BOX
def test_the_line_takes_half_of_the_time_at_most(used, chapter, name):
    """Scripts uncompressed at 9 Mb/s, all asked for at once; the other half is for unpacking and the first picture."""
    scripts = [path for path in files(used(chapter, name)) if path.suffix == ".js"]
    assert sum(path.stat().st_size for path in scripts) * 8 / 9e6 <= READY / 2


@pytest.mark.parametrize(("chapter", "name"), [box for box in BOXES if box[1] != "real-or-fake"])
def test_many_events_are_drawn_once(used, chapter, name):
    """A pointer moves more often than the screen is drawn; what it asks for waits for the next frame."""
    found = used(chapter, name)
    drawn = found.evaluate(
        """async box => {
            const slider = box.querySelector('input[type=range]'), pad = box.querySelector('canvas[role=application]');
            const before = Playground.frames();
            for (let i = 0; i < 40; i++) {
                if (slider) slider.value = +slider.min + (i / 39) * (slider.max - slider.min);
                if (slider) slider.dispatchEvent(new Event('input', { bubbles: true }));
                else pad.dispatchEvent(new KeyboardEvent('keydown', { key: i ? 'ArrowLeft' : ' ', bubbles: true }));
            }
            if (Playground.frames() !== before) return 'at once';
            while (!Playground.idle()) await new Promise(requestAnimationFrame);
            return Playground.frames() - before;
        }"""
    )
    assert 1 <= drawn <= 20


def test_when_a_script_is_missing_the_picture_stays(visit, server):
    opened = visit("book/index.html")
    opened.page.route("**/models/cgan.js*", lambda route: route.abort())
    opened.page.goto(f"{server}book/cgan.html")
    box = opened.page.locator("#playground-cgan")
    box.scroll_into_view_if_needed()
    opened.page.wait_for_selector("#playground-cgan[data-state=failed]")
    assert box.locator("img").is_visible()
    assert not box.locator(".playground-stage").count()


# -- for everybody --


@EVERY_BOX
def test_without_scripts_and_on_paper_there_is_a_picture(used, server, chapter, name):
    found = used(chapter, name)
    still = found.opened.page.context.browser.new_context(java_script_enabled=False)
    page = still.new_page()
    page.goto(f"{server}book/{chapter}.html")
    assert page.locator(f"#playground-{name} img").is_visible()
    still.close()
    found.opened.page.emulate_media(media="print")
    assert found.locator("img").is_visible()
    assert not found.locator(".playground-stage").is_visible()
    found.opened.page.emulate_media(media="screen")
    assert found.locator(".playground-stage").is_visible()


@EVERY_BOX
def test_axe_finds_nothing_in_light_and_dark(box, chapter, name):
    found = box(chapter, name)
    for choice in found.get_by_role("radio").all()[1:2]:
        choice.check()
    if name == "real-or-fake":
        for _ in range(30):
            found.get_by_role("button", name="Real").click()
    for scheme in ("light", "dark"):
        found.opened.page.evaluate(TURN, scheme)
        settle(found.opened.page)
        assert violations(found.opened.page, (f"#playground-{name}", ".playground-voice")) == [], scheme


@EVERY_BOX
def test_every_control_has_a_name_and_room_for_a_finger(used, chapter, name):
    found = used(chapter, name)
    controls = "button, input, canvas[role=application]"
    named = found.locator(controls).evaluate_all(
        "all => all.map(e => e.ariaLabel || e.innerText || [...e.labels || []].map(l => l.innerText).join(' '))"
    )
    assert all(text.strip() for text in named)
    sizes = found.locator("button, .playground-choice span, input[type=range], input[type=file]").evaluate_all(
        "all => all.map(e => [e.getBoundingClientRect().width, e.getBoundingClientRect().height])"
    )
    assert sizes
    assert min(min(size) for size in sizes) >= 43.5


@EVERY_BOX
def test_it_fits_a_narrow_window_and_is_drawn_in_forced_colours(box, chapter, name):
    found = box(chapter, name, formulas=True, viewport={"width": 320, "height": 700}, forced_colors="active")
    wide = found.evaluate(
        """b => [...b.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth
            && !e.closest('mjx-container, .playground-voice')).map(e => `${e.tagName}.${e.className}`)"""
    )
    assert (wide, found.opened.page.evaluate("document.documentElement.scrollWidth")) == ([], 320)
    cut = found.evaluate(
        """b => {
            const texts = document.createTreeWalker(b, NodeFilter.SHOW_TEXT), cut = [], end = b.getBoundingClientRect();
            while (texts.nextNode()) {
                const range = document.createRange();
                range.selectNodeContents(texts.currentNode);
                if (range.getBoundingClientRect().right > end.right - 8
                    && !texts.currentNode.parentElement.closest('mjx-container')) cut.push(range.toString());
            }
            return cut;
        }"""
    )
    assert cut == []
    found.opened.nothing_amiss()
    for i in range(found.locator("canvas").count()):
        assert len(np.unique(pixels(found, "canvas", i))) > 1


@EVERY_BOX
def test_every_slider_moves_by_arrow_keys_and_says_its_value(used, chapter, name):
    found = used(chapter, name)
    for slider in found.locator("input[type=range]").all():
        before = slider.get_attribute("aria-valuetext"), digest(found)
        key = "ArrowRight" if float(slider.input_value()) < float(slider.get_attribute("max")) else "ArrowLeft"
        for _ in range(3):
            slider.press(key)
        settle(found.opened.page)
        assert slider.get_attribute("aria-valuetext") != before[0]
        assert digest(found) != before[1]


@pytest.mark.parametrize(
    ("chapter", "name"), [box for box in BOXES if box[1] in ("norms", "gmm-2d", "draw-a-digit", "vae-latent")]
)
def test_every_plane_is_moved_by_arrow_keys_and_says_so(used, chapter, name):
    found = used(chapter, name)
    plane = found.locator("canvas[role=application]")
    plane.focus()
    before = digest(found)
    for key in ("ArrowRight", "ArrowUp", "Shift+ArrowLeft"):
        plane.press(key)
    if name == "draw-a-digit":
        plane.press(" ")
    settle(found.opened.page)
    assert digest(found) != before
    found.opened.page.wait_for_function(SAID, arg="\\S")
    plane.press("Tab")  # and it lets go
    assert found.opened.page.evaluate("document.activeElement.getAttribute('role')") != "application"


# -- each for itself --


def test_the_picture_is_what_the_network_says_pixel_for_pixel(box):
    import torch  # for this test alone

    from tools import packing, playground

    found = box("vae", "vae-latent")
    for label, value in (("z₁", "-1.05"), ("z₂", "0.75")):
        slider = found.get_by_label(label)
        slider.fill(value)
    settle(found.opened.page)
    y = packing.forward(
        packing.rounded(playground.the_vae().layers), torch.tensor([[-1.05, 0.75]], dtype=torch.float64)
    )
    seen = pixels(found, "canvas[aria-label^='The picture']")
    assert np.abs(seen[..., 0] - np.round(255 * y.numpy().reshape(28, 28))).max() <= 1
    assert (seen[..., 3] == 255).all()


def test_a_walk_from_a_to_b_ends_where_they_are(box):
    found = box("vae", "vae-latent")
    found.get_by_label("z₁").fill("2")
    found.get_by_label("z₂").fill("-2")
    found.get_by_role("button", name="B is here").click()
    found.get_by_label("From A to B", exact=True).fill("0")
    assert found.get_by_label("z₁").input_value() == "-1.5"
    found.get_by_label("From A to B", exact=True).fill("1")
    settle(found.opened.page)
    assert (found.get_by_label("z₁").input_value(), found.get_by_label("z₂").input_value()) == ("2", "-2")
    strip, shown = pixels(found, "canvas[aria-label^='Nine']"), pixels(found, "canvas[aria-label^='The picture']")
    np.testing.assert_array_equal(strip[1:29, -29:-1], shown)


def test_ten_digits_of_the_test_set_are_read(box):
    found = box("cnn", "draw-a-digit")
    said = []
    for _ in range(10):
        said.append(found.locator(".playground-stage").get_attribute("data-said"))
        found.get_by_role("button", name="An example").click()
        settle(found.opened.page)
    assert said == [str(i) for i in range(10)]


STROKES = {
    "0": [[(0.3 * math.cos(t / 5), 0.45 * math.sin(t / 5)) for t in range(33)]],
    "1": [[(0, 0.5), (0, -0.5)]],
    "4": [[(-0.05, 0.5), (-0.35, -0.05), (0.35, -0.05)], [(0.2, 0.3), (0.2, -0.5)]],
    "7": [[(-0.3, 0.45), (0.3, 0.45), (-0.05, -0.5)]],
}


@pytest.mark.parametrize("digit", STROKES)
@pytest.mark.parametrize("corner", [(0, 0), (0.45, 0.35)], ids=["middle", "corner"])
def test_a_digit_drawn_by_mouse_is_read(box, digit, corner):
    found = box("cnn", "draw-a-digit", viewport={"width": 1280, "height": 1000})
    found.get_by_role("button", name="Clear").click()
    page, area = found.opened.page, found.locator("canvas[role=application]").bounding_box()
    size = 1 if corner == (0, 0) else 0.55
    for stroke in STROKES[digit]:
        line = [
            (
                area["x"] + area["width"] * (1 + size * x + corner[0]) / 2,
                area["y"] + area["height"] * (1 - size * y - corner[1]) / 2,
            )
            for x, y in stroke
        ]
        page.mouse.move(*line[0])
        page.mouse.down()
        for point in line[1:]:
            page.mouse.move(*point, steps=6)
        page.mouse.up()
    settle(page)
    assert found.locator(".playground-stage").get_attribute("data-said") == digit
    assert "100 %" not in found.inner_text()


def test_a_one_is_drawn_by_keys_alone_and_cleared(box):
    found = box("cnn", "draw-a-digit")
    pad = found.locator("canvas[role=application]")
    pad.press("Delete")
    settle(found.opened.page)
    assert found.locator(".playground-stage").get_attribute("data-said") == ""
    for key in ["Shift+ArrowUp", "Space", *["ArrowDown"] * 12, "Space", "ArrowRight"]:
        pad.press(key)
    settle(found.opened.page)
    assert found.locator(".playground-stage").get_attribute("data-said") == "1"


def test_maps_of_the_other_layers_are_shown(box):
    found = box("cnn", "draw-a-digit")
    shapes = []
    for layer in ("1", "2", "3"):
        found.get_by_role("radio", name=layer).check()
        settle(found.opened.page)
        seen = pixels(found, ".playground-maps canvas")
        shapes.append(seen.shape[:2])
        assert seen[..., 0].max() == 255
    assert shapes == [(4 * 28, 8 * 28), (8 * 13, 8 * 13), (8 * 5, 8 * 5)]


def test_a_picture_of_the_readers_own_at_full_rank_is_that_picture(box, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (70, 90), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "own.png")
    found = box("svd", "svd-rank")
    found.locator("input[type=file]").set_input_files(tmp_path / "own.png")
    found.get_by_text("of 70:").wait_for()
    found.get_by_label("Rank k").fill("70")
    settle(found.opened.page)
    assert "relative error 0.000" in words(found)
    np.testing.assert_allclose(pixels(found, "canvas", 1)[..., 0], noise, atol=1)
    found.get_by_label("Rank k").fill("3")
    settle(found.opened.page)
    s = np.linalg.svd(noise / 255, compute_uv=False)
    assert f"relative error {np.sqrt((s[3:] ** 2).sum() / (s**2).sum()):.3f}" in words(found)
    (tmp_path / "no.png").write_text("not a picture")
    found.locator("input[type=file]").set_input_files(tmp_path / "no.png")
    found.get_by_text("cannot read this file").wait_for()
    found.get_by_role("button", name="again").click()
    found.get_by_text("of 128:").wait_for()


def test_em_climbs_and_points_come_and_go(box):
    found = box("gmm", "gmm-2d")
    values = []
    for _ in range(4):
        found.get_by_role("button", name="E-step").click()
        found.get_by_role("button", name="M-step").click()
        values.append(float(re.search(r"log-likelihood (−?[\d.]+)", words(found))[1].replace("−", "-")))
    assert values == sorted(values)
    assert values[-1] > values[0]
    plane = found.locator("canvas[role=application]")
    plane.press("Space")
    assert words(found).startswith("91 points")
    plane.press("Delete")
    assert words(found).startswith("90 points")
    found.get_by_role("button", name="No points").click()
    found.get_by_role("button", name="M-step").click()
    assert "no points" in words(found)
    plane.press("Space")
    found.get_by_role("button", name="Run").click()
    found.opened.page.wait_for_timeout(600)
    found.opened.nothing_amiss()


def test_a_point_is_dragged(box):
    found = box("gmm", "gmm-2d", viewport={"width": 1280, "height": 1000})
    found.get_by_role("button", name="No points").click()
    page, area = found.opened.page, found.locator("canvas[role=application]").bounding_box()
    page.mouse.click(area["x"] + 100, area["y"] + 100)
    assert words(found).startswith("A new start")
    page.mouse.move(area["x"] + 100, area["y"] + 100)
    page.mouse.down()
    page.mouse.move(area["x"] + 250, area["y"] + 250, steps=4)
    page.mouse.up()
    found.get_by_role("button", name="M-step").click()
    settle(page)
    disc = pixels(found, "canvas")
    side = disc.shape[0] / area["width"]
    assert disc[round(240 * side), round(250 * side), 3] == 255  # the only component sits there now
    assert disc[round(90 * side), round(100 * side), 3] == 0


def test_points_are_taken_away_by_mouse(box):
    found = box("gmm", "gmm-2d", viewport={"width": 1280, "height": 1000})
    found.get_by_role("button", name="No points").click()
    page, area = found.opened.page, found.locator("canvas[role=application]").bounding_box()
    for x in (60, 160, 260):
        page.mouse.click(area["x"] + x, area["y"] + 120)
    found.get_by_role("radio", name="takes away").check()
    page.mouse.click(area["x"] + 60, area["y"] + 120)
    assert words(found).startswith("2 points.")
    page.mouse.click(area["x"] + 300, area["y"] + 300)  # nothing is there
    assert words(found).startswith("2 points.")
    page.mouse.move(area["x"] + 120, area["y"] + 120)
    page.mouse.down()
    page.mouse.move(area["x"] + 300, area["y"] + 120, steps=20)  # all that it passes
    page.mouse.up()
    assert words(found).startswith("0 points.")
    found.get_by_role("radio", name="adds or drags").check()
    page.mouse.click(area["x"] + 60, area["y"] + 120)
    assert words(found).startswith("1 point.")


def test_parts_are_taken_away_and_found_again(box):
    found = box("nmf", "nmf-parts")
    found.get_by_role("button", name="All to zero").click()
    settle(found.opened.page)
    assert words(found) == "0 of 16 parts in use; relative error 1.000."
    errors = []
    for button in ("One step", "100 steps"):
        found.get_by_role("button", name=button).click()
        settle(found.opened.page)
        errors.append(float(re.search(r"error ([\d.]+)\.", words(found))[1]))
    assert 1 > errors[0] > errors[1]


def test_the_columns_are_dragged_and_the_norms_follow(box):
    found = box("norms", "norms", viewport={"width": 1280, "height": 1000})
    area = found.locator("canvas").bounding_box()
    at = lambda x, y: (area["x"] + area["width"] * (1 + x / 3.2) / 2, area["y"] + area["height"] * (1 - y / 3.2) / 2)  # noqa: E731
    page = found.opened.page
    page.mouse.move(*at(1.4, 0.3))
    page.mouse.down()
    page.mouse.move(*at(2.0, -1.0), steps=5)
    page.mouse.up()
    shown = [found.get_by_label(name).input_value() for name in ("a₁₁", "a₂₁")]
    assert [float(v) for v in shown] == [pytest.approx(2, abs=0.06), pytest.approx(-1, abs=0.06)]
    A = np.array([[float(found.get_by_label(f"a{i}{j}").input_value()) for j in "₁₂"] for i in "₁₂"])
    table = dict(line.split("\t") for line in found.locator("table").inner_text().splitlines())
    expected = [np.linalg.norm(A, p) for p in (1, 2, np.inf, "fro")]
    assert [float(v) for v in list(table.values())[:4]] == pytest.approx(expected, abs=6e-4)


def test_the_same_codes_draw_another_class_and_half_of_the_way(box):
    found = box("cgan", "cgan")
    seen = [digest(found)]
    found.get_by_role("group", name="Draw a").get_by_role("radio", name="3").check()
    settle(found.opened.page)
    seen.append(digest(found))
    found.get_by_label("On the way").fill("0.5")
    settle(found.opened.page)
    seen.append(digest(found))
    found.get_by_label("On the way").fill("0")
    settle(found.opened.page)
    found.get_by_role("group", name="Draw a").get_by_role("radio", name="7").check()
    settle(found.opened.page)
    assert digest(found) == seen[0]
    assert len({str(s) for s in seen}) == 3


@pytest.mark.parametrize(
    ("chapter", "name", "slider"), [("cgan", "cgan", "On the way"), ("dcgan", "gan-sample", "Walk to")]
)
def test_all_pictures_follow_while_a_slider_moves(box, chapter, name, slider):
    """A new value with every frame, as when it is dragged: each picture has its turn, not only the first ones."""
    found = box(chapter, name)
    before = pixels(found, "canvas")
    found.get_by_label(slider).evaluate(
        """async s => {
            for (let i = 1; i <= 30; i++) {
                s.value = i / 60;
                s.dispatchEvent(new Event('input', { bubbles: true }));
                await new Promise(requestAnimationFrame);
            }
        }"""
    )
    moved = (pixels(found, "canvas") != before).any(-1)
    corners = [(r, c) for r in range(1, moved.shape[0], 30) for c in range(1, moved.shape[1], 30)]
    assert all(moved[r : r + 28, c : c + 28].any() for r, c in corners)


def test_samples_are_new_walk_and_shrink_to_one(box):
    found = box("dcgan", "gan-sample")
    first = digest(found)
    found.get_by_role("button", name="New codes").click()
    settle(found.opened.page)
    assert digest(found) != first
    found.get_by_label("Length of the codes").fill("0")
    settle(found.opened.page)
    sheet = pixels(found, "canvas")
    tiles = [sheet[r : r + 28, c : c + 28, 0] for r in (1, 31, 61) for c in range(1, 180, 30)]
    assert all((tile == tiles[0]).all() for tile in tiles)
    before = digest(found)
    found.get_by_role("radio", name="dense layers").check()
    settle(found.opened.page)
    assert digest(found) != before


def test_the_chapter_before_has_its_own_generator_alone(box):
    found = box("gan", "gan-sample")
    assert json.loads(found.get_attribute("data-models")) == ["gan"]
    assert found.locator("fieldset").count() == 0


def play(found, n, answer):
    """Answer the round by buttons; how many were right, and what each picture was."""
    for i in range(n):
        assert re.fullmatch(rf"Round \d+, picture {i + 1} of {n}\.", words(found))  # and nothing about the truth
        assert not found.locator(".playground-wide").inner_text()
        found.get_by_role("button", name=answer(i)).click()
    settle(found.opened.page)
    truth = re.findall(r"\d+ (generated|real)", found.locator(".playground-wide p").inner_text())
    return int(re.search(r"(\d+) of \d+ right", words(found))[1]), truth


def test_the_quiz_counts_and_tells_in_the_end(box):
    found = box("evaluate", "real-or-fake")
    answer = lambda i: ("Real", "Generated")[i % 2]  # noqa: E731
    right, truth = play(found, 10, answer)
    assert found.get_by_role("button", name="Generated").is_disabled()
    said = [answer(i).lower() for i in range(10)]
    assert right == sum(t == s for t, s in zip(truth, said, strict=True))
    expected = quiz.score(*(np.array(given) == "generated" for given in (truth, said)))
    text = found.inner_text()
    assert f"between {100 * expected.low:.0f} % and {100 * expected.high:.0f} % (95 % interval)" in text
    told = re.search(r"d′ = (\S+), bias c = (\S+)\.", text.replace("−", "-"))
    assert [float(v) for v in told.groups()] == pytest.approx([expected.sensitivity, expected.bias], abs=0.006)
    found.get_by_role("button", name="Next round").click()
    assert "picture 1 of 10" in words(found)


def test_a_round_of_the_quiz_is_the_same_for_everybody(box):
    found, seen = box("evaluate", "real-or-fake"), []
    for number in ("7", "8", "7"):
        found.get_by_label("Round", exact=True).fill(number)
        found.get_by_label("Round", exact=True).press("Enter")
        right, truth = play(found, 10, lambda i: "Real")
        assert right == truth.count("real")
        seen.append((truth, pixels(found, ".playground-wide canvas").tolist()))
    assert seen[0] == seen[2] != seen[1]
    found.get_by_role("radio", name="30").check()
    right, truth = play(found, 30, lambda i: "Real")
    assert len(truth) == 30
    assert truth[:10] != seen[0][0]
    found.get_by_label("Round", exact=True).fill("-3")
    found.get_by_label("Round", exact=True).press("Enter")
    assert words(found) == "Round 1, picture 1 of 30."


def test_the_quiz_is_taken_by_keys_alone(box):
    found = box("evaluate", "real-or-fake")
    page = found.opened.page
    found.get_by_role("button", name="Real").focus()
    for _ in range(10):
        page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.className") == "playground-words"  # the focus is not lost
    assert "of 10 right" in words(found)
    page.wait_for_function(SAID, arg="95 % interval")
    for _ in range(3):  # the length, the number of the round, the next round
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert "picture 1 of 10" in words(found)


def test_the_quiz_shows_what_it_says_it_shows(box):
    """Real ones are pictures of the shelf; generated ones are not."""
    found = box("evaluate", "real-or-fake")
    _, truth = play(found, 10, lambda i: "Real")
    shelf = found.evaluate("() => [...Playground.nn.bytes(Playground.models.real.pixels)]")
    shelf = {bytes(x) for x in np.reshape(np.array(shelf, np.uint8), (-1, 784))}
    sheet = pixels(found, ".playground-wide canvas")[..., 0].astype(np.uint8)
    tiles = [sheet[1:29, c : c + 28].tobytes() for c in range(1, 300, 30)]
    assert [tile in shelf for tile in tiles] == [t == "real" for t in truth]
