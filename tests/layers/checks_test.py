"""Tests that the checks of this folder find each kind of problem in small bad trees."""

import pathlib
import tempfile
import unittest

import check_layers
import check_text

CORE = "hadal_module(core PUBLIC_HEADERS error.h PUBLIC torch)\n"


def problems(check, files):
    """What `check` says of a tree of {path: content}."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return check(pathlib.Path(folder))


class Layers(unittest.TestCase):
    def check(self, files, *expected):
        base = {"hadal/core/CMakeLists.txt": CORE, "hadal/core/error.h": "#include <string>\n"}
        found = problems(check_layers.check, base | files)
        self.assertEqual(len(found), len(expected), found)
        for problem, part in zip(found, expected):
            self.assertIn(part, problem)

    def includes(self, path, include, *expected):
        self.check({path: f"#include {include}\n"}, *expected)

    def test_accepts_lower_layers_and_the_own_one(self):
        self.includes("hadal/core/file.cpp", '"hadal/core/error.h"')
        self.includes("hadal/models/a.cpp", '"hadal/core/error.h"')
        self.includes("hadal/cli/a.cpp", '"hadal/bench/cases/case.h"')
        self.includes("hadal/bench/cases/nlp/a.cpp", '"hadal/dao/gate.h"')
        self.includes("hadal/bench/compare/a.cpp", '"hadal/bench/report/report.h"')

    def test_finds_includes_of_upper_layers_and_of_peers(self):
        line = "hadal/core/a.cpp:1: core may not include \"hadal/data/idx.h\" of data"
        self.includes("hadal/core/a.cpp", '"hadal/data/idx.h"', line)
        self.includes("hadal/core/deep/a.h", '  "hadal/cli/main.h"', "core may not include")
        self.includes("hadal/dao/a.cpp", '"hadal/hpts/a.h"', "dao may not include")
        self.includes("hadal/msp/a.cpp", '"hadal/draf/a.h"', "msp may not include")
        self.includes("hadal/draf/a.cpp", '"hadal/bench/report/a.h"', "draf may not include")

    def test_lets_only_cases_know_several_modules(self):
        self.includes("hadal/bench/run/a.cpp", '"hadal/models/a.h"', "bench may not include")
        self.includes("hadal/bench/run/a.cpp", '"hadal/bench/cases/a.h"', "bench may not include")
        self.includes("hadal/bench/report/a.cpp", '"hadal/data/a.h"', "bench/report may not")
        self.includes("hadal/bench/report/a.cpp", '"hadal/bench/compare/a.h"', "bench/report may")

    def test_finds_test_helpers_in_what_ships(self):
        self.includes("hadal/core/a_test.cpp", '"hadal/testing/paths.h"')
        self.includes("hadal/core/golden.h", '"hadal/testing/paths.h"')
        self.includes("hadal/bench/report/sample.h", '"hadal/testing/paths.h"')
        self.includes("hadal/core/a.cpp", '"hadal/testing/paths.h"', "only tests may")
        self.includes("hadal/core/error.h", '"hadal/testing/paths.h"', "not public")

    def test_finds_files_and_targets_of_no_layer(self):
        self.check({"hadal/new/a.h": ""}, "hadal/new/a.h:1: belongs to no layer")
        self.includes("hadal/cli/a.cpp", '"hadal/new/a.h"', "belongs to no layer")
        self.check({"hadal/new/CMakeLists.txt": "hadal_module(new)\n"}, "hadal_new belongs to no")

    def test_finds_umbrella_headers_and_relative_paths(self):
        for umbrella in check_layers.UMBRELLAS:
            self.includes("hadal/models/a.cpp", f"<{umbrella}>", "costs seconds")
        self.includes("hadal/core/a.cpp", '"../data/idx.h"', "from the repository's root")

    def test_finds_headers_that_only_one_file_may_include(self):
        gloo = "<torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>"
        self.includes("hadal/core/process_group/gloo_backend.cpp", gloo)
        self.includes("hadal/core/process_group/connect.cpp", gloo, "only hadal/core/process_group/gloo_backend.cpp may")
        self.includes("hadal/hpts/a.cpp", "<gloo/context.h>", "only hadal/core/process_group/gloo_backend.cpp may")
        reducer = "<torch/csrc/distributed/c10d/reducer.hpp>"
        self.includes("hadal/hpts/distributed/reducer.cpp", reducer)
        self.includes("hadal/hpts/distributed/data_parallel.cpp", reducer, "only hadal/hpts/distributed/reducer.cpp may")

    def test_finds_what_public_headers_may_not_include(self):
        self.includes("hadal/core/error.h", "<ATen/core/Tensor.h>")
        for include in ("<ATen/ops/add.h>", "<unistd.h>", "<nlohmann/json.hpp>", "<torch/nn/module.h>"):
            self.includes("hadal/core/error.h", include, "a public header includes <")
        self.includes("hadal/core/error.h", '"hadal/core/private.h"', "which is not public")
        models = {"hadal/models/CMakeLists.txt": "hadal_module(models PUBLIC_HEADERS\n  net.h)\n"}
        net = "#include \"hadal/core/error.h\"\n#include <torch/nn/modules/linear.h>\n"
        self.check(models | {"hadal/models/net.h": net})
        self.check(models | {"hadal/models/net.h": "#include <torch/nn.h>\n"}, "<torch/nn.h>")
        self.check(models, "hadal/models/net.h: is listed in PUBLIC_HEADERS but does not exist")

    def test_finds_links_to_upper_layers(self):
        self.check({"hadal/data/CMakeLists.txt": "hadal_module(data PUBLIC Hadal::core ZLIB::ZLIB)\n"})
        self.check({"hadal/data/CMakeLists.txt": "\nhadal_module(data PRIVATE Hadal::models)\n"},
                   "hadal/data/CMakeLists.txt:2: data may not link models")
        self.check({"hadal/bench/CMakeLists.txt": "hadal_module(bench PUBLIC Hadal::core)\n"
                    "target_link_libraries(hadal_bench_cases PUBLIC Hadal::models Hadal::bench)\n"})
        self.check({"hadal/bench/CMakeLists.txt": "hadal_module(bench PUBLIC Hadal::models)\n"},
                   "bench may not link models")
        self.check({"hadal/core/CMakeLists.txt":
                    CORE + "target_link_libraries(core_tests PRIVATE hadal_data)\n"},
                   "core may not link data")

    def test_ignores_comments(self):
        self.includes("hadal/core/a.cpp", '<string>  // not "hadal/cli/main.h"')
        self.check({"hadal/data/CMakeLists.txt": "# hadal_module(data PRIVATE Hadal::models)\n"})


class Text(unittest.TestCase):
    def check(self, name, content, *expected):
        found = problems(check_text.check, {name: content})
        self.assertEqual(len(found), len(expected), found)
        for problem, part in zip(found, expected):
            self.assertIn(part, problem)

    def test_accepts_clean_files(self):
        self.check("hadal/a.cpp", "int a;\n" * check_text.MAX_LINES)
        self.check("hadal/empty.h", "")
        self.check("Makefile", "a:\n\ttrue\n")
        self.check("docs/long.md", "line\n" * 1000)

    def test_finds_each_kind(self):
        self.check("hadal/a.cpp", "a;\nb;\r\n", "hadal/a.cpp:2: ends its line with a carriage")
        self.check("docs/a.md", "a\n\nb \n", "docs/a.md:3: has space at the end")
        self.check("hadal/a.h", "a\n\tb\n", "hadal/a.h:2: has a tab")
        self.check(".ci/run", "a\nb", ".ci/run:2: does not end with an end of line")
        self.check("LICENSE", "a\n\n", "LICENSE:2: ends with an empty line")
        self.check("scripts/a.py", b"\xff\n", "is not UTF-8")
        self.check("hadal/a.cpp", "a;\n" * (check_text.MAX_LINES + 1), "has 301 lines")
        self.check("hadal/a.cpp", "a;\r\n\tb; \n", "carriage return", "space", "tab")

    def test_leaves_out_what_is_generated_and_test_data(self):
        self.check("build/a.cpp", "a")
        self.check("report/report.html", "a")
        self.check("hadal/a/testdata/crlf.txt", "a\r\n")
        self.check("hadal/a/testdata/make.py", "a", "make.py")
        self.check("hadal/bench/report/a.cpp", "a", "hadal/bench/report/a.cpp")


if __name__ == "__main__":
    unittest.main()
