"""Loading the library: twice, beside numpy, and without a second copy of a runtime."""

import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from common import LIBRARY, ROOT, inputs, ops
import hadal
import torch


def mapped(pattern):
    """The libraries in this process whose names match."""
    with open("/proc/self/maps") as maps:
        files = {line.split(maxsplit=5)[5].strip() for line in maps if len(line.split(maxsplit=5)) == 6}
    return {os.path.realpath(file) for file in files if re.search(pattern, os.path.basename(file))}


def python(code, **environment):
    return subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment})


class Loading(unittest.TestCase):
    def test_twice_changes_nothing(self):
        torch.ops.load_library(LIBRARY)
        self.assertEqual(ops.attention(*inputs((1, 1, 1, 9, 9, 8)))[0].shape, (1, 1, 9, 8))

    def test_brings_no_second_copy_of_a_runtime(self):
        ops.attention(*inputs((1, 2, 2, 256, 256, 8)))
        torch_folder = os.path.realpath(os.path.join(os.path.dirname(torch.__file__), "lib"))
        for pattern in (r"^lib(gomp|omp|iomp5)\b", r"^libtorch_cpu\b", r"^libc10\.so"):
            found = mapped(pattern)
            self.assertEqual({os.path.dirname(file) for file in found}, {torch_folder}, pattern)
            self.assertEqual(len(found), 1, found)

    def test_its_threads_are_torchs(self):
        tensors = inputs((1, 8, 8, 512, 512, 64))
        ops.attention(*tensors)
        threads = len(os.listdir("/proc/self/task"))
        for _ in range(3):
            torch.nn.functional.scaled_dot_product_attention(*tensors)
            ops.attention(*tensors)
        self.assertEqual(len(os.listdir("/proc/self/task")), threads)

    def test_works_beside_numpy(self):
        if not importlib.util.find_spec("numpy"):
            self.skipTest("the Python package numpy is absent")
        code = ("import {}\nimport numpy, {}\nimport sys; sys.path.insert(0, {!r})\nimport hadal\n"
                "x = torch.from_numpy(numpy.ones((1, 2, 99, 8), numpy.float32))\n"
                "assert (numpy.ones((64, 64)) @ numpy.ones((64, 64)))[0, 0] == 64\n"
                "print(hadal.ops.attention(x, x, x)[0].sum().item())")
        for first, second in (("numpy", "torch"), ("torch", "os")):
            done = python(code.format(first, second, str(ROOT / "python")).replace("numpy, os", "numpy"))
            self.assertEqual((done.returncode, done.stdout), (0, "1584.0\n"), done.stderr)


class Finding(unittest.TestCase):
    def test_the_library_named_by_the_environment_comes_first(self):
        self.assertEqual(hadal.find_library(), LIBRARY)

    def test_a_wrong_name_is_told(self):
        done = python("import hadal", PYTHONPATH=str(ROOT / "python"), HADAL_OPS="/no/such.so")
        self.assertIn("HADAL_OPS names /no/such.so, which is no file", done.stderr)

    def test_an_installed_and_a_built_library_are_found(self):
        source = (ROOT / "python/hadal/__init__.py").read_text()
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            package = root / "python/hadal/__init__.py"
            package.parent.mkdir(parents=True)
            package.write_text(source)
            look = {"PYTHONPATH": str(root / "python"), "HADAL_OPS": ""}
            code = "import hadal; print(hadal.find_library(), hasattr(hadal.ops, 'attention'))"
            self.assertIn(f"libhadal_ops.so is neither at {root}", python(code, **look).stderr)
            for place in ("build/release/lib/libhadal_ops.so", "libhadal_ops.so"):
                library = root / place
                library.parent.mkdir(parents=True, exist_ok=True)
                library.symlink_to(LIBRARY)
                done = python(code, **look)
                self.assertEqual(done.stdout, f"{library} True\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
