"""The page in a browser: a chat, live figures, both colour schemes, every width, the keyboard."""

import os
import re
import shutil
import unittest

from common import Server, skip

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    skip("the program chromium is absent")
try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:
    skip("the Python package playwright is absent")

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
WIDTHS = (360, 390, 768, 1440)

# The WCAG 2 contrast of each text against the colour behind it.
LOW_CONTRAST = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = color.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const back = channels(getComputedStyle(e).backgroundColor);
      if (back[3] !== 0) return back;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = element.value || [...element.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
    const box = element.getBoundingClientRect();
    if (!own || box.width < 2 || box.right < 0) continue;
    const [light, dark] = [channels(getComputedStyle(element).color), behind(element)]
      .map((c) => luminance(c.slice(0, 3))).sort((a, b) => b - a);
    if ((light + 0.05) / (dark + 0.05) < 4.5) low.push(`${element.tagName}#${element.id} ${element.textContent}`);
  }
  return low;
}"""

FOCUSED = """() => {
  const e = document.activeElement;
  return {id: e.id, tag: e.tagName, outline: getComputedStyle(e).outlineStyle === "none" ? 0 : parseFloat(getComputedStyle(e).outlineWidth)};
}"""


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.playwright = sync_playwright().start()
        cls.addClassCleanup(cls.playwright.stop)
        cls.browser = cls.playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.complaints = []

    def open(self, server, width=1440, **options):
        context = self.browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.addCleanup(context.close)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith((server.url, "data:")) or self.complaints.append(request.url))
        page.goto(server.url)
        return page

    def say(self, page, text):
        page.locator("#prompt").fill(text)
        page.locator("#prompt").press("Enter")

    def test_chats(self):
        with Server(step_us=1000) as server:
            page = self.open(server)
            page.locator("#system").fill("Be brief.")
            self.say(page, "Hello <b>you</b> 🌍")
            words = page.locator("li.assistant .words")
            expect(words).to_have_text("system: Be brief.\nuser: Hello <b>you</b> 🌍\n", use_inner_text=False, timeout=20_000)
            expect(page.locator("#send")).to_be_enabled()
            expect(page.locator("#speed")).to_contain_text("tokens")
            self.say(page, "Again")
            expect(words.nth(1)).to_contain_text("assistant: system: Be brief.")
            expect(words.nth(1)).to_contain_text("user: Again")
            page.locator("#clear").click()
            expect(page.locator("#messages li")).to_have_count(0)
            self.assertEqual(self.complaints, [])

    def test_stops_a_reply(self):
        with Server(step_us=20_000, context=100_000) as server:
            page = self.open(server)
            self.say(page, "word " * 2000)
            expect(page.locator("li.assistant .words")).to_contain_text("user: word")
            page.locator("#stop").click()
            expect(page.locator("#send")).to_be_enabled()
            expect(page.locator("#stop")).to_be_disabled()
            server.wait_until(lambda f: f["running"] == 0, "nothing runs")
            expect(page.locator("#problem")).to_be_hidden()
            self.assertEqual(self.complaints, [])

    def test_shows_figures_as_they_change(self):
        with Server(step_us=5000) as server:
            page = self.open(server)
            expect(page.locator("#model")).to_have_text("fake")
            expect(page.locator("#running")).to_have_text("0")
            page.locator("#max-tokens").fill("3000")
            self.say(page, "word " * 300)
            expect(page.locator("#running")).to_have_text("1")
            expect(page.locator("#pages")).to_have_text("1 of 1024")
            expect(page.locator("#kept")).to_have_text("30 %")
            expect(page.locator("#rate")).to_have_text(re.compile(r"^[1-9]\d*"))
            expect(page.locator("#spark-line")).to_have_attribute("d", re.compile("^M.*L"))
            self.assertEqual(self.complaints, [])

    def test_asks_for_the_key_and_keeps_it_in_the_tab(self):
        with Server(key="open-sesame") as server:
            page = self.open(server)
            expect(page.locator("#live-problem")).to_have_text("The server wants an API key.")
            self.say(page, "hi")
            expect(page.locator("#problem")).to_contain_text("API key")
            page.locator("#key").fill("open-sesame")
            expect(page.locator("#model")).to_have_text("fake")
            self.say(page, "hi")
            expect(page.locator("li.assistant .words")).to_contain_text("user: hi")
            page.reload()
            expect(page.locator("#model")).to_have_text("fake")
            self.assertEqual(page.evaluate("[document.cookie, localStorage.length]"), ["", 0])

    def test_says_when_the_server_is_gone(self):
        with Server() as server:
            page = self.open(server)
            expect(page.locator("#model")).to_have_text("fake")
            server.process.kill()
            expect(page.locator("#live-problem")).to_have_text("The server does not answer.")

    def test_fits_every_width_and_can_be_read_in_both_schemes(self):
        with Server(step_us=0) as server:
            page = self.open(server)
            self.say(page, "A long word: " + "x" * 300)
            expect(page.locator("#send")).to_be_enabled()
            expect(page.locator("#speed")).to_contain_text("tokens")
            expect(page.locator("#model")).to_have_text("fake")
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                for width in WIDTHS:
                    with self.subTest(scheme=scheme, width=width):
                        page.set_viewport_size({"width": width, "height": 900})
                        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width)
                        self.assertEqual(page.evaluate(LOW_CONTRAST), [])
                        if folder := os.environ.get("HADAL_SCREENSHOTS"):
                            page.screenshot(path=f"{folder}/serve-{scheme}-{width}.png", full_page=True)
            self.assertEqual(self.complaints, [])

    def test_is_reached_in_all_its_parts_by_tab(self):
        with Server() as server:
            page = self.open(server, width=390)
            expect(page.locator("#model")).to_have_text("fake")
            ids = []
            for _ in range(20):
                page.keyboard.press("Tab")
                focused = page.evaluate(FOCUSED)
                if focused["tag"] == "BODY":
                    break
                self.assertGreaterEqual(focused["outline"], 2, focused)
                ids.append(focused["id"])
            self.assertEqual(ids, ["", "prompt", "send", "clear", "system", "temperature", "max-tokens", "key"])

    def test_lets_nothing_else_run_or_frame_it(self):
        with Server() as server:
            fields = server.call("GET", "/")[1]
            policy = fields["Content-Security-Policy"]
            for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
                self.assertIn(part, policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(fields["X-Content-Type-Options"], "nosniff")
            page = self.open(server)
            page.evaluate("const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)")
            self.assertIsNone(page.evaluate("window.ran ?? null"))
            self.assertEqual(len(self.complaints), 1)


if __name__ == "__main__":
    unittest.main()
