"""What every main of tools/benchmark does around its measurements."""

import json
import os
import platform
import signal
import sys

from command import CommandFailed
from copies import check_file
from tessera import default_model

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEXT = os.path.join(ROOT, "tools/comparison/check_text.txt")


def binary(target):
    """Of //tools:tessera, say: "tools/tessera"."""
    return os.path.join(ROOT, "bazel-bin", target)


def _cpu():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown CPU"


def _write(path, result):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


def _run(options, detail, measure):
    model = check_file(os.path.abspath(options.model) if options.model
                       else default_model())
    cpu = _cpu()
    print(f"{os.path.basename(model)}, {options.threads} threads, {cpu}, "
          f"kernels {options.kernels}, {detail}\n", flush=True)
    measured = measure(model)
    if options.json:
        _write(options.json, {"model": os.path.basename(model), "cpu": cpu,
                              "threads": options.threads, "rounds": options.rounds,
                              "kernels": options.kernels, **measured})


def run(name, options, detail, measure):
    """The exit status of `name`. options: parsed, with flags.add_shared's.
    detail: ends the heading. measure(model's path): prints its table and returns
    what --json keeps."""
    # So that a server that was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        _run(options, detail, measure)
    except CommandFailed as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
