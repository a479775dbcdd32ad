"""All third-party repositories, backed by Debian 12 packages."""

load("//third_party/debian:debian_library.bzl", "debian_library")
load("//third_party/debian:rules_cc.bzl", "debian_rules_cc")

def bazel_repositories():
    """Repositories that Bazel itself would otherwise download."""
    debian_rules_cc(name = "rules_cc")
    native.local_repository(name = "rules_java", path = "/usr/share/bazel/rules/java")
    native.local_repository(name = "rules_proto", path = "/usr/share/bazel/rules/proto")
    native.local_repository(name = "bazel_skylib", path = "/usr/share/bazel/tools/skylib")
    native.local_repository(name = "platforms", path = "/usr/share/bazel/tools/platforms")
    native.local_repository(
        name = "remote_coverage_tools",
        path = "third_party/debian/remote_coverage_tools",
    )

_PROTO_DIR = "/usr/include/google/protobuf/"
_WELL_KNOWN = ["any", "api", "descriptor", "duration", "empty", "field_mask", "source_context", "struct", "timestamp", "type", "wrappers"]

def debian_repositories():
    """Third-party C++ libraries, under the names their upstreams use."""
    debian_library(name = "zlib", packages = ["zlib1g-dev"], static_libs = ["z"], targets = {"": ["zlib"]})
    debian_library(
        name = "boringssl",  # in fact Debian's OpenSSL 3
        packages = ["libssl-dev"],
        static_libs = ["ssl", "crypto"],
        linkopts = ["-ldl", "-lpthread"],
        targets = {"": ["ssl", "crypto"]},
    )
    debian_library(name = "com_github_cares_cares", packages = ["libc-ares-dev"], static_libs = ["cares"], targets = {"": ["ares"]})
    debian_library(name = "com_googlesource_code_re2", packages = ["libre2-dev"], static_libs = ["re2"], targets = {"": ["re2"]})
    debian_library(
        name = "com_google_absl",
        packages = ["libabsl-dev", "pkg-config"],
        pkg_config_glob = "absl_*.pc",
        linkopts = ["-lpthread"],
        targets = {
            "absl/algorithm": ["algorithm", "container"],
            "absl/base": ["base", "core_headers", "log_severity"],
            "absl/cleanup": ["cleanup"],
            "absl/container": ["btree", "fixed_array", "flat_hash_map", "flat_hash_set", "inlined_vector", "node_hash_map", "node_hash_set"],
            "absl/debugging": ["failure_signal_handler", "stacktrace", "symbolize"],
            "absl/flags": ["flag", "marshalling", "parse", "reflection", "usage"],
            "absl/functional": ["any_invocable", "bind_front", "function_ref"],
            "absl/hash": ["hash"],
            "absl/memory": ["memory"],
            "absl/meta": ["type_traits"],
            "absl/numeric": ["bits", "int128"],
            "absl/random": ["bit_gen_ref", "distributions", "random"],
            "absl/status": ["status", "statusor"],
            "absl/strings": ["cord", "str_format", "strings"],
            "absl/synchronization": ["synchronization"],
            "absl/time": ["time"],
            "absl/types": ["any", "optional", "span", "variant"],
            "absl/utility": ["utility"],
        },
    )
    debian_library(
        name = "com_google_protobuf",
        packages = ["libprotobuf-dev", "protobuf-compiler"],
        static_libs = ["protobuf"],
        linkopts = ["-lpthread"],
        deps = ["@zlib//:zlib"],
        targets = {"": ["protobuf", "protobuf_lite"]},
        build_file = "//third_party/debian:overlay/protobuf.BUILD",
        links = dict(
            [("google/protobuf/{}.proto".format(p), "{}{}.proto".format(_PROTO_DIR, p)) for p in _WELL_KNOWN],
            protoc = "/usr/bin/protoc",
        ),
    )
    debian_library(
        name = "com_github_grpc_grpc",
        packages = ["libgrpc++-dev", "libgrpc-dev", "protobuf-compiler-grpc"],
        static_libs = ["grpc++", "grpc", "address_sorting", "upb", "gpr"],
        linkopts = ["-lpthread", "-lrt"],
        deps = [
            "@com_google_protobuf//:protobuf",
            "@com_googlesource_code_re2//:re2",
            "@com_github_cares_cares//:ares",
            "@boringssl//:ssl",
            "@zlib//:zlib",
            "@com_google_absl//:debian",
        ],
        targets = {"": ["grpc++", "grpc", "gpr"]},
        extra_static_libs = ["grpc++_reflection"],
        build_file = "//third_party/debian:overlay/grpc.BUILD",
        overlay = {
            "//third_party/debian:overlay/cc_grpc_library.bzl": "bazel/cc_grpc_library.bzl",
            "//third_party/debian:overlay/empty.BUILD": "bazel/BUILD",
        },
        links = {"grpc_cpp_plugin": "/usr/bin/grpc_cpp_plugin"},
    )
    debian_library(
        name = "com_google_googletest",
        packages = ["libgtest-dev", "libgmock-dev"],
        static_libs = ["gmock", "gtest"],
        extra_static_libs = ["gtest_main"],
        linkopts = ["-lpthread"],
        targets = {"": ["gtest", "gmock"]},
        build_file = "//third_party/debian:overlay/googletest.BUILD",
    )
    debian_library(
        name = "com_github_google_benchmark",
        packages = ["libbenchmark-dev"],
        shared_libs = ["benchmark"],
        extra_static_libs = ["benchmark_main"],
        linkopts = ["-lpthread"],
        targets = {"": ["benchmark"]},
        build_file = "//third_party/debian:overlay/benchmark.BUILD",
    )

    # Shared only: Debian ships no archive of it.
    debian_library(
        name = "com_github_jupp0r_prometheus_cpp",
        packages = ["prometheus-cpp-dev"],
        shared_libs = ["prometheus-cpp-pull", "prometheus-cpp-core"],
        targets = {"core": ["core"], "pull": ["pull"]},
    )
    debian_library(name = "boost", packages = ["libboost-dev"], linkopts = ["-lpthread"], targets = {"": ["asio", "beast"]})
    debian_library(name = "com_github_nlohmann_json", packages = ["nlohmann-json3-dev"], targets = {"": ["json"]})
    debian_library(
        name = "com_github_jbeder_yaml_cpp",
        packages = ["libyaml-cpp-dev"],
        static_libs = ["yaml-cpp"],
        targets = {"": ["yaml-cpp"]},
    )
    debian_library(
        name = "com_github_facebook_rocksdb",
        packages = ["librocksdb-dev", "libsnappy-dev", "liblz4-dev", "libzstd-dev", "libbz2-dev", "libgflags-dev"],
        static_libs = ["rocksdb", "snappy", "lz4", "zstd", "bz2"],
        linkopts = ["-lpthread", "-ldl"],
        deps = ["@zlib//:zlib"],
        targets = {"": ["rocksdb"]},
    )
    debian_library(
        name = "com_github_cyan4973_xxhash",
        packages = ["libxxhash-dev"],
        static_libs = ["xxhash"],
        targets = {"": ["xxhash"]},
    )
    debian_library(
        name = "pcre2",
        packages = ["libpcre2-dev"],
        static_libs = ["pcre2-8"],
        targets = {"": ["pcre2"]},
    )
    debian_library(
        name = "utf8proc",
        packages = ["libutf8proc-dev"],
        static_libs = ["utf8proc"],
        targets = {"": ["utf8proc"]},
    )
