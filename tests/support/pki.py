# Certificates of origins, made with the openssl command: good ones, and each kind of bad one.
# SPDX-License-Identifier: MIT
import pathlib
import subprocess

_CONFIG = """
[ca]
default_ca = this
[this]
new_certs_dir = {directory}
database = {directory}/{name}.index
serial = {directory}/{name}.serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
certificate = {directory}/{name}.pem
private_key = {directory}/{name}.key
[any]
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
[between]
basicConstraints = critical,CA:TRUE
"""


class Pki:
    """A root, an intermediate, and what they sign, as files NAME.pem and NAME.key in a directory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(exist_ok=True)
        self._authority("root")
        self.self_signed("root", ["root"], ca=True)
        self._authority("between")
        self._sign("root", "between", ["between"], extensions="between")

    def file(self, name):
        return str(self.directory / name)

    def leaf(self, name, names, by="root", start=None, end=None, chain=()):
        """NAME.pem holds the certificate, then the chain's."""
        self._sign(by, name, names, start=start, end=end)
        with open(self.file(f"{name}.pem"), "a") as file:
            for issuer in chain:
                file.write((self.directory / f"{issuer}.pem").read_text())

    def self_signed(self, name, names, ca=False):
        self._openssl("req", "-x509", *_key(self.file(f"{name}.key")), "-days", "30", *_subject(names), "-addext",
                      f"basicConstraints=critical,CA:{'TRUE' if ca else 'FALSE'}", "-out", self.file(f"{name}.pem"))

    def _authority(self, name):
        (self.directory / f"{name}.cnf").write_text(_CONFIG.format(directory=self.directory, name=name))
        (self.directory / f"{name}.index").write_text("")
        (self.directory / f"{name}.serial").write_text("1000" if name == "root" else "2000")

    def _sign(self, by, name, names, extensions="leaf", start=None, end=None):
        request = self.file(f"{name}.csr")
        self._openssl("req", "-new", *_key(self.file(f"{name}.key")), *_subject(names), "-out", request)
        dates = (["-startdate", start] if start else []) + (["-enddate", end] if end else ["-days", "30"])
        self._openssl("ca", "-batch", "-notext", "-config", self.file(f"{by}.cnf"), "-extensions", extensions, *dates, "-in",
                      request, "-out", self.file(f"{name}.pem"))

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=20)


def _key(file):
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file]


def _subject(names):
    return ["-subj", f"/CN={names[0]}", "-addext", "subjectAltName=" + ",".join(f"DNS:{it}" for it in names)]
