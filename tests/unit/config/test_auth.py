"""Settings of who vouches for callers, and what is told of mistakes in them."""

from pathlib import Path

import pytest

from gateway.config import Config, ConfigError, load, summary

KEYSTONE = "auth_url: 'http://keystone:5000/v3', user: portico, key: hidden-word"
USERS = "accounts: [{name: t, users: [{name: u, secret: s%s}]}]\n"


def config(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    return load(file, environ={})


def problem(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, text)
    (found,) = map(str, caught.value.problems)
    return found


def test_keystone_is_told_of_and_needs_no_root_user(tmp_path: Path) -> None:
    loaded = config(tmp_path, f"auth: {{keystone: {{{KEYSTONE}, operator_roles: [Owner]}}}}\n")
    keystone = loaded.auth.keystone
    assert keystone is not None
    assert (keystone.namespace, keystone.operator_roles, keystone.secret()) == ("default", ("owner",), "hidden-word")
    assert not loaded.needs_root
    assert "hidden-word" not in repr(loaded)
    assert "accounts: those of the projects of http://keystone:5000/v3" in "\n".join(summary(loaded))


@pytest.mark.parametrize(
    ("stated", "told"),
    (
        ("auth_url: 'http://keystone:5000/v3', key: hidden-word", "`auth.keystone.user` is missing; add it"),
        ("auth_url: 'http://keystone:5000', user: u, key: hidden-word", "`auth.keystone.auth_url`"),
        ("auth_url: 'http://keystone:5000/v3', user: u", "`auth.keystone` needs a `key` or a `key_file`"),
        (f"{KEYSTONE}, key_file: /etc/passwd", "`auth.keystone` needs a `key` or a `key_file`, and not both"),
        (f"{KEYSTONE}, operator_role: [a]", "did you mean 'operator_roles'?"),
        (f"{KEYSTONE}, namespace: elsewhere", "names the namespace 'elsewhere', which isn't there"),
        (f"{KEYSTONE}, cache_seconds: -1", "`auth.keystone.cache_seconds`"),
    ),
)
def test_mistakes_about_keystone(tmp_path: Path, stated: str, told: str) -> None:
    found = problem(tmp_path, f"auth: {{keystone: {{{stated}}}}}\n")
    assert told in found
    assert "hidden-word" not in found


def test_projects_have_a_namespace_with_a_store_of_its_own(tmp_path: Path) -> None:
    stores = "stores: {main: {type: swift, auth_url: 'http://swift/auth/v1.0'}}\n"
    namespaces = "namespaces: {default: {store: main, credentials: caller}}\n"
    found = problem(tmp_path, f"{stores}{namespaces}auth: {{keystone: {{{KEYSTONE}}}}}\n")
    assert "`auth.keystone" in found
    assert "names the namespace 'default', whose users log in with what they have upstream; name another one" in found


def test_prefixes_and_the_groups_that_serve_there(tmp_path: Path) -> None:
    prefixes = "auth: {reseller_prefixes: {SERVICE: {service_roles: [Service]}, OTHER: {}}}\n"
    loaded = config(tmp_path, prefixes + USERS % ", groups: [service]")
    assert loaded.auth.resellers.have_services
    assert loaded.auth.resellers.origin(":SERVICE_t") == loaded.auth.resellers.origin(":OTHER_t") == "t"
    (user,) = loaded.accounts[0].members()
    assert user.standing.groups == {"service"}
    found = problem(tmp_path, prefixes + USERS % ", groups: [services]")
    assert "names the group 'Service', which no user has; did you mean 'services'?" in found
    keystone = prefixes.replace("{reseller", f"{{keystone: {{{KEYSTONE}}}, reseller")
    assert config(tmp_path, keystone).auth.resellers.have_services


@pytest.mark.parametrize("prefix", ("AUTH", "A_B", "''", "a/b"))
def test_prefixes_that_are_none(tmp_path: Path, prefix: str) -> None:
    assert "`auth.reseller_prefixes" in problem(tmp_path, f"auth: {{reseller_prefixes: {{{prefix}: {{}}}}}}\n")


@pytest.mark.parametrize(
    ("group", "told"),
    (
        (".admin", "`role: admin`"),
        (".reseller_admin", "`role: operator`"),
        (".x", "begins with a dot"),
        ("'a,b'", "holds a character that is not allowed"),
    ),
)
def test_groups_that_mean_roles_or_nothing(tmp_path: Path, group: str, told: str) -> None:
    assert told in problem(tmp_path, USERS % f", groups: [{group}]")


@pytest.mark.parametrize("url", ("objects.example", "http://", "https://x/v1/", "https://x?y"))
def test_storage_urls_that_are_none(tmp_path: Path, url: str) -> None:
    assert "`frontends.swift.storage_url`" in problem(tmp_path, f"frontends: {{swift: {{storage_url: '{url}'}}}}\n")
