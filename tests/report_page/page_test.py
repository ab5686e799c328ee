"""The page in a browser: it asks for nothing, fits its window, can be read in both colour schemes,
works by keyboard and without a script, and runs nothing that a report says."""

import shutil
import tempfile
import unittest

from common import SAMPLES, render, skip

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    skip("the program chromium is absent")
try:
    from playwright.sync_api import sync_playwright
except ImportError:
    skip("the Python package playwright is absent")

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
WIDTHS = (360, 390, 768, 1440)

# The WCAG 2 contrast of each element that has text of its own, against the backgrounds behind it.
LOW_CONTRAST = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const over = (top, under) => top.slice(0, 3).map((c, i) => c * top[3] + under[i] * (1 - top[3]));
  const luminance = (color) => {
    const [r, g, b] = color.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const rgba = (color) => { const c = channels(color); return c.length === 3 ? [...c, 1] : c; };
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.unshift(rgba(getComputedStyle(e).backgroundColor));
    return layers.reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const low = [];
  let seen = 0;
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
    const box = element.getBoundingClientRect();
    if (!own || box.width < 2 || box.height < 2 || ["SCRIPT", "STYLE"].includes(element.tagName)) continue;
    if (["title", "desc"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    const front = over(rgba(element instanceof SVGElement ? style.fill : style.color), back);
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    seen += 1;
    if (contrast < 4.5) low.push(`${element.tagName}.${element.className} ${contrast.toFixed(2)} ${element.textContent.trim().slice(0, 30)}`);
  }
  return {seen, low};
}"""

# What reaches beyond the window, apart from what scrolls on its own.
TOO_WIDE = """() => [...document.querySelectorAll("body *")].filter((e) =>
  !e.closest(".scroll, .unseen, .skip, svg, thead") && e.getBoundingClientRect().right > innerWidth + 0.5)
  .map((e) => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`).slice(0, 5)"""

FOCUSED = """() => {
  const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
  return {tag: e.tagName, id: e.id, text: e.textContent.trim().slice(0, 60), href: e.getAttribute("href"),
          group: e.dataset.group ?? null, outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
          inside: box.bottom > 0 && box.top < innerHeight && box.width > 0};
}"""


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.urls = {name: render(name, cls.folder.name).as_uri() for name in SAMPLES}
        cls.playwright = sync_playwright().start()
        cls.addClassCleanup(cls.playwright.stop)
        cls.browser = cls.playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.complaints, self.requests = [], []

    def tearDown(self):
        self.assertEqual(self.complaints, [])
        self.assertEqual(self.requests, [])

    def open(self, name, hash="", width=1440, height=900, **options):
        """The page of a sample; what it complains of or asks for fails the test."""
        context = self.browser.new_context(viewport={"width": width, "height": height}, **options)
        self.addCleanup(context.close)
        url = self.urls[name]

        def route(route):
            if route.request.url.split("#")[0] == url:
                route.continue_()
            else:
                self.requests.append(route.request.url)
                route.abort()

        context.route("**/*", route)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(url + hash)
        return page

    def open_all(self, page):
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")

    def test_fits_windows_of_every_width(self):
        for name in SAMPLES:
            page = self.open(name)
            for opened in (False, True):
                if opened:
                    self.open_all(page)
                for width in WIDTHS:
                    with self.subTest(name=name, width=width, opened=opened):
                        page.set_viewport_size({"width": width, "height": 900})
                        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width)
                        self.assertEqual(page.evaluate(TOO_WIDE), [])

    def test_can_be_read_in_both_colour_schemes(self):
        for name in SAMPLES:
            page = self.open(name)
            self.open_all(page)
            page.locator("#filters button").first.click()
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                background = page.evaluate("getComputedStyle(document.body).backgroundColor")
                self.assertEqual(sum(map(int, background[4:-1].split(","))) > 384, scheme == "light")
                for width in (390, 1440):
                    with self.subTest(name=name, scheme=scheme, width=width):
                        page.set_viewport_size({"width": width, "height": 900})
                        found = page.evaluate(LOW_CONTRAST)
                        self.assertGreater(found["seen"], 100)
                        self.assertEqual(found["low"], [])

    def tab_stops(self, page):
        """Each element that Tab reaches, in order."""
        stops = []
        for _ in range(200):
            page.keyboard.press("Tab")
            stop = page.evaluate(FOCUSED)
            if stop["tag"] == "BODY":
                return stops
            stops.append(stop)
        self.fail("Tab never leaves the page")

    def test_is_reached_in_all_its_parts_by_tab_and_shows_where_it_is(self):
        page = self.open("complete", width=390)
        stops = self.tab_stops(page)
        self.assertEqual(stops[0]["href"], "#main")
        for stop in stops:
            self.assertGreaterEqual(stop["outline"], 2, stop)
            self.assertTrue(stop["inside"], stop)
        groups = [stop["group"] for stop in stops if stop["group"]]
        self.assertEqual(set(groups), {"verdict", "domain", "module"})
        cases = page.locator("details").count()
        self.assertEqual(sum((stop["href"] or "").startswith("#case-") for stop in stops), cases)
        self.assertEqual(sum(stop["tag"] == "SUMMARY" for stop in stops), cases)
        self.assertIn("open-all", [stop["id"] for stop in stops])

    def test_skips_to_the_results(self):
        page = self.open("complete")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        self.assertEqual(page.evaluate("document.activeElement.id"), "main")

    def test_works_by_enter_and_space(self):
        page = self.open("complete")
        for key in ("Enter", "Space"):
            page.locator("summary").first.focus()
            before = page.locator("details[open]").count()
            page.keyboard.press(key)
            self.assertNotEqual(page.locator("details[open]").count(), before)
        for key, pressed in (("Enter", "true"), ("Space", "false")):
            page.locator("#filters button").first.focus()
            page.keyboard.press(key)
            self.assertEqual(page.locator("#filters button").first.get_attribute("aria-pressed"), pressed)
        page.locator("#open-all").focus()
        page.keyboard.press("Enter")
        self.assertEqual(page.locator("details:not([open])").count(), 0)
        page.keyboard.press("Space")
        self.assertEqual(page.locator("details[open]").count(), 0)

    def test_filters_cases_and_their_details(self):
        page = self.open("complete")
        rows, details = page.locator("tbody tr[data-verdict]"), page.locator("details")
        count = rows.count()
        self.assertEqual(page.locator("#shown").inner_text(), f"{count} of {count} cases shown")
        self.assertFalse(page.locator("#clear").is_visible())

        def visible():
            self.assertEqual([r.is_visible() for r in rows.all()], [d.is_visible() for d in details.all()])
            return [(r.get_attribute("data-verdict"), r.get_attribute("data-domain")) for r in rows.all() if r.is_visible()]

        everything = visible()
        page.click("button[data-value=cv]")
        self.assertEqual(visible(), [case for case in everything if case[1] == "cv"])
        page.click("button[data-value=better]")
        self.assertEqual(visible(), [case for case in everything if case == ("better", "cv")])
        page.click("button[data-value=failed]")
        wanted = [case for case in everything if case[1] == "cv" and case[0] in ("better", "failed")]
        self.assertEqual(visible(), wanted)
        self.assertEqual(page.locator("#shown").inner_text(), f"{len(wanted)} of {count} cases shown")
        self.assertTrue(0 < len(wanted) < count)
        page.click("#clear")
        self.assertEqual(visible(), everything)
        self.assertEqual(page.locator("#filters [aria-pressed=true]").count(), 0)

    def test_counts_beside_filters_are_those_of_the_cases(self):
        page = self.open("complete")
        for button in page.locator("#filters button[data-group]").all():
            group, value = button.get_attribute("data-group"), button.get_attribute("data-value")
            rows = page.locator(f"tbody tr[data-{group}='{value}']").count()
            self.assertEqual(button.locator(".count").inner_text(), str(rows), value)

    def test_opens_the_case_that_a_link_names(self):
        page = self.open("complete", "#case-cv/fgsm-int8-robustness")
        self.assertEqual(page.evaluate("[...document.querySelectorAll('details[open]')].map((d) => d.id)"),
                         ["case-cv/fgsm-int8-robustness"])
        page.click("a[href='#case-nlp/attention-dense-16k']")
        target = page.locator("[id='case-nlp/attention-dense-16k']")
        # The browser tells of a new hash some time after the click.
        target.locator("summary:focus").wait_for()
        self.assertIsNotNone(target.get_attribute("open"))
        box = target.bounding_box()
        self.assertTrue(0 <= box["y"] < 900, box)

    def test_shows_a_case_that_a_link_names_though_filters_hide_it(self):
        page = self.open("complete")
        page.click("button[data-value=speech]")
        page.evaluate("location.hash = '#case-nlp/attention-dense-16k'")
        target = page.locator("[id='case-nlp/attention-dense-16k']")
        target.locator(".body").wait_for()

    def test_bears_any_hash(self):
        for hash in ("#%E0%A4%A", "#'\"<>", "#nothing", "#"):
            page = self.open("complete", hash)
            self.assertTrue(page.locator("#open-all").is_visible())

    def test_works_without_javascript(self):
        page = self.open("complete", java_script_enabled=False)
        self.assertTrue(page.locator("table.cases tbody tr").last.is_visible())
        self.assertFalse(page.locator("#filters").is_visible())
        self.assertFalse(page.locator("#open-all").is_visible())
        details = page.locator("details").first
        self.assertFalse(details.locator(".body").is_visible())
        details.locator("summary").click()
        self.assertTrue(details.locator(".body").is_visible())

    def test_runs_nothing_that_a_report_says(self):
        page = self.open("hostile")
        self.open_all(page)
        page.locator("summary").first.focus()
        self.assertTrue(page.evaluate("window.pwned === undefined"))
        self.assertEqual(page.locator("img").count(), 0)
        self.assertEqual(page.locator("script").count(), 1)

    def test_prints_every_detail_and_no_control(self):
        page = self.open("complete")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        self.assertEqual(page.locator("details:not([open])").count(), 0)
        for control in ("#filters", "#open-all", ".skip"):
            self.assertFalse(page.locator(control).is_visible(), control)
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        self.assertEqual(page.locator("details[open]").count(), 0)
        page.emulate_media(media="screen")
        self.assertTrue(page.pdf().startswith(b"%PDF"))

    def test_says_that_a_run_is_partial(self):
        self.assertEqual(self.open("partial").locator("[role=alert]").count(), 1)
        self.assertEqual(self.open("complete").locator("[role=alert]").count(), 0)


if __name__ == "__main__":
    unittest.main()
