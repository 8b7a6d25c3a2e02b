"""The certificates of the FTP frontend, which are read again when their files change."""

import logging
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cryptography import x509
from pydantic import BaseModel, ConfigDict, Field, model_validator

logger = logging.getLogger("portico.ftp")

Choice = Callable[[ssl.SSLObject, str | None, ssl.SSLContext], None]


class CertificateFiles(BaseModel):
    """A certificate and its private key, both in PEM. They must be readable and belong together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate: Path = Field(description="File of the certificate and of those that lead to its authority.")
    key: Path = Field(description="File of its private key, without a passphrase.")

    @model_validator(mode="after")
    def _are_sound(self) -> "CertificateFiles":
        context_of(self)
        return self


class Certificates:
    """Contexts for TLS with all `files`: a client that names a host (SNI) gets its certificate, others the first one.

    Raises `ValueError` where a file can't be used.
    """

    def __init__(self, files: Sequence[CertificateFiles]) -> None:
        self._files = files
        self._stamps = self._look()
        self._shared = self.fresh()

    def shared(self) -> ssl.SSLContext:
        """The context of connections that may resume each other's sessions. New files that are sound make a new one."""
        stamps = self._look()
        if stamps != self._stamps:
            self._stamps = stamps
            try:
                self._shared = self.fresh()
            except ValueError as error:
                logger.warning("the new certificate can't be used", extra={"reason": str(error)})
            else:
                logger.info("the certificate was read again")
        return self._shared

    def fresh(self) -> ssl.SSLContext:
        """A context of its own: no session that began under another one is resumed. Raises `ValueError`."""
        contexts = [context_of(each) for each in self._files]
        if len(contexts) > 1:
            by_name = {
                name: context
                for context, files in zip(contexts, self._files, strict=True)
                for name in _names(files.certificate)
            }
            contexts[0].sni_callback = _choosing(by_name)
        return contexts[0]

    def _look(self) -> list[tuple[int, int, int] | None]:
        """What changes with the files."""
        return [_stamp(path) for files in self._files for path in (files.certificate, files.key)]


def context_of(files: CertificateFiles) -> ssl.SSLContext:
    """A context of TLS 1.2 and later. Raises `ValueError`, which says what to correct."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    # The system's configuration of OpenSSL may ask for it: an upload that was cut off would then look whole.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    for path in (files.certificate, files.key):
        _check_readable(path)

    def refuse() -> str:
        raise ValueError(f"{files.key} has a passphrase; write the key to a file without one")

    try:
        context.load_cert_chain(files.certificate, files.key, refuse)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ValueError(f"{files.key} is not the key of {files.certificate}") from None
        raise ValueError(f"{files.certificate} and {files.key} are no certificate and key in PEM") from None
    return context


def _check_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _names(certificate: Path) -> list[str]:
    """The hosts that a certificate is for, in lower case."""
    first = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    try:
        names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)]


def _choosing(by_name: Mapping[str, ssl.SSLContext]) -> Choice:
    def choose(tls: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        host = (name or "").lower()
        tls.context = by_name.get(host) or by_name.get(f"*.{host.partition('.')[2]}") or context

    return choose
