"""Copies of a model in other types, made by a peer's llama-quantize."""

import os
import shutil
import tempfile

import command


class Copies:
    """A folder of them; one of its own is removed by close()."""

    def __init__(self, folder):
        self._owned = folder is None
        self._folder = folder and os.path.abspath(folder)
        self._made = {}

    def get(self, peer, source, type_name, pure=False):
        """The path of `source` in that type; made where it is missing."""
        key = source, type_name, pure
        if key not in self._made:
            # The source's size and time: a kept folder may hold another's copy.
            stat = os.stat(source)
            stem = os.path.splitext(os.path.basename(source))[0]
            target = os.path.join(
                self.folder(), f"{stem}-{stat.st_size}-{stat.st_mtime_ns}-"
                f"{'pure-' if pure else ''}{type_name}.gguf")
            if not os.path.exists(target):
                peer.quantize(source, target, type_name, pure)
            self._made[key] = target
        return self._made[key]

    def folder(self):
        """The folder, made when it is first asked for."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="tessera-benchmark-")
        os.makedirs(self._folder, exist_ok=True)
        return self._folder

    def close(self):
        if self._owned and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def check_file(path):
    """The path, if it can be read."""
    if not os.access(path, os.R_OK) or os.path.isdir(path):
        raise command.CommandFailed(f"{path}: no such file")
    return path
