"""The names that callers have upstream."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.stores.swift import SwiftStoreSettings
from gateway.stores.swift.callers import Caller, acting_as, anonymous, canonical

OWN = {"user": "gateway:user", "key": "own-key", "owner": "somebody"}
V1 = SwiftStoreSettings.model_validate({"auth_url": "http://h/auth/v1.0", **OWN})
V3 = SwiftStoreSettings.model_validate({"auth_url": "http://h/v3", **OWN, "user_domain": "people"})

NAMES = st.text(st.sampled_from("ab@.:"), max_size=8)


@pytest.mark.parametrize(
    ("stated", "who"),
    (
        (("p", "u"), ("p", "default", "u", "people")),
        (("p@pd", "u"), ("p", "pd", "u", "people")),
        (("p@pd", "u@ud"), ("p", "pd", "u", "ud")),
        (("p", "me@example.org@ud"), ("p", "default", "me@example.org", "ud")),
        (("", "u@ud"), ("", "default", "u", "ud")),
        (("p@", "u@"), ("p", "default", "u", "people")),
    ),
)
def test_f08_domains_are_those_that_are_stated_or_those_of_the_settings(
    stated: tuple[str, str], who: tuple[str, ...]
) -> None:
    found = acting_as(V3, canonical(V3, *stated), "secret")
    assert (found.project, found.project_domain, found.user, found.user_domain) == who
    assert found.secret() == "secret"


@pytest.mark.parametrize(("stated", "user"), ((("t", "u"), "t:u"), (("t", "u@x.v"), "t:u@x.v"), (("", "solo"), "solo")))
def test_tempauth_has_names_of_two_parts(stated: tuple[str, str], user: str) -> None:
    found = acting_as(V1, canonical(V1, *stated), "secret")
    assert (found.user, found.secret()) == (user, "secret")


def test_the_project_of_the_settings_is_that_of_callers_who_name_none() -> None:
    settings = V3.model_copy(update={"project": "common"})
    for nothing in ("", "@", "@domain"):
        assert canonical(settings, nothing, "u") == Caller("common@default", "u@people")
    assert canonical(settings, "own", "u") == Caller("own@default", "u@people")


@pytest.mark.parametrize("settings", (V1, V3), ids=("tempauth", "keystone"))
def test_nothing_of_the_gateways_own_is_left(settings: SwiftStoreSettings) -> None:
    found = acting_as(settings, canonical(settings, "t", "u"), "secret")
    assert found.owner is None
    assert "own-key" not in {*found.scope, found.secret()}
    nobody = anonymous(settings)
    assert (nobody.user, nobody.key, nobody.key_file) == ("", None, None)


@given(NAMES, NAMES)
@pytest.mark.parametrize("settings", (V1, V3), ids=("tempauth", "keystone"))
def test_a_name_in_full_stays_as_it_is(settings: SwiftStoreSettings, tenant: str, user: str) -> None:
    caller = canonical(settings, tenant, user)
    assert canonical(settings, caller.tenant, caller.user) == caller


@given(NAMES, NAMES, NAMES, NAMES)
@example("@", "", "@a", "")
@pytest.mark.parametrize("settings", (V1, V3), ids=("tempauth", "keystone"))
def test_two_callers_never_log_in_as_one(
    settings: SwiftStoreSettings, tenant: str, user: str, other_tenant: str, other_user: str
) -> None:
    """Of names as logins have them: a tenant holds no colon there."""
    one = canonical(settings, tenant.replace(":", ""), user)
    other = canonical(settings, other_tenant.replace(":", ""), other_user)
    if one != other and one.tenant and other.tenant:
        assert acting_as(settings, one, "secret").scope != acting_as(settings, other, "secret").scope
