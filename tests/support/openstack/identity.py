"""A Keystone on loopback, and a second proxy of a running Swift, which lets in whom Keystone knows.

Runs in .venv-swift:  identity.py DIRECTORY WATCHED-PID SWIFT-DIRECTORY
It serves until SIGTERM, or until the watched process is gone, and then removes its directory, in which it writes
`ready.json` once both serve. The database is made in this process, since each run of keystone-manage takes seconds.
"""

import contextlib
import getpass
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4
from wsgiref.types import WSGIApplication

from cryptography.fernet import Fernet
from keystone.cmd.bootstrap import Bootstrapper
from keystone.common.provider_api import ProviderAPIs as PROVIDERS
from keystone.common.sql import upgrades
from keystone.server.flask import core
from ports import reserved
from saio import POLL_SECONDS, START_SECONDS, is_there
from waitress.server import create_server

REGION = "RegionOne"
NOWHERE = "http://127.0.0.1:9"
"""Where nothing listens: the endpoints of the other region."""

OPERATOR = "swiftoperator"
DOMAINS = ("people",)
"""Beside `default`."""
PROJECTS: tuple[tuple[str, ...], ...] = (("service", "default"), ("work", "default"), ("work", "people"))
USERS = (
    ("swift", "default", "swift-secret", "service", "default", "admin"),
    ("tester", "default", "tester-secret", "work", "default", OPERATOR),
    ("tester", "people", "people-secret", "work", "people", OPERATOR),
    ("dotted.name", "people", "dotted-secret", "work", "people", OPERATOR),
    ("visitor", "default", "visitor-secret", "work", "default", "member"),
)
"""Name, domain, password; project, its domain, and the role there."""

PIPELINE = (
    "catch_errors gatekeeper healthcheck proxy_logging cache listing_formats bulk authtoken keystoneauth copy "
    "container_quotas account_quotas slo dlo versioned_writes symlink"
)


def write_keystone(folder: Path) -> Path:
    """Keystone's configuration and its keys. Four rounds of bcrypt are what its own tests make do with."""
    for keys in ("tokens", "credentials"):
        (folder / keys).mkdir(mode=0o700)
        for number in "01":
            (folder / keys / number).write_bytes(Fernet.generate_key())
    configuration = folder / "keystone.conf"
    configuration.write_text(
        f"[DEFAULT]\nlog_file = {folder}/keystone.log\n"
        f"[database]\nconnection = sqlite:///{folder}/keystone.db\n"
        f"[fernet_tokens]\nkey_repository = {folder}/tokens\n[fernet_receipts]\nkey_repository = {folder}/tokens\n"
        f"[credential]\nkey_repository = {folder}/credentials\n"
        "[identity]\npassword_hash_rounds = 4\n[cache]\nenabled = false\n[oslo_policy]\nenforce_scope = false\n"
    )
    return configuration


def write_proxy(folder: Path, swift: Path, port: int, keystone: str) -> None:
    credentials = (
        f"auth_url = {keystone}\nauth_type = password\nusername = swift\npassword = swift-secret\n"
        "user_domain_id = default\nproject_name = service\nproject_domain_id = default\n"
    )
    options = {
        "cache": "paste.filter_factory = saio_runner:filter_factory",
        "authtoken": "paste.filter_factory = keystonemiddleware.auth_token:filter_factory\n"
        f"www_authenticate_uri = {keystone}\n{credentials}delay_auth_decision = True\ncache = swift.cache\n"
        "include_service_catalog = False\nservice_token_roles_required = True",
        "keystoneauth": f"use = egg:swift#keystoneauth\noperator_roles = admin, {OPERATOR}",
    }
    filters = "".join(f"[filter:{name}]\n{options.get(name, f'use = egg:swift#{name}')}\n" for name in PIPELINE.split())
    (folder / "proxy.conf").write_text(
        f"[DEFAULT]\nswift_dir = {swift}\nbind_ip = 127.0.0.1\nbind_port = {port}\nuser = {getpass.getuser()}\n"
        "log_level = WARNING\nworkers = 0\nconn_timeout = 10\nnode_timeout = 60\nerror_suppression_interval = 0\n"
        f"[pipeline:main]\npipeline = {PIPELINE} proxy-server\n"
        "[app:proxy-server]\nuse = egg:swift#proxy\nallow_account_management = true\naccount_autocreate = true\n"
        f"{filters}"
    )


def start_proxy(folder: Path, swift: Path) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name("swift-proxy-server")
    command = [sys.executable, str(swift / "saio_runner.py"), str(program), str(folder / "proxy.conf"), "-v"]
    environment = {**os.environ, "PYTHONPATH": str(swift), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"}
    with (folder / "proxy.log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)


def make_keystone(configuration: Path, keystone: str, swift: str) -> WSGIApplication:
    """The application, with all that it is to know. It must find no arguments, which it would take for its own."""
    sys.argv[1:] = []
    application = core.initialize_application("public", upgrades.offline_sync_database_to_version, [str(configuration)])
    with patch("keystone.server.backends.load_backends"), application.app_context():
        bootstrapper = Bootstrapper()
        bootstrapper.admin_username = bootstrapper.admin_password = bootstrapper.project_name = "admin"
        bootstrapper.admin_role_name, bootstrapper.region_id = "admin", REGION
        bootstrapper.service_name, bootstrapper.internal_url = "keystone", f"{keystone}/v3"
        bootstrapper.bootstrap()
        fill_users()
        fill_catalog(swift)
    served: WSGIApplication = application
    return served


def fill_users() -> None:
    """By Keystone's own managers: its API takes half a second for each."""
    resources, assignments = PROVIDERS.resource_api, PROVIDERS.assignment_api
    for name in DOMAINS:
        resources.create_domain(name, {"id": name, "name": name, "enabled": True})
    roles = {role["name"]: role["id"] for role in PROVIDERS.role_api.list_roles()}
    roles[OPERATOR] = PROVIDERS.role_api.create_role(OPERATOR, {"id": OPERATOR, "name": OPERATOR})["id"]
    projects = {place: uuid4().hex for place in PROJECTS}
    for (name, domain), project in projects.items():
        resources.create_project(project, {"id": project, "name": name, "domain_id": domain, "enabled": True})
    for name, domain, password, *place, role in USERS:
        user = {"name": name, "password": password, "domain_id": domain, "enabled": True}
        made = PROVIDERS.identity_api.create_user(user)
        assignments.add_role_to_user_and_project(
            user_id=made["id"], project_id=projects[tuple(place)], role_id=roles[role]
        )


def fill_catalog(swift: str) -> None:
    """`swift` is the object store of one region; where that of the other one is, nothing listens."""
    catalog = PROVIDERS.catalog_api
    catalog.create_service("swift", {"id": "swift", "type": "object-store", "name": "swift", "enabled": True})
    catalog.create_region({"id": "RegionTwo"})
    for region, origin in (("RegionTwo", NOWHERE), (REGION, swift)):
        for interface in ("public", "internal", "admin"):
            endpoint = {"id": uuid4().hex, "service_id": "swift", "interface": interface, "region_id": region}
            url = f"{origin}/v1/AUTH_%(project_id)s"
            catalog.create_endpoint(endpoint["id"], {**endpoint, "url": url, "enabled": True})


def serves(auth: str, swift: str) -> bool:
    """Whether Swift lets in whom Keystone knows: anybody else's account is refused, and not for want of a token."""
    default = {"id": "default"}
    user = {"name": "tester", "domain": default, "password": "tester-secret"}
    identity = {"methods": ["password"], "password": {"user": user}}
    scope = {"project": {"name": "work", "domain": default}}
    body = json.dumps({"auth": {"identity": identity, "scope": scope}}).encode()
    login = urllib.request.Request(f"{auth}/auth/tokens", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(login, timeout=10) as answer:
            token = answer.headers["X-Subject-Token"]
        ask = urllib.request.Request(f"{swift}/v1/AUTH_nobody", headers={"X-Auth-Token": token})
        urllib.request.urlopen(ask, timeout=10)
    except urllib.error.HTTPError as error:
        return error.code == 403
    except OSError:
        return False
    return False


def watch(folder: Path, watched: int, auth: str, swift: str) -> None:
    """Say when both serve, and end this process when nobody needs it any more."""
    deadline = time.monotonic() + START_SECONDS
    while not serves(auth, swift):
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    else:
        partial = folder / "ready.partial"
        partial.write_text(json.dumps({"auth": auth, "swift": swift}))
        partial.rename(folder / "ready.json")
        while is_there(watched):
            time.sleep(POLL_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.kill(os.getpid(), signal.SIGTERM)


def main(folder: Path, watched: int, swift: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    proxy = None
    try:
        held = reserved(), reserved()
        ports = [port.getsockname()[1] for port in held]
        keystone, origin = (f"http://127.0.0.1:{port}" for port in ports)
        write_proxy(folder, swift, ports[1], keystone)
        proxy = start_proxy(folder, swift)
        server = create_server(
            make_keystone(write_keystone(folder), keystone, origin), host="127.0.0.1", port=ports[0], threads=1
        )
        threading.Thread(target=watch, args=(folder, watched, f"{keystone}/v3", origin), daemon=True).start()
        server.run()
    finally:
        if proxy is not None:
            proxy.terminate()
            proxy.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
