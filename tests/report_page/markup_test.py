"""The page as an HTML parser sees it: sound nesting, nothing from elsewhere, a policy that fits."""

import base64
import collections
import hashlib
import html.parser
import json
import re
import tempfile
import unittest

from common import SAMPLES, render, sample_path

VOID = {"meta", "link", "br", "hr", "img", "input"}
# A paragraph ends where one of these starts, so none may stand in one.
BLOCKS = {"div", "dl", "p", "ul", "table", "section", "details", "h1", "h2", "h3", "h4", "header", "main"}


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.errors, self.elements, self.text = [], [], [], collections.defaultdict(list)
        self.feed(text)
        self.close()
        if self.open:
            self.errors.append(f"left open: {self.open}")

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if len(dict(attributes)) != len(attributes):
            self.errors.append(f"<{tag}> repeats an attribute: {attributes}")
        if tag in BLOCKS and "p" in self.open:
            self.errors.append(f"<{tag}> within <p>, line {self.getpos()[0]}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.errors.append(f"</{tag}> closes {self.open[-3:]}, line {self.getpos()[0]}")
        else:
            self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.text[self.open[-1]].append(data)

    def values(self, attribute):
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]


class Markup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            cls.sources = {name: render(name, folder).read_text(encoding="utf-8") for name in SAMPLES}
        cls.pages = {name: Page(source) for name, source in cls.sources.items()}

    def test_nests_soundly(self):
        for name, page in self.pages.items():
            with self.subTest(name):
                self.assertEqual(page.errors, [])

    def test_gives_each_id_once_and_refers_to_those_there_are(self):
        for name, page in self.pages.items():
            with self.subTest(name):
                ids = page.values("id")
                self.assertEqual(len(ids), len(set(ids)))
                for reference in [*page.values("aria-labelledby"), *(h[1:] for h in page.values("href") if h[0] == "#")]:
                    self.assertIn(reference, ids)

    def test_has_an_anchor_for_every_case(self):
        for name, page in self.pages.items():
            with self.subTest(name):
                anchors = {a["id"] for tag, a in page.elements if tag == "details"}
                cases = json.loads(sample_path(name).read_text())["cases"]
                self.assertEqual(anchors, {"case-" + case["id"] for case in cases})

    def test_takes_nothing_from_elsewhere(self):
        for name, page in self.pages.items():
            with self.subTest(name):
                for attribute in ("href", "xlink:href"):
                    for target in page.values(attribute):
                        self.assertRegex(target, r"^(#|data:)")
                for attribute in ("src", "srcset", "action", "poster", "data", "style"):
                    self.assertEqual(page.values(attribute), [])
                self.assertIsNone(re.search(r"url\(|@import", "".join(page.text["style"])))
                self.assertIsNone(re.search(r"https?:|//[a-z]", self.sources[name]))
                self.assertFalse([a for _, a in page.elements for key in a if key.startswith("on")])

    def test_has_a_policy_that_lets_only_its_own_style_and_script_run(self):
        for name, page in self.pages.items():
            with self.subTest(name):
                policies = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
                self.assertEqual(len(policies), 1)
                def hash_of(tag):
                    digest = hashlib.sha256("".join(page.text[tag]).encode()).digest()
                    return f"'sha256-{base64.b64encode(digest).decode()}'"
                directives = dict(part.strip().split(" ", 1) for part in policies[0].split(";"))
                self.assertEqual(directives, {
                    "default-src": "'none'", "img-src": "data:", "style-src": hash_of("style"),
                    "script-src": hash_of("script"), "base-uri": "'none'", "form-action": "'none'"})
                self.assertEqual(sum(tag == "script" for tag, _ in page.elements), 1)

    def test_shows_hostile_text_as_text(self):
        page = self.pages["hostile"]
        shown = "".join(sum(page.text.values(), []))
        self.assertIn("</style></script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>\"'&", shown)
        self.assertNotIn("\0", self.sources["hostile"])


if __name__ == "__main__":
    unittest.main()
