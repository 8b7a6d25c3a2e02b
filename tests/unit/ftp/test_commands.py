from gateway.frontends.ftp.commands import COMMANDS, UNBUILT, PathCommand, PlainCommand, lookup

NEEDED = """
USER PASS QUIT SYST FEAT OPTS TYPE MODE STRU PWD CWD CDUP LIST NLST MLSD MLST SIZE MDTM STAT NOOP HELP
PASV EPSV PORT EPRT RETR STOR STOU APPE REST DELE MKD RMD RNFR RNTO ABOR ALLO SITE CLNT MFMT HASH MD5 XMD5
MFCT MFF RANG COMB AVBL
XPWD XCWD XMKD XRMD XCUP HOST ACCT LANG XCRC XSHA XSHA1 XSHA256 XSHA512 REIN AUTH PBSZ PROT CCC
"""

STRANGERS = "USER PASS QUIT SYST FEAT HELP NOOP CLNT OPTS HOST ACCT LANG REIN AUTH PBSZ PROT"


def test_every_command_is_there() -> None:
    assert set(COMMANDS) == {*NEEDED.split(), "SITE UTIME"}
    assert not set(COMMANDS) & UNBUILT


def test_strangers_get_nothing_but_the_way_in() -> None:
    free = {verb for verb, command in COMMANDS.items() if isinstance(command, PlainCommand) and command.for_strangers}
    assert free == set(STRANGERS.split())


def test_commands_at_once_wait_for_nothing() -> None:
    at_once = {verb for verb, command in COMMANDS.items() if isinstance(command, PlainCommand) and command.at_once}
    assert at_once == {"NOOP"}


def test_stat_is_two_commands() -> None:
    bare, with_path = lookup("STAT", bare=True), lookup("STAT", bare=False)
    assert isinstance(bare, PlainCommand)
    assert bare.at_once
    assert isinstance(with_path, PathCommand)
    assert lookup("RETR", bare=True) is COMMANDS["RETR"]
    assert lookup("XYZ", bare=True) is None


def test_old_names_are_the_same_commands() -> None:
    for old, new in (("XPWD", "PWD"), ("XCWD", "CWD"), ("XCUP", "CDUP"), ("XMKD", "MKD"), ("XRMD", "RMD")):
        assert COMMANDS[old] is COMMANDS[new]


def test_transfers_and_mutations_are_told() -> None:
    told = {verb for verb, command in COMMANDS.items() if isinstance(command, PathCommand) and command.told}
    expected = "RETR STOR STOU APPE LIST NLST MLSD MKD XMKD RMD XRMD DELE RNTO MFMT MFCT MFF COMB"
    assert told == {*expected.split(), "SITE UTIME"}
