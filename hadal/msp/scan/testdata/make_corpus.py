"""Makes the inputs that the fuzzers of the scan start from, from the files of tests/msp/malicious.py that are small.

Run: python3 make_corpus.py
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[3] / "tests/msp"))
sys.dont_write_bytecode = True
import malicious  # noqa: E402

KEPT = {"pickle": ("tricks", lambda name: True),
        "archive": ("archives", lambda name: not name.startswith(("bomb", "lying-bomb")))}

for folder, (which, keeps) in KEPT.items():
    (HERE / folder).mkdir(exist_ok=True)
    for name, content in malicious.SETS[which]():
        if keeps(name) and len(content) < 4096:
            (HERE / folder / name).write_bytes(content)
