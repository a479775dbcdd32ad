"""@default_model//:model: the model that tools/up fetched, as data for tests.

Where it has not been fetched, everything else still builds, and a target that
needs the model says what to run.
"""

_MISSING = """package(default_visibility = ["//visibility:public"])

genrule(
    name = "model",
    outs = ["missing.gguf"],
    cmd = "echo 'no default model here: run tools/up, which fetches it' >&2; false",
)
"""

_PRESENT = """package(default_visibility = ["//visibility:public"])

filegroup(
    name = "model",
    srcs = ["{name}"],
)
"""

def _default_model_impl(ctx):
    env = ctx.os.environ
    home = env.get("TESSERA_HOME") or (
        env.get("XDG_CACHE_HOME") or env.get("HOME", "") + "/.cache"
    ) + "/tessera"

    # The scripts of tools/ name the file, so that one fetched after Bazel's
    # server has started is seen.
    link = ctx.path(env.get("TESSERA_MODEL") or home + "/models/default.gguf")
    if not link.exists:
        ctx.file("BUILD", _MISSING)
        return
    model = link.realpath
    ctx.symlink(model, model.basename)
    ctx.file("BUILD", _PRESENT.format(name = model.basename))

default_model = repository_rule(
    implementation = _default_model_impl,
    environ = ["TESSERA_MODEL", "TESSERA_HOME", "XDG_CACHE_HOME", "HOME"],
    local = True,
)
