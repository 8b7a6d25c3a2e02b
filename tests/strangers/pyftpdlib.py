"""pyftpdlib's functional tests, let loose on a Portico. Their source is read as it is released, and not kept here.

They expect a server in their own process: `_Server` stands in for it. What they set in that server's classes has no
effect, so tests that need it are left out, each with its reason. Replies are compared by code: the words are
everybody's own.
"""

import contextlib
import ftplib
import os
import re
import shutil
import sys
import unittest
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from gateway.frontends.ftp.commands import COMMANDS
from tests.e2e.portico import CLIENTS

_SOURCES = CLIENTS.parent / "sources"
SERVED = (
    "TestFtpAuthentication",
    "TestFtpDummyCmds",
    "TestFtpCmdsSemantic",
    "TestFtpFsOperations",
    "TestFtpStoreData",
    "TestFtpRetrieveData",
    "TestFtpListingCmds",
    "TestFtpAbort",
    "TestIPv4Environment",
    "TestIPv6Environment",
    "TestIPv6MixedEnvironment",
    "TestCornerCases",
)
"""Test cases that run."""

NOT_SERVED: Mapping[str, str] = {
    "TestFtpStoreDataNoSendfile, TestFtpStoreDataWithCustomIO": "they repeat TestFtpStoreData",
    "TestFtpRetrieveDataNoSendfile, TestFtpRetrieveDataCustomIO": "they repeat TestFtpRetrieveData",
    "TestThrottleBandwidth, TestTimeouts, TestConfigurableOptions, TestCallbacks, ThreadedFTPTests": (
        "they set switches in the server's classes, in its own process"
    ),
}
"""Test cases that cannot run, and why."""

_WORDS = "a part of it expects that server's own words"
_INSIDE = "it looks into the server's process"
_CALLED = "PORT and EPRT are called when the transfer begins"
_NOTHING = "ABOR with nothing to end is answered 226, as RFC 959 asks"

LEFT_OUT: Mapping[str, str] = {
    "TestFtpAuthentication.test_anon_auth": "`anonymous` is taken in any case of letters",
    "TestFtpAuthentication.test_max_auth": "the last wrong password is answered 421",
    "TestFtpAuthentication.test_rein_during_transfer": "REIN waits for the transfer that runs, as RFC 959 lets it",
    "TestFtpAuthentication.test_user_during_transfer": "USER waits for the transfer that runs",
    "TestFtpDummyCmds.test_allo": "ALLO is taken at its word, so it needs a number",
    "TestFtpDummyCmds.test_opts_feat": "facts that are not known are ignored, as RFC 3659 asks",
    "TestFtpDummyCmds.test_site_help": "SITE HELP tells everything, whatever follows",
    "TestFtpDummyCmds.test_type": "TYPE L 7 is refused: bytes have eight bits",
    "TestFtpCmdsSemantic.test_arg_cmds": "RNTO without RNFR is 503 first of all, and SITE CHMOD is refused always",
    "TestFtpCmdsSemantic.test_auth_cmds": "ACCT, CLNT, HOST, LANG, OPTS and REIN work before login",
    "TestFtpCmdsSemantic.test_no_arg_cmds": "what follows a command that takes nothing is ignored",
    "TestFtpCmdsSemantic.test_no_auth_cmds": "STAT and SITE tell nothing before login",
    "TestFtpFsOperations.test_cwd": "CWD without a path stays where it is",
    "TestFtpFsOperations.test_rnfr_rnto": "RNTO onto a directory moves into it",
    "TestFtpFsOperations.test_site_chmod": "access is given by role: SITE CHMOD is refused",
    "TestFtpStoreData.test_appe_rest": "APPE after REST is refused for good: 554 and not 450",
    "TestFtpStoreData.test_quit_during_transfer": "QUIT is answered when the transfer has ended",
    "TestFtpStoreData.test_stor_ascii_2": _INSIDE,
    "TestFtpStoreData.test_stou": "the data connection is asked for before STOU, not after it",
    "TestFtpStoreData.test_stou_rest": "STOU after REST is refused for good: 554 and not 450",
    "TestFtpListingCmds.test_mlsd_all_facts": "users and groups have no numbers, so UNIX.uid and UNIX.gid are no facts",
    "TestFtpListingCmds.test_stat": "STAT takes patterns",
    "TestFtpListingCmds.test_unforeseen_time_event": _INSIDE,
    "TestFtpAbort.test_abor_no_data": _NOTHING,
    "TestFtpAbort.test_abor_pasv": _NOTHING,
    "TestFtpAbort.test_abor_port": _NOTHING,
    "TestFtpAbort.test_oob_abor": _NOTHING,
    "TestIPv4Environment.test_eprt": _CALLED,
    "TestIPv4Environment.test_eprt_v4": _WORDS,
    "TestIPv4Environment.test_port_v4": _WORDS,
    "TestIPv6Environment.test_eprt": _CALLED,
    "TestIPv6Environment.test_eprt_v6": _WORDS,
    "TestIPv6MixedEnvironment.test_eprt_v4": _CALLED,
    "TestCornerCases.test_active_conn_error": _CALLED,
    "TestCornerCases.test_error_on_callback": _INSIDE,
    "TestCornerCases.test_ioloop_fileno": _INSIDE,
    "TestCornerCases.test_port_race_condition": _CALLED,
    "TestCornerCases.test_repr": _INSIDE,
}
"""Tests that expect something else of a server, and what."""

USER, SECRET = "user", "12345"
SECONDS = 4.0


@dataclass
class Address:
    """Where the server listens that is tested; set before a test begins."""

    host: str = "127.0.0.1"
    port: int = 0


ADDRESS = Address()


class _Server:
    """The server that a test starts in its `setUp`: ours, which runs already."""

    handler = SimpleNamespace(proto_cmds=dict.fromkeys(COMMANDS))

    def __init__(self, addr: tuple[str, int] | None = None) -> None:
        self.host = addr[0] if addr else ADDRESS.host
        self.port = ADDRESS.port

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


class _Case(unittest.TestCase):
    """What its test cases begin with. Names are relative: tests run in the home of their user."""

    def get_testfn(self, suffix: str = "", dir: str | None = None) -> str:
        return f"test-{uuid4().hex}{suffix}"


class Reply(str):
    """A reply, equal to every other of its code."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self[:3] == other[:3] if self[:3].isdigit() else str.__eq__(self, other)

    def __str__(self) -> str:
        return self


class Client(ftplib.FTP):
    """ftplib's client with replies that are compared by their codes."""

    def getmultiline(self) -> str:
        return Reply(super().getmultiline())


class _Pytest(ModuleType):
    """pytest, which of an expected reply compares the code."""

    def __getattr__(self, name: str) -> Any:
        return getattr(pytest, name)

    @staticmethod
    def raises(kind: Any, match: str = "") -> Any:
        code = re.match(r"\d{3}", match)
        return pytest.raises(kind, match=code[0] if code else None)


def _close(session: Any) -> None:
    with contextlib.suppress(Exception):
        session.quit()
    session.close()


def _remove(path: str) -> None:
    if Path(path).is_dir():
        shutil.rmtree(path)
    else:
        Path(path).unlink(missing_ok=True)


def _unchanged(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        return function(*arguments, **options)

    return call


def _stand_ins() -> Mapping[str, ModuleType]:
    """The modules that the source imports, by name."""
    anything = type("Anything", (), {"proto_cmds": _Server.handler.proto_cmds})
    told: dict[str, dict[str, Any]] = {
        "pytest": {},
        "pyftpdlib": {},
        "pyftpdlib.filesystems": {"AbstractedFS": anything},
        "pyftpdlib.handlers": {"DTPHandler": anything, "FTPHandler": anything, "ThrottledDTPHandler": anything},
        "pyftpdlib.ioloop": {"IOLoop": anything},
        "pyftpdlib.servers": {"FTPServer": anything},
        "pyftpdlib.utils": {"has_dualstack_ipv6": lambda: True},
        "strangers": {
            "BUFSIZE": 1024,
            "CI_TESTING": False,
            "GLOBAL_TIMEOUT": SECONDS,
            "HOME": os.curdir,
            "HOST": ADDRESS.host,
            "INTERRUPTED_TRANSF_SIZE": 32768,
            "OSX": False,
            "PASSWD": SECRET,
            "POSIX": True,
            "SUPPORTS_IPV4": True,
            "SUPPORTS_IPV6": True,
            "USER": USER,
            "WINDOWS": False,
            "FtpdThreadWrapper": _Server,
            "PyftpdlibTestCase": _Case,
            "close_client": _close,
            "disable_log_warning": _unchanged,
            "get_server_handler": None,
            "retry_on_failure": _unchanged,
            "safe_rmpath": _remove,
            "touch": lambda name: Path(name).touch(),
        },
    }
    modules: dict[str, ModuleType] = {}
    for name, contents in told.items():
        modules[name] = (_Pytest if name == "pytest" else ModuleType)(name)
        vars(modules[name]).update(contents)
    return modules


@contextlib.contextmanager
def _standing_in() -> Iterator[None]:
    stand_ins = _stand_ins()
    real = {name: sys.modules.get(name) for name in stand_ins}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in real.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def cases() -> dict[str, type[unittest.TestCase]]:
    """Its test cases, by name, without the tests that are left out."""
    (source,) = _SOURCES.glob("pyftpdlib-*/tests/test_functional.py")
    module: dict[str, Any] = {"__name__": "strangers.test_functional", "__package__": "strangers"}
    with _standing_in(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(ftplib, "FTP", Client)
        exec(compile(source.read_text(), str(source), "exec"), module)
    for left_out in LEFT_OUT:
        name, _, test = left_out.partition(".")
        assert callable(getattr(module[name], test)), left_out
        setattr(module[name], test, None)
    return {name: module[name] for name in SERVED}
