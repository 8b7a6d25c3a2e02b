"""A real process before a real OpenStack Swift, whose users come with real clients."""

from pathlib import Path

from tests.e2e.portico import Server, run, serving
from tests.support.openstack.cluster import Cluster

TENANTS = ("s3-7998", "s3-7999")
"""Of the cluster's tenants, two that no other test takes; the user of each is `user`, with the same key."""

CALLERS = "{visitors: {store: lake, credentials: caller}}"


def stated(auth_url: str, **more: str) -> dict[str, str]:
    """The configuration as environment variables."""
    return {
        "PORTICO_STORES": f"{{lake: {{type: swift, auth_url: '{auth_url}', retries: 1, retry_base: 0.1}}}}",
        "PORTICO_NAMESPACES": CALLERS,
        **more,
    }


def swift(server: Server, tenant: str, *arguments: str) -> str:
    login = ("-A", server.endpoints["swift"], "-U", f"{tenant}:user", "-K", "secret")
    done = run("swift", *login, *arguments)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def test_clients_of_two_tenants_see_their_own(cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("of a tenant")
    with serving(tmp_path / "data", **stated(cluster.auth)) as server:
        assert not (tmp_path / "data/credentials.json").exists()
        for tenant in TENANTS:
            swift(server, tenant, "upload", "box", str(file), "--object-name", f"of-{tenant}")
        for tenant in TENANTS:
            assert swift(server, tenant, "list").splitlines() == ["box"]
            assert swift(server, tenant, "list", "box").splitlines() == [f"of-{tenant}"]
            url = f"ftp://127.0.0.1:{server.ports['ftp']}/box/of-{tenant}"
            assert run("curl", "-sS", "--user", f"{tenant}.user:secret", url).stdout == "of a tenant"
            listed = run(
                *("aws", "--endpoint-url", server.endpoints["s3"], "s3", "ls", "s3://box"),
                AWS_DEFAULT_REGION="us-east-1",
                AWS_ACCESS_KEY_ID=f"{tenant}:user",
                AWS_SECRET_ACCESS_KEY="secret",
            )
            assert listed.stdout.split()[3:] == [f"of-{tenant}"], listed.stderr
            swift(server, tenant, "delete", "box")
        wrong = run("curl", "-sS", "--user", f"{TENANTS[0]}.user:wrong", f"ftp://127.0.0.1:{server.ports['ftp']}/")
        assert wrong.returncode != 0
        told = server.err.read_text() + server.out.read_text()
        assert "secret" not in told
        server.terminate()
        assert server.wait() == 0


def test_a_process_whose_own_credentials_are_wrong_starts_and_says_so(cluster: Cluster, tmp_path: Path) -> None:
    store = (
        f"{{lake: {{type: swift, auth_url: '{cluster.auth}', user: '{TENANTS[0]}:user', key: wrong, owner: admin}}}}"
    )
    both = "{default: {store: lake}, visitors: {store: lake, credentials: caller}}"
    names = stated(cluster.auth, PORTICO_STORES=store, PORTICO_NAMESPACES=both)
    with serving(tmp_path / "data", **names) as server:
        ready = run("curl", "-sS", f"{server.endpoints['admin']}/readyz").stdout
        assert "refuses the gateway's credentials" in ready
        assert swift(server, TENANTS[1], "stat")
