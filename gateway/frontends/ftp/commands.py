"""The command table: what each verb does, what it needs, and how HELP and FEAT tell of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gateway.core.events import Kind, Kinds
from gateway.frontends.ftp import forms
from gateway.frontends.ftp.digests import features_of as hashes_of
from gateway.frontends.ftp.forms import Form
from gateway.frontends.ftp.handlers import (
    combining,
    digests,
    directories,
    downloads,
    facts,
    info,
    listings,
    login,
    parameters,
    protection,
    uploads,
)
from gateway.frontends.ftp.lines import Request
from gateway.frontends.ftp.listing import features_of
from gateway.frontends.ftp.permissions import (
    BROWSE,
    CHANGE,
    DELETE,
    ENTER,
    EXAMINE,
    MAKE,
    MOVE_FROM,
    MOVE_TO,
    READ,
    REMOVE,
    TAKE,
    WRITE,
    Needs,
)
from gateway.frontends.ftp.replies import Reply
from gateway.frontends.ftp.session import Session, Target

Plain = Callable[[Session, str], Reply | Awaitable[Reply]]
OnPath = Callable[[Session, Target], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class PlainCommand:
    """A command about the session alone. One `for_strangers` works before the login, one `at_once` during a transfer.

    `syntax` is what HELP shows behind the verb, `feature` the line of FEAT. One that `needs_certificate` is not served
    where TLS is not configured.
    """

    handler: Plain
    syntax: str = ""
    feature: str = ""
    for_strangers: bool = False
    at_once: bool = False
    needs_certificate: bool = False


@dataclass(frozen=True, slots=True)
class PathCommand:
    """A command about a path, on which dispatch checks `needs` before the handler gets it.

    `default` is the path that is meant where none is given; without it one must be. `form` tells the path from what may
    stand around it. With `of_sources`, the needs of each, further paths stand behind it (`forms.several`). `ready`
    refuses what comes out of order. One that `gives_name` makes a file of that name. Of a `told` one an `Access` event
    is made.
    """

    handler: OnPath
    needs: Needs
    syntax: str = "path"
    feature: str = ""
    default: str = ""
    form: Form = forms.whole
    of_sources: Needs | None = None
    ready: Callable[[Session], object] | None = None
    gives_name: bool = False
    told: bool = False


Command = PlainCommand | PathCommand


def feat(session: Session, text: str) -> Reply:
    """RFC 2389, section 3.2."""
    lines = [command.feature for command in COMMANDS.values() if command.feature and is_served(command, session)]
    lines += [features_of(session.facts), hashes_of(session.digest), "TVFS", "UTF8"]
    if session.services.settings.offer_compression:
        lines.append("MODE Z")
    return Reply(211, "End", head="Features:", lines=(*sorted(lines),))


def is_served(command: Command, session: Session) -> bool:
    """Whether the configuration has what `command` needs."""
    needs_certificate = isinstance(command, PlainCommand) and command.needs_certificate
    return session.services.security.is_offered or not needs_certificate


def help_(session: Session, text: str) -> Reply:
    verb = text.strip().upper()
    if not verb:
        verbs = sorted(verb for verb, command in COMMANDS.items() if " " not in verb and is_served(command, session))
        rows = [" ".join(f"{verb:<4}" for verb in verbs[start : start + 12]) for start in range(0, len(verbs), 12)]
        return Reply(214, "End", head="Commands:", lines=tuple(rows))
    command = COMMANDS.get(verb)
    if command is None:
        return Reply(502, f"There is no command {verb}")
    return Reply(214, f"Syntax: {verb} {command.syntax}".rstrip())


_LOGIN: Mapping[str, Command] = {
    "HOST": PlainCommand(login.host, "name", "HOST", for_strangers=True),
    "USER": PlainCommand(login.user, "name", for_strangers=True),
    "PASS": PlainCommand(login.pass_, "password", for_strangers=True),
    "ACCT": PlainCommand(login.acct, "account", for_strangers=True),
    "REIN": PlainCommand(login.rein, for_strangers=True),
    "QUIT": PlainCommand(login.quit_, for_strangers=True),
}

_PROTECTION: Mapping[str, Command] = {
    "AUTH": PlainCommand(protection.auth, "TLS", "AUTH TLS", for_strangers=True, needs_certificate=True),
    "PBSZ": PlainCommand(protection.pbsz, "0", "PBSZ", for_strangers=True, needs_certificate=True),
    "PROT": PlainCommand(protection.prot, "C | P", "PROT", for_strangers=True, needs_certificate=True),
    "CCC": PlainCommand(protection.ccc, needs_certificate=True),
}

_INFO: Mapping[str, Command] = {
    "SYST": PlainCommand(info.syst, for_strangers=True),
    "FEAT": PlainCommand(feat, for_strangers=True),
    "HELP": PlainCommand(help_, "[command]", for_strangers=True),
    "NOOP": PlainCommand(info.noop, for_strangers=True, at_once=True),
    "CLNT": PlainCommand(info.clnt, "name", "CLNT", for_strangers=True),
    "LANG": PlainCommand(info.lang, "[EN]", "LANG EN*", for_strangers=True),
    "SITE": PlainCommand(info.site, "HELP | POLICY [name] | UTIME times path"),
}

_PARAMETERS: Mapping[str, Command] = {
    "OPTS": PlainCommand(
        parameters.opts, "UTF8 ON | UTF8 OFF | MLST facts | HASH algorithm | MODE Z LEVEL n", for_strangers=True
    ),
    "TYPE": PlainCommand(parameters.type_, "A | I | L 8"),
    "MODE": PlainCommand(parameters.mode, "S | Z"),
    "STRU": PlainCommand(parameters.stru, "F"),
    "ALLO": PlainCommand(parameters.allo, "size [R size]"),
    "REST": PlainCommand(parameters.rest, "offset", "REST STREAM"),
    "RANG": PlainCommand(parameters.rang, "first last | 1 0", "RANG STREAM"),
    "PASV": PlainCommand(parameters.pasv, "", "PASV"),
    "EPSV": PlainCommand(parameters.epsv, "[1 | 2 | ALL]", "EPSV"),
    "PORT": PlainCommand(parameters.port, "h1,h2,h3,h4,p1,p2"),
    "EPRT": PlainCommand(parameters.eprt, "|protocol|address|port|", "EPRT"),
}

_DIRECTORIES: Mapping[str, Command] = {
    "PWD": PlainCommand(directories.pwd),
    "CWD": PathCommand(directories.cwd, ENTER, "[path]", default="."),
    "CDUP": PathCommand(directories.cwd, ENTER, "", default="..", form=forms.nothing),
    "MKD": PathCommand(directories.mkd, MAKE, told=True),
    "RMD": PathCommand(directories.rmd, REMOVE, told=True),
    "DELE": PathCommand(directories.dele, DELETE, told=True),
    "RNFR": PathCommand(directories.rnfr, MOVE_FROM),
    "RNTO": PathCommand(directories.rnto, MOVE_TO, ready=directories.rename_source, told=True),
}

_LISTINGS: Mapping[str, Command] = {
    "LIST": PathCommand(listings.list_, BROWSE, "[-1dlrRSt] [path]", default=".", form=forms.switches, told=True),
    "NLST": PathCommand(listings.nlst, BROWSE, "[-1dlrRSt] [path]", default=".", form=forms.switches, told=True),
    "MLSD": PathCommand(listings.mlsd, BROWSE, "[path]", default=".", told=True),
    "MLST": PathCommand(listings.mlst, BROWSE, "[path]", default="."),
    "STAT": PathCommand(listings.stat, BROWSE, "[path]", default=".", form=forms.switches),
}

_FACTS: Mapping[str, Command] = {
    "SIZE": PathCommand(facts.size, EXAMINE, feature="SIZE"),
    "AVBL": PathCommand(facts.avbl, BROWSE, "[path]", "AVBL", default="."),
    "MDTM": PathCommand(facts.mdtm, EXAMINE, feature="MDTM"),
    "MFMT": PathCommand(facts.mfmt, CHANGE, "YYYYMMDDHHMMSS path", "MFMT", form=forms.word, told=True),
    "MFCT": PathCommand(facts.mfct, CHANGE, "YYYYMMDDHHMMSS path", "MFCT", form=forms.word, told=True),
    "MFF": PathCommand(
        facts.mff, CHANGE, "fact=value;... path", f"MFF {';'.join(facts.CHANGEABLE)};", form=forms.word, told=True
    ),
    "SITE UTIME": PathCommand(
        facts.utime, CHANGE, "YYYYMMDDHHMM[SS] path | path accessed modified changed UTC", form=forms.utime, told=True
    ),
}

_DIGESTS: Mapping[str, Command] = {
    "HASH": PathCommand(digests.hash_, READ),
    "MD5": PathCommand(digests.md5, READ, feature="MD5"),
    "XCRC": PathCommand(digests.xcrc, READ, feature="XCRC"),
    "XMD5": PathCommand(digests.xmd5, READ, feature="XMD5"),
    "XSHA": PathCommand(digests.xsha1, READ),
    "XSHA1": PathCommand(digests.xsha1, READ, feature="XSHA1"),
    "XSHA256": PathCommand(digests.xsha256, READ, feature="XSHA256"),
    "XSHA512": PathCommand(digests.xsha512, READ, feature="XSHA512"),
}

_TRANSFERS: Mapping[str, Command] = {
    "RETR": PathCommand(downloads.retr, READ, told=True),
    "STOR": PathCommand(uploads.stor, WRITE, gives_name=True, told=True),
    "STOU": PathCommand(uploads.stou, CHANGE, "[path]", default=".", told=True),
    "APPE": PathCommand(uploads.appe, WRITE, gives_name=True, told=True),
    "ABOR": PlainCommand(downloads.abor),
    "COMB": PathCommand(
        combining.comb,
        WRITE,
        "target source...",
        "COMB",
        form=forms.first,
        of_sources=TAKE,
        gives_name=True,
        told=True,
    ),
}

_OLD = {"XPWD": "PWD", "XCWD": "CWD", "XCUP": "CDUP", "XMKD": "MKD", "XRMD": "RMD"}

SECTIONS: Mapping[str, Mapping[str, Command]] = {
    "Login": _LOGIN,
    "TLS": _PROTECTION,
    "Information": _INFO,
    "Parameters of transfers": _PARAMETERS,
    "Transfers": _TRANSFERS,
    "Directories and names": _DIRECTORIES,
    "Listings": _LISTINGS,
    "Facts of files": _FACTS,
    "Digests of files": _DIGESTS,
    "Old names": {alias: _DIRECTORIES[verb] for alias, verb in _OLD.items()},
}

COMMANDS: Mapping[str, Command] = {verb: command for part in SECTIONS.values() for verb, command in part.items()}

KINDS: Kinds = {
    "RETR": Kind.DOWNLOAD,
    "STOR": Kind.UPLOAD,
    "STOU": Kind.UPLOAD,
    "APPE": Kind.UPLOAD,
    "COMB": Kind.COMBINE,
    "DELE": Kind.DELETE,
    "RMD": Kind.DELETE,
    "XRMD": Kind.DELETE,
    "RNTO": Kind.RENAME,
}
"""What is told as having happened."""

UNBUILT = frozenset({"ADAT", "CONF", "ENC", "MIC", "SMNT"})
"""Verbs of the RFCs that are known and not served: they are answered 502, what is no verb 500."""

_STATUS = PlainCommand(info.stat, at_once=True)


def lookup(verb: str, *, bare: bool) -> Command | None:
    """The command of `verb`; STAT without an argument (`bare`) is one of its own."""
    return _STATUS if bare and verb == "STAT" else COMMANDS.get(verb)


def specific(request: Request) -> Request:
    """A request of SITE as one of a verb of two words, where the table has that."""
    if request.verb != "SITE":
        return request
    word, _, argument = request.argument.lstrip().partition(b" ")
    verb = f"SITE {word.decode(errors='replace').upper()}"
    return request._replace(verb=verb, argument=argument) if verb in COMMANDS else request
