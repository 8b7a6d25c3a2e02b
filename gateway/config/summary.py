"""A configuration in a few lines, without secrets."""

from collections.abc import Iterator

from gateway.config.encryption import Encryptable
from gateway.config.settings import Config, StoreSettings


def summary(config: Config) -> Iterator[str]:
    """What would be served, to whom and where."""
    stores = (f"{name} ({_kind(settings)})" for name, settings in config.stores.items())
    namespaces = (
        f"{name} in {namespace.store}{' as its callers' if name == config.callers else ''}"
        for name, namespace in config.namespaces.items()
    )
    accounts = (f"{account.name} ({_count(len(account.users), 'user')})" for account in config.accounts)
    doors = (
        f"{name} {settings.host}:{settings.port}" if settings else f"{name} off"
        for name, settings in (
            ("s3", config.frontends.s3),
            ("swift", config.frontends.swift),
            ("ftp", config.frontends.ftp),
            ("admin", config.frontends.admin),
        )
    )
    yield f"stores: {', '.join(stores)}"
    yield f"namespaces: {', '.join(namespaces)}"
    nobody = "none; the first start makes a root user" if config.needs_root else "none"
    keystone = config.auth.keystone
    projects = () if keystone is None else (f"those of the projects of {keystone.auth_url}",)
    yield f"accounts: {', '.join((*accounts, *projects)) or nobody}"
    yield f"frontends: {', '.join(doors)}"


def _kind(settings: StoreSettings) -> str:
    if not isinstance(settings, Encryptable) or settings.encryption is None:
        return settings.type
    encryption = settings.encryption
    what = "everything encrypted" if encryption.default else "encrypted on demand"
    return f"{settings.type}, {what} by key {encryption.current}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
