"""embedded_files: files of the tree as strings in a C++ library."""

load("@rules_cc//cc:defs.bzl", "cc_library")

def embedded_files(name, srcs, namespace, function):
    """A cc_library `name`, its header `<name>.h`.

    The header declares, in `namespace`, `struct EmbeddedFile {absl::string_view
    name, body;}` and `absl::Span<const EmbeddedFile> <function>()`: the files in
    the order of their names, which are their base names.

    Args:
      name: of the library and of what is generated.
      srcs: files with different base names.
      namespace: such as "tessera::gateway".
      function: such as "PlaygroundFiles".
    """
    path = native.package_name() + "/" + name
    native.genrule(
        name = name + "_source",
        srcs = srcs,
        outs = [
            name + ".cc",
            name + ".h",
        ],
        cmd = " ".join([
            "python3 $(execpath //bazel/embed:embed.py)",
            "--header $(execpath %s.h)" % name,
            "--source $(execpath %s.cc)" % name,
            "--include %s.h" % path,
            "--namespace " + namespace,
            "--function " + function,
            "$(SRCS)",
        ]),
        exec_tools = ["//bazel/embed:embed.py"],
    )
    cc_library(
        name = name,
        srcs = [name + ".cc"],
        hdrs = [name + ".h"],
        visibility = ["//visibility:private"],
        deps = [
            "@com_google_absl//absl/strings",
            "@com_google_absl//absl/types:span",
        ],
    )
