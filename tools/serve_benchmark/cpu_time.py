"""CPU time of a process's threads."""

import os

# Threads that run the model; all others serve.
ENGINE_THREADS = ("engine", "worker")


def thread_seconds(pid):
    """{thread id: (name, CPU seconds)}; to the nanosecond where the kernel
    keeps schedstat, otherwise to a tick of 10 ms."""
    threads = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        folder = f"/proc/{pid}/task/{thread}/"
        try:
            threads[int(thread)] = _read(folder + "comm").strip(), _seconds(folder)
        except OSError:
            pass  # it ended
    return threads


def process_seconds(pid):
    """CPU seconds of all threads, ended ones too."""
    return parse_stat(_read(f"/proc/{pid}/stat"))


def _read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _seconds(folder):
    try:
        return int(_read(folder + "schedstat").split()[0]) / 1e9
    except OSError:
        return parse_stat(_read(folder + "stat"))


def parse_stat(text):
    """User and system time. The name before them may hold anything."""
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serving_seconds(before, after):
    """What all threads but the engine's took between two thread_seconds()."""
    return sum(seconds - before.get(thread, ("", 0.0))[1]
               for thread, (name, seconds) in after.items()
               if not name.startswith(ENGINE_THREADS))
