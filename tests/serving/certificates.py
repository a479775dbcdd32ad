"""Certificates made for a test: authorities, and those whom they know."""

import os
import subprocess
from typing import NamedTuple

SAN = "subjectAltName=IP:127.0.0.1"


class Identity(NamedTuple):
    certificate: str
    key: str


class Authority:
    """Its certificate, and what it signs, are files in `folder`."""

    def __init__(self, folder, name):
        self._prefix = os.path.join(folder, name)
        self.certificate, self._key = self._prefix + ".pem", self._prefix + ".key"
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                      "-subj", f"/CN={name}", "-keyout", self._key,
                      "-out", self.certificate)

    def sign(self, name):
        """The Identity of a process on 127.0.0.1."""
        prefix = f"{self._prefix}-{name}"
        request, extensions = prefix + ".csr", prefix + ".san"
        with open(extensions, "w", encoding="ascii") as file:
            file.write(SAN)
        made = Identity(prefix + ".pem", prefix + ".key")
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", made.key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate,
                      "-CAkey", self._key, "-CAcreateserial", "-days", "2",
                      "-extfile", extensions, "-out", made.certificate)
        return made

    @staticmethod
    def _openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise AssertionError(f"openssl {arguments[0]}: {done.stderr.decode()}")
