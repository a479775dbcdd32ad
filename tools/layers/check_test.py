#!/usr/bin/env python3
"""Every rule of check.py, broken once."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check  # noqa: E402

LAYERS = """
base libs/base
L0   libs/device libs/tokenizer   # same row
L2   libs/kernels/*
L5   services/*
tools tools
"""


class LayerCheckTest(unittest.TestCase):
    def violations(self, files):
        with tempfile.TemporaryDirectory() as root:
            subprocess.run(["git", "init", "-q", root], check=True)
            files = {"tools/layers/layers.txt": LAYERS, **files}
            for path, text in files.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)
            return [str(v) for v in check.check_tree(root)]

    def assert_one(self, files, start):
        found = self.violations(files)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(start), found[0])

    def test_accepts_what_goes_downward(self):
        self.assertEqual([], self.violations({
            "libs/base/check.h": "#pragma once\n",
            "libs/kernels/softmax/softmax.cc":
                '#include "libs/kernels/softmax/softmax.h"\n'
                '#include "libs/device/pool.h"\n#include "gtest/gtest.h"\n',
            "libs/kernels/softmax/BUILD":
                'cc_library(name = "softmax", deps = ["//libs/device:pool"],'
                ' visibility = ["//tools:__pkg__"])\n',
            "tools/main.cc": '#include "services/gateway/gateway.h"\n',
            "services/gateway/gateway.cc":
                '#include "services/verifier/client/client.h"\n'
                '#include "proto/verifier.pb.h"\n',
        }))

    def test_names_file_and_line_of_an_upward_include(self):
        self.assert_one(
            {"libs/base/check.cc": '#include <a>\n#include "libs/device/d.h"\n'},
            "libs/base/check.cc:2: layer: ")

    def test_refuses_an_include_within_a_row(self):
        self.assert_one(
            {"libs/device/d.cc": '#include "libs/tokenizer/t.h"\n'},
            "libs/device/d.cc:1: layer: ")

    def test_kernels_do_not_include_each_other(self):
        self.assert_one(
            {"libs/kernels/rope/r.cc": '#include "libs/kernels/softmax/s.h"\n'},
            "libs/kernels/rope/r.cc:1: layer: ")

    def test_refuses_an_upward_dep(self):
        self.assert_one(
            {"libs/base/BUILD":
                'cc_library(\n    name = "x",\n    deps = select({\n'
                '        ":a": ["//libs/device"],\n    }),\n)\n'},
            "libs/base/BUILD:4: layer: //libs/device: ")

    def test_libs_do_not_see_proto(self):
        self.assert_one(
            {"libs/device/d.cc": '#include "proto/verifier.pb.h"\n'},
            "libs/device/d.cc:1: libs-proto: ")
        self.assert_one(
            {"libs/device/BUILD": 'cc_library(name="x", deps=["//proto:v"])\n'},
            "libs/device/BUILD:1: libs-proto: ")

    def test_services_see_clients_only(self):
        self.assert_one(
            {"services/gateway/g.cc": '#include "services/verifier/v.h"\n'},
            "services/gateway/g.cc:1: service-client: ")

    def test_a_new_folder_needs_a_row(self):
        self.assert_one({"libs/new/n.cc": ""}, "libs/new/n.cc:1: unknown-folder: ")

    def test_includes_start_at_the_top(self):
        self.assert_one(
            {"libs/base/check.h": "", "libs/base/check.cc": '#include "check.h"\n'},
            "libs/base/check.cc:1: include-path: ")
        self.assert_one(
            {"libs/base/check.cc": '#include "../device/d.h"\n'},
            "libs/base/check.cc:1: include-path: ")

    def test_isa_sources_include_little(self):
        folder = "libs/kernels/dot/"
        self.assertEqual([], self.violations({
            folder + "dot_args.h": "#include <cstdint>\nstruct Args { int n; };\n",
            folder + "dot_avx512.cc":
                f'#include "{folder}dot_args.h"\n#include <immintrin.h>\n',
        }))
        self.assert_one(
            {folder + "dot_avx512.cc": "#include <vector>\n"},
            folder + "dot_avx512.cc:1: isa-include: vector")
        self.assert_one(
            {folder + "dot_args.h": '#include <cstdint>\n#include <string>\n',
             folder + "dot_avx2.cc": f'#include "{folder}dot_args.h"\n'},
            folder + "dot_args.h:2: isa-include: string")
        self.assert_one(
            {"libs/base/check.h": "",
             folder + "dot_avx2.cc": '#include "libs/base/check.h"\n'},
            folder + "dot_avx2.cc:1: isa-include: ")

    def test_an_isa_header_of_another_folder_does_the_same(self):
        source = {"libs/kernels/dot/dot_amx.cc":
                  '#include "libs/device/amx_tiles.h"\n'}
        header = "libs/device/amx_tiles.h"
        self.assertEqual([], self.violations(
            {header: "#include <cstdint>\n#define ZERO() 0\n", **source}))
        self.assert_one({header: "#include <string>\n", **source},
                        header + ":1: isa-include: string")
        self.assert_one({header: "inline int F() { return 1; }\n", **source},
                        header + ":1: isa-inline: ")

    def test_isa_headers_define_nothing_the_linker_shares(self):
        folder = "libs/kernels/dot/"
        source = {folder + "dot_avx2.cc": f'#include "{folder}dot_args.h"\n'}
        self.assertEqual([], self.violations({
            folder + "dot_args.h":
                "inline constexpr int kWidth = 8;\nstatic inline int F() { return 1; }\n"
                "namespace {\ninline int G() { return 1; }\n}\n", **source}))
        for text in ("inline int F() { return 1; }\n",
                     "template <int n> int F() { return n; }\n",
                     "inline constexpr int F(int a = 1) { return a; }\n"):
            self.assert_one({folder + "dot_args.h": text, **source},
                            folder + "dot_args.h:1: isa-inline: ")

    def test_isa_flags_only_on_sources_named_for_them(self):
        self.assert_one(
            {"libs/kernels/dot/BUILD":
                'cc_library(\n    name = "x",\n    copts = AVX2_COPTS,\n'
                '    srcs = [\n        "dot_avx2.cc",\n        "dot.cc",\n    ],\n)\n'},
            "libs/kernels/dot/BUILD:6: isa-copts: dot.cc")


if __name__ == "__main__":
    unittest.main()
