from pathlib import Path

import pytest

from gateway.auth.principals import Registry, Role
from gateway.config import Config, ConfigError, Option, load, summary
from gateway.config.settings import Loop

SAMPLE = """\
stores:
  main: {type: catalog, path: ./portico-data}
namespaces:
  default: {store: main}
accounts:
  - name: test            # id: optional, default the name
    users:
      - {name: tester, secret: testing-secret, role: admin}
      - {name: guest, secret_file: GUEST, role: reader}
      - {name: partner, secret: partner-secret, role: none}
frontends:
  s3: {host: 127.0.0.1, port: 9000, region: us-east-1, domain: null}
  swift: {host: 127.0.0.1, port: 8080}
  ftp: {host: 127.0.0.1, port: 2121, passive_ports: 30000-30099}
  admin: {host: 127.0.0.1, port: 9001}
"""

USERS = "accounts: [{name: t, users: [%s]}]\n"


def config(tmp_path: Path, text: str, **environ: str) -> Config:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    return load(file, environ=environ)


def problems(tmp_path: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, text, **environ)
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def problem(tmp_path: Path, text: str, **environ: str) -> str:
    found = problems(tmp_path, text, **environ)
    assert len(found) == 1, found
    return found[0]


def test_the_sample_of_the_documentation(tmp_path: Path) -> None:
    (tmp_path / "guest").write_text("guest-secret\n")
    loaded = config(tmp_path, SAMPLE.replace("GUEST", str(tmp_path / "guest")))
    assert loaded.catalog() == Path("portico-data")
    assert loaded.namespaces["default"].store == "main"
    users = [user for account in loaded.accounts for user in account.members()]
    assert [(user.name, user.secret, user.role, user.access_key) for user in users] == [
        ("tester", "testing-secret", Role.ADMIN, "tester"),
        ("guest", "guest-secret", Role.READER, "guest"),
        ("partner", "partner-secret", Role.NONE, "partner"),
    ]
    assert {user.account.id for user in users} == {"test"}
    assert loaded.frontends.s3
    assert (loaded.frontends.s3.region, loaded.frontends.s3.domain) == ("us-east-1", None)
    assert loaded.frontends.ftp
    assert loaded.frontends.ftp.data_ports == range(30000, 30100)
    assert list(summary(loaded)) == [
        "stores: main (catalog)",
        "namespaces: default in main",
        "accounts: test (3 users)",
        "frontends: s3 127.0.0.1:9000, swift 127.0.0.1:8080, ftp 127.0.0.1:2121, admin 127.0.0.1:9001",
    ]


def test_nothing_at_all_is_an_embedded_store_with_the_default_ports() -> None:
    loaded = load(None, environ={})
    assert loaded.catalog() == Path("portico-data")
    assert loaded.accounts == ()
    frontends = loaded.frontends
    assert frontends.s3
    assert frontends.swift
    assert frontends.ftp
    assert frontends.admin
    assert [part.port for part in (frontends.s3, frontends.swift, frontends.ftp, frontends.admin)] == [
        9000,
        8080,
        2121,
        9001,
    ]
    assert load(None, data=Path("elsewhere"), environ={}).catalog() == Path("elsewhere")


def test_a_frontend_that_is_null_is_off(tmp_path: Path) -> None:
    loaded = config(tmp_path, "frontends: {ftp: null}")
    assert loaded.frontends.ftp is None
    assert loaded.frontends.s3 is not None


def test_options_go_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("frontends: {s3: {port: 1}, swift: {port: 2}, ftp: {port: 3}, admin: null}\n")
    environ = {"PORTICO_FRONTENDS__S3__PORT": "11", "PORTICO_FRONTENDS__SWIFT__PORT": "12"}
    options = [Option("--s3-port", ("frontends", "s3", "port"), 21), Option("--a", ("frontends", "admin", "port"), 24)]
    frontends = load(file, options=options, environ=environ).frontends
    assert frontends.s3
    assert frontends.swift
    assert frontends.ftp
    assert frontends.admin
    assert [part.port for part in (frontends.s3, frontends.swift, frontends.ftp, frontends.admin)] == [21, 12, 3, 24]


def test_variables_reach_mappings_lists_and_top_level(tmp_path: Path) -> None:
    text = "stores: {Main: {type: memory}}\nnamespaces: {default: {store: Main}}\n" + USERS % "{name: a, secret: s}"
    loaded = config(
        tmp_path,
        text,
        PORTICO_STORES__MAIN="{type: catalog, path: /x}",
        PORTICO_ACCOUNTS__0__USERS__0__ROLE="writer",
        PORTICO_ACCOUNTS__0__USERS__1="{name: b, secret: s, role: reader}",
        PORTICO_FRONTENDS__FTP="null",
        PORTICO_FRONTENDS__S3__DOMAIN="",
        PORTICO_LOG__ACCESS="false",
        PORTICO_LOOP="uvloop",
        PORTICO_DRAIN_SECONDS="2.5",
        PATH="/bin",
    )
    assert loaded.catalog() == Path("/x")
    assert [user.role for user in loaded.accounts[0].users] == [Role.WRITER, Role.READER]
    assert loaded.frontends.ftp is None
    assert loaded.log.access is False
    assert loaded.loop is Loop.UVLOOP
    assert loaded.drain_seconds == 2.5


def test_variables_that_set_nothing_are_problems() -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, environ={"PORTICO_DRAIN_SECOND": "1", "PORTICO_FRONTEND__S3__PORT": "1", "PORTICO_LOG__": "1"})
    assert [problem.origin.source for problem in caught.value.problems] == [
        "PORTICO_DRAIN_SECOND",
        "PORTICO_FRONTEND__S3__PORT",
        "PORTICO_LOG__",
    ]


def test_variables_of_the_root_user_and_of_kubernetes_are_passed_over() -> None:
    load(
        None,
        environ={
            "PORTICO_ROOT_USER": "u",
            "PORTICO_ROOT_SECRET": "s",
            "PORTICO_SERVICE_HOST": "10.0.0.1",
            "PORTICO_SERVICE_PORT_S3": "9000",
            "PORTICO_S3_PORT": "tcp://10.0.0.1:9000",
            "PORTICO_PORT_9000_TCP_ADDR": "10.0.0.1",
        },
    )


@pytest.mark.parametrize("text", ("{", "[1", "{a: 1, a: 2}"))
def test_a_variable_that_is_no_yaml_is_a_problem(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^PORTICO_LOG: begins as"):
        load(None, environ={"PORTICO_LOG": text})


def test_a_position_beyond_the_list_is_a_problem(tmp_path: Path) -> None:
    text = USERS % "{name: a, secret: s}"
    assert problem(tmp_path, text, PORTICO_ACCOUNTS__7__NAME="x").startswith("PORTICO_ACCOUNTS__7__NAME: names a pos")


def test_problems_of_a_variable_name_it(tmp_path: Path) -> None:
    found = problem(tmp_path, "frontends: {s3: {port: 1}}", PORTICO_FRONTENDS__S3__PORT="99999")
    assert found == "PORTICO_FRONTENDS__S3__PORT: `frontends.s3.port` should be less than or equal to 65535"


def test_a_file_that_can_not_be_read_is_one_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.yaml: cannot be read: No such file or directory$"):
        load(tmp_path / "nothing.yaml", environ={})
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory$"):
        load(tmp_path, environ={})


def test_everything_that_is_wrong_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    text = """\
stores:
  main: {type: catalog, path: ./x, pth: y}
  bad: {type: catalg}
  none: {path: ./x}
  main: {type: memory}
namespaces:
  default: {store: mian}
acounts: []
accounts:
  - name: test
    namespace: nowhere
    users:
      - {name: a, secret: s1, role: adminn}
      - {name: a, secret: s2, role: admin}
      - {name: b, secret: s3, role: admin, access_key: a}
  - {name: test, users: []}
frontends:
  s3: {port: 99000}
  ftp: {data_timeout: 0}
drain_seconds: -1
"""
    assert problems(tmp_path, text) == [
        (
            "c.yaml:3:3: `stores.bad` has a type that is not known; "
            "there is 'catalog', 'memory', 'directory', 's3', 'swift'"
        ),
        "c.yaml:4:3: `stores.none` has no `type`; add one",
        "c.yaml:5:3: `stores.main` stands a second time (first in line 2); remove one",
        "c.yaml:7:13: `namespaces.default.store` names the store 'mian', which isn't there; did you mean 'main'?",
        "c.yaml:8:1: `acounts` is not a key that is known here; did you mean 'accounts'?",
        "c.yaml:11:5: `accounts[0].namespace` names the namespace 'nowhere', which isn't there; there is default",
        "c.yaml:13:31: `accounts[0].users[0].role` should be 'operator', 'admin', 'writer', 'reader' or 'none'",
        "c.yaml:14:10: `accounts[0].users[1].name` is the name of another user of this account; choose a new one",
        "c.yaml:15:44: `accounts[0].users[2].access_key` is another user's (by default it is the name); set a new one",
        "c.yaml:16:6: `accounts[1].name` is the name of another account; choose a new one",
        "c.yaml:16:18: `accounts[1].users` is empty; add at least one",
        "c.yaml:18:8: `frontends.s3.port` should be less than or equal to 65535",
        "c.yaml:19:9: `frontends.ftp.data_timeout` should be greater than 0",
        "c.yaml:20:1: `drain_seconds` should be greater than or equal to 0",
    ]


def test_an_unknown_key_of_a_store_is_compared_with_those_of_its_type(tmp_path: Path) -> None:
    found = problem(tmp_path, "stores: {main: {type: catalog, path: x, pth: y}}")
    assert found == "c.yaml:1:41: `stores.main.pth` is not a key that is known here; did you mean 'path'?"


@pytest.mark.parametrize(
    ("user", "words"),
    (
        ("{name: a}", "`accounts[0].users[0]` has no secret; add `secret`, `secret_file` or `secret_env`"),
        ("{name: a, secret: null}", "has no secret"),
        ("{name: a, secret: ''}", "is empty; a secret needs at least one character"),
        ("{name: a, secret: 123}", "`accounts[0].users[0].secret` should be text; put it in quotes"),
        ('{name: a, secret: "hunter2\\n"}', "must not contain line breaks"),
        ("{name: a, secret: hunter2, secret_env: SECRET}", "has `secret` and `secret_env`; keep one of them"),
        ("{name: a, secret_file: /nonexistent/file}", "names a file that can't be read: No such file or directory"),
        ("{name: a, secret_env: NOT_SET}", "names a variable that is not set"),
        ("{name: a, secret_env: EMPTY}", "is empty"),
        ("{name: 'a:b', secret: hunter2}", "holds a character that is not allowed"),
        ("{name: 'a/b', secret: hunter2}", "holds a character that is not allowed"),
        ("{name: '', secret: hunter2}", "or is empty"),
        ("{name: ü, secret: hunter2}", "can't serve as its `access_key`"),
        ("{name: a, secret: hunter2, sekret: hunter2}", "did you mean 'secret'?"),
        ("{secret: hunter2}", "`accounts[0].users[0].name` is missing; add it"),
        ("hunter2", "should be a mapping of keys"),
    ),
)
def test_a_user_needs_a_name_and_one_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str, words: str
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    monkeypatch.setenv("EMPTY", "")
    found = problem(tmp_path, USERS % user)
    assert words in found
    assert "hunter2" not in found


def test_secrets_come_from_variables_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", " from variable ")
    (tmp_path / "file").write_bytes(b" from file \r\n")
    loaded = config(tmp_path, USERS % f"{{name: a, secret_env: SECRET}}, {{name: b, secret_file: {tmp_path}/file}}")
    assert [user.secret for user in loaded.accounts[0].members()] == [" from variable ", " from file "]


def test_secrets_show_nowhere_in_a_printed_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hunter3")
    loaded = config(tmp_path, USERS % f"{{name: a, secret: hunter2}}, {{name: b, secret_file: {tmp_path}/file}}")
    shown = f"{loaded!r} {loaded.model_dump()} {loaded.accounts[0].members()}"
    assert "hunter" not in shown


def test_the_same_user_name_in_two_accounts_needs_another_access_key(tmp_path: Path) -> None:
    two = "accounts: [{name: t, users: [{name: a, secret: s}]}, {name: u, users: [{name: a, secret: s%s}]}]"
    assert "`accounts[1].users[0].access_key` is another user's" in problem(tmp_path, two % "")
    loaded = config(tmp_path, two % ", access_key: u-a")
    registry = Registry(user for account in loaded.accounts for user in account.members())
    assert registry.by_login("a") is None
    assert registry.by_login("u:a") is registry.by_access_key("u-a") is not None


def test_account_ids_are_unique_and_fit_into_a_path(tmp_path: Path) -> None:
    account = "{name: %s, users: [{name: %s, secret: s}]}"
    same = f"accounts: [{account % ('t', 'a')}, {account % ('u, id: t', 'b')}]"
    assert "`accounts[1].id` is the id of another account" in problem(tmp_path, same)
    assert "can't serve as its `id`" in problem(tmp_path, f"accounts: [{account % ('ü', 'a')}]")


def test_addresses_of_accounts_are_unique(tmp_path: Path) -> None:
    account = "{name: %s, email: %s, users: [{name: %s, secret: s}]}"
    loaded = config(
        tmp_path, f"accounts: [{account % ('t', 'a@x.example', 'a')}, {account % ('u', 'b@x.example', 'b')}]"
    )
    registry = Registry(user for account in loaded.accounts for user in account.members())
    assert registry.account_of_email("B@X.example") is registry.account("u") is not None
    assert registry.account_of_email("c@x.example") is None
    same = f"accounts: [{account % ('t', 'a@x.example', 'a')}, {account % ('u', 'A@x.example', 'b')}]"
    assert "`accounts[1].email` is the address of another account" in problem(tmp_path, same)
    assert "`accounts[0].email`" in problem(tmp_path, f"accounts: [{account % ('t', 'nobody', 'a')}]")


def test_all_protocols_switched_off_is_a_problem(tmp_path: Path) -> None:
    assert "nothing to serve" in problem(tmp_path, "frontends: {s3: null, swift: null, ftp: null}")


@pytest.mark.parametrize("key", ("stores", "namespaces"))
def test_empty_mappings_are_problems(tmp_path: Path, key: str) -> None:
    assert f"c.yaml:1:1: `{key}` is empty; add at least one" in problems(tmp_path, f"{key}: {{}}")


def test_a_token_secret_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 15 + "\n")
    assert "`token_secret_file` is too short; it needs 16" in problem(tmp_path, f"token_secret_file: {tmp_path}/key")
    (tmp_path / "key").write_text("k" * 32 + "\n")
    loaded = config(tmp_path, f"token_secret_file: {tmp_path}/key")
    assert loaded.token_secret_file
    assert loaded.token_secret_file.get_secret_value() == "k" * 32


UPSTREAM = "  up: {type: swift, auth_url: 'http://h/auth/v1.0'}\n"
LOCAL = "stores:\n  main: {type: memory}\n"
ACCOUNT = "accounts: [{name: t, users: [{name: u, secret: s}]}]\n"


def namespaces(*stated: str) -> str:
    return "namespaces:\n" + "".join(f"  {each}\n" for each in stated)


OWN, CALLERS = "default: {store: main}", "pass: {store: up, credentials: caller}"


def test_a_namespace_may_be_the_callers_own(tmp_path: Path) -> None:
    loaded = config(tmp_path, LOCAL + UPSTREAM + namespaces(OWN, CALLERS) + ACCOUNT)
    assert loaded.callers == "pass"
    assert loaded.namespaces["pass"].tenant_separator == "."
    assert [loaded.is_opened(store) for store in loaded.stores] == [True, False]
    assert "namespaces: default in main, pass in up as its callers" in list(summary(loaded))
    assert config(tmp_path, LOCAL + namespaces(OWN)).callers is None


def test_a_store_may_be_opened_in_both_ways(tmp_path: Path) -> None:
    own = UPSTREAM.replace("}", ", user: 't:u', key: k, owner: t}")
    loaded = config(tmp_path, "stores:\n" + own + namespaces("default: {store: up}", CALLERS) + ACCOUNT)
    assert loaded.is_opened("up")


@pytest.mark.parametrize(
    ("text", "root"),
    ((namespaces(OWN), True), (namespaces(OWN, CALLERS), True), (namespaces(CALLERS), False),
     (namespaces(CALLERS.replace("pass", "default")), False), (namespaces(OWN) + ACCOUNT, False)),
)  # fmt: skip
def test_a_root_user_is_made_where_nobody_else_could_come_in(tmp_path: Path, text: str, root: bool) -> None:
    assert config(tmp_path, LOCAL + UPSTREAM + text).needs_root is root


@pytest.mark.parametrize(
    ("text", "told"),
    (
        (namespaces(OWN, CALLERS, CALLERS.replace("pass", "more")), "`namespaces.more.credentials` is `caller` for"),
        (namespaces("default: {store: main, credentials: caller}"), "names a store that callers can't open"),
        (namespaces("default: {store: up}"), "has no `user` and `key` of its own"),
        (namespaces(CALLERS) + ACCOUNT.replace("name: t,", "name: t, namespace: pass,"), "name another one"),
    ),
)  # fmt: skip
def test_what_callers_can_not_have_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert told in problem(tmp_path, LOCAL + UPSTREAM + text)


def test_a_key_without_its_user_is_told(tmp_path: Path) -> None:
    assert "needs the `user`" in problem(
        tmp_path, LOCAL + UPSTREAM.replace("}", ", key: k}") + namespaces(OWN, CALLERS)
    )


def test_every_mistake_about_ftp_users_is_told_with_its_place(tmp_path: Path) -> None:
    text = """\
accounts:
  - name: test
    users:
      - name: camera
        secret: s1
        ftp:
          home: cameras
          permissions: {/in: [list, wirte]}
          encoding: klingon
          fodlers: 1
      - {name: b, secret: s2, ftp: {folders: {/c/d: /e}}}
frontends:
  ftp: {anonymous: {account: tset, home: /pub}}
"""
    found = (
        (
            "7:11",
            "accounts[0].users[0].ftp.home",
            "should be an absolute path without `.`, `..` or `//`, as /bucket/directory",
        ),
        (
            "8:37",
            "accounts[0].users[0].ftp.permissions./in[1]",
            "should be 'list', 'read', 'write', 'overwrite', 'delete', 'rename' or 'create_dirs'",
        ),
        ("9:11", "accounts[0].users[0].ftp.encoding", "should be an encoding of text, as cp1252 or shift_jis"),
        ("10:11", "accounts[0].users[0].ftp.fodlers", "is not a key that is known here; did you mean 'folders'?"),
        (
            "11:31",
            "accounts[0].users[1].ftp",
            "has a folder inside of a bucket; set `home`, or put the folder into the root",
        ),
        (
            "13:21",
            "frontends.ftp.anonymous.account",
            "names the account 'tset', which isn't there; did you mean 'test'?",
        ),
    )
    assert problems(tmp_path, text) == [f"c.yaml:{place}: `{path}` {sentence}" for place, path, sentence in found]
