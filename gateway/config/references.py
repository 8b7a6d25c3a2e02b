"""Whether the parts of a configuration that name each other agree: on raw values, so that all faults show at once."""

from collections.abc import Iterator, Mapping

from gateway.config.document import Tree
from gateway.config.overrides import ROOT_ACCOUNT
from gateway.config.problems import Fault, Path
from gateway.config.sentences import suggestion
from gateway.config.settings import DEFAULT

EMPTY = "is empty; add at least one"
SWIFT = "swift"
CALLER = "caller"


def faults(tree: Tree) -> Iterator[Fault]:
    """Everything that names something which isn't there, or takes a name that is taken."""
    for key in ("stores", "namespaces"):
        if tree.get(key) == {}:
            yield Fault((key,), EMPTY)
    yield from _keys(tree)
    yield from _namespaces(tree)
    yield from _accounts(tree)
    yield from _users(tree)
    yield from _services(tree)
    yield from _projects(tree)
    frontends = _mapping(tree.get("frontends"))
    yield from _strangers(tree, _mapping(_mapping(frontends.get("ftp")).get("anonymous")))
    if all(name in frontends and frontends[name] is None for name in ("s3", "swift", "ftp")):
        yield Fault(("frontends",), "are all switched off; there is nothing to serve; give s3, swift or ftp a mapping")


def _namespaces(tree: Tree) -> Iterator[Fault]:
    stores = _mapping(tree.get("stores"))
    for name, namespace in _mapping(tree.get("namespaces")).items():
        store = _mapping(namespace).get("store")
        if not isinstance(store, str):
            continue
        path = ("namespaces", name, "store")
        if store not in stores:
            yield Fault(path, f"names the store '{store}', which isn't there{suggestion(store, stores)}")
            continue
        settings = _mapping(stores[store])
        if _is_for_callers(namespace):
            if settings.get("type") != SWIFT:
                yield Fault(path, f"names a store that callers can't open; name one of `type: {SWIFT}`")
        elif settings.get("type") == SWIFT and not settings.get("user"):
            sentence = f"names the store '{store}', which has no `user` and `key` of its own; add them to it"
            yield Fault(path, f"{sentence}, or `credentials: {CALLER}` here")
    for name in [name for name, each in _mapping(tree.get("namespaces")).items() if _is_for_callers(each)][1:]:
        sentence = f"is `{CALLER}` for a second namespace, and no login says which one it means; keep one of them"
        yield Fault(("namespaces", name, "credentials"), sentence)


def _keys(tree: Tree) -> Iterator[Fault]:
    for name, store in _mapping(tree.get("stores")).items():
        encryption = _mapping(_mapping(store).get("encryption"))
        path: Path = ("stores", name, "encryption")
        ids: set[str] = set()
        for below, key in _items(encryption, "keys"):
            if _taken(ids, key.get("id")):
                yield Fault((*path, *below, "id"), "is the id of another key; choose a new one")
        current = encryption.get("current")
        if isinstance(current, str) and current not in ids:
            yield Fault((*path, "current"), f"names the key '{current}', which isn't there{suggestion(current, ids)}")


def _is_for_callers(namespace: object) -> bool:
    return _mapping(namespace).get("credentials") == CALLER


def _accounts(tree: Tree) -> Iterator[Fault]:
    namespaces = _mapping(tree.get("namespaces"))
    names: set[str] = set()
    ids: set[str] = set()
    emails: set[str] = set()
    for path, account in _items(tree, "accounts"):
        namespace = account.get("namespace", DEFAULT)
        if isinstance(namespace, str) and namespace not in namespaces:
            hint = suggestion(namespace, namespaces)
            yield Fault((*path, "namespace"), f"names the namespace '{namespace}', which isn't there{hint}")
        elif isinstance(namespace, str) and _is_for_callers(namespaces[namespace]):
            sentence = f"names the namespace '{namespace}', whose users log in with what they have upstream"
            yield Fault((*path, "namespace"), f"{sentence}; name another one")
        if _taken(names, account.get("name")):
            yield Fault((*path, "name"), "is the name of another account; choose a new one")
        elif _taken(ids, account.get("id") or account.get("name")):
            yield Fault((*path, "id"), "is the id of another account (by default its name); set another `id`")
        email = account.get("email")
        if _taken(emails, email.casefold() if isinstance(email, str) else None):
            yield Fault((*path, "email"), "is the address of another account; leave it to one of them")


def _strangers(tree: Tree, anonymous: Mapping[str, object]) -> Iterator[Fault]:
    """Without accounts there is that of the root user."""
    names = {str(account.get("name")) for _, account in _items(tree, "accounts")} or {ROOT_ACCOUNT}
    name = anonymous.get("account")
    if isinstance(name, str) and name not in names:
        sentence = f"names the account '{name}', which isn't there{suggestion(name, names)}"
        yield Fault(("frontends", "ftp", "anonymous", "account"), sentence)


def _users(tree: Tree) -> Iterator[Fault]:
    access_keys: set[str] = set()
    for above, account in _items(tree, "accounts"):
        if account.get("users") == []:
            yield Fault((*above, "users"), EMPTY)
        names: set[str] = set()
        for below, user in _items(account, "users"):
            path = (*above, *below)
            if _taken(names, user.get("name")):
                yield Fault((*path, "name"), "is the name of another user of this account; choose a new one")
            elif _taken(access_keys, user.get("access_key") or user.get("name")):
                sentence = "is another user's (by default it is the name); set a new one"
                yield Fault((*path, "access_key"), sentence)


def _projects(tree: Tree) -> Iterator[Fault]:
    """Where the accounts of Keystone's projects lie."""
    keystone = _mapping(tree.get("auth")).get("keystone")
    if not isinstance(keystone, dict):
        return
    namespaces = _mapping(tree.get("namespaces"))
    namespace = keystone.get("namespace", DEFAULT)
    path = ("auth", "keystone", "namespace")
    if isinstance(namespace, str) and namespace not in namespaces:
        yield Fault(path, f"names the namespace '{namespace}', which isn't there{suggestion(namespace, namespaces)}")
    elif isinstance(namespace, str) and _is_for_callers(namespaces[namespace]):
        sentence = f"names the namespace '{namespace}', whose users log in with what they have upstream"
        yield Fault(path, f"{sentence}; name another one")


def _services(tree: Tree) -> Iterator[Fault]:
    """Without Keystone, those who serve are configured."""
    auth = _mapping(tree.get("auth"))
    if auth.get("keystone") is not None:
        return
    groups: set[str] = set()
    for _, account in _items(tree, "accounts"):
        for _, user in _items(account, "users"):
            groups.update(str(group).lower() for group in _list(user.get("groups")))
    for prefix, reseller in _mapping(auth.get("reseller_prefixes")).items():
        for index, role in enumerate(_list(_mapping(reseller).get("service_roles"))):
            if isinstance(role, str) and role.lower() not in groups:
                path = ("auth", "reseller_prefixes", prefix, "service_roles", index)
                yield Fault(path, f"names the group '{role}', which no user has{suggestion(role, groups)}")


def _taken(seen: set[str], value: object) -> bool:
    """Whether `value` was seen before; from now on it has been."""
    if not isinstance(value, str):
        return False
    known = value in seen
    seen.add(value)
    return known


def _items(node: Mapping[str, object], key: str) -> Iterator[tuple[Path, Mapping[str, object]]]:
    """The mappings in a list, each with its path."""
    for index, item in enumerate(_list(node.get(key))):
        yield (key, index), _mapping(item)


def _list(node: object) -> list[object]:
    return node if isinstance(node, list) else []


def _mapping(node: object) -> Mapping[str, object]:
    return node if isinstance(node, dict) else {}
