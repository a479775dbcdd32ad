"""fuzz_target: one LLVMFuzzerTestOneInput, fuzzed by tools/fuzz, replayed by every test run."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_test")

def fuzz_target(name, srcs, deps, corpus = []):
    """A libFuzzer binary `name` (--config=fuzz) and a test `name_regressions`.

    Args:
      name: ends in _fuzz.
      srcs: define LLVMFuzzerTestOneInput.
      deps: what is fuzzed.
      corpus: seeds and regressions; the test runs each of them once.
    """
    cc_binary(
        name = name,
        testonly = True,
        srcs = srcs,
        linkopts = select({
            "//bazel/fuzz:is_enabled": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        tags = ["fuzz"],
        deps = deps + select({
            "//bazel/fuzz:is_enabled": [],
            "//conditions:default": ["//bazel/fuzz:replay_main"],
        }),
    )
    cc_test(
        name = name + "_regressions",
        size = "small",
        srcs = srcs,
        args = ["$(rootpath %s)" % c for c in corpus],
        data = corpus,
        linkopts = select({
            "//bazel/fuzz:is_enabled": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        deps = deps + select({
            "//bazel/fuzz:is_enabled": [],
            "//conditions:default": ["//bazel/fuzz:replay_main"],
        }),
    )
