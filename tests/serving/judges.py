"""Outside judges: programs and Python packages that only tests use.

`tools/judges` installs them; TESSERA_JUDGES names its virtual environment
(tools/test sets it). A test is skipped, saying so, where its judge is missing.
"""

import importlib
import os
import shutil
import sys
import unittest

JUDGES = os.environ.get("TESSERA_JUDGES")


def enter():
    """Goes on in the virtual environment, if there is one. Call it first."""
    if JUDGES and os.path.realpath(sys.prefix) != os.path.realpath(JUDGES):
        python = os.path.join(JUDGES, "bin", "python3")
        if os.access(python, os.X_OK):
            os.execv(python, [python, *sys.argv])


def package(name):
    """The Python package, or None."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def needs(packages=(), programs=()):
    """Skips a test case that has not all of them."""
    missing = [name for name in packages if package(name) is None]
    missing += [name for name in programs if shutil.which(name) is None]
    return unittest.skipIf(
        missing, f"not installed: {', '.join(missing)} (tools/judges)")
