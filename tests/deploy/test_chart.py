"""The Helm chart: linted, rendered and validated offline, with good values and with bad ones."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "portico"
OLDEST, NEWEST = "1.25", "1.37"

Manifest = dict[str, Any]
Values = dict[str, Any]


@pytest.fixture(scope="module")
def chart() -> Iterator[helm_python.Chart]:
    with helm_python.Chart.load(CHART) as loaded:
        yield loaded


def render(chart: helm_python.Chart, values: Values | None = None) -> dict[tuple[str, str], Manifest]:
    """The manifests by kind and name, of a release `demo`."""
    chart.validate_schema(values)
    files = chart.render(values, name="demo", namespace="tenant")
    documents = [
        document
        for name, text in files.items()
        if not name.endswith(".txt")
        for document in yaml.safe_load_all(text)
        if document
    ]
    manifests = {(document["kind"], document["metadata"]["name"]): document for document in documents}
    assert len(manifests) == len(documents)
    return manifests


def pod(manifests: dict[tuple[str, str], Manifest]) -> Manifest:
    spec: Manifest = manifests["Deployment", "demo-portico"]["spec"]["template"]["spec"]
    return spec


SETS: dict[str, Values] = {
    "default": {},
    "own secret and claim": {"secrets": {"existing": "mine"}, "persistence": {"existing": "disk"}},
    "shared store": {
        "replicas": 3,
        "persistence": {"enabled": False},
        "config": {"stores": {"main": {"type": "s3", "path": None, "endpoint": "https://s3.example.com"}}},
    },
    "load balancers": {
        "services": {
            "s3": {"type": "LoadBalancer", "annotations": {"example.com/scheme": "internal"}},
            "ftp": {"type": "LoadBalancer"},
        },
        "config": {"frontends": {"ftp": {"port": 21, "passive_ports": "40000-40009"}}},
    },
    "every option": {
        "nameOverride": "gate",
        "fullnameOverride": "a-name-that-is-much-longer-than-any-label-of-a-service-may-ever-be",
        "image": {"repository": "registry.example.com/portico", "tag": "test", "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "pull"}],
        "secrets": {"values": {"admin": "a-secret-of-the-user", "other.user": "another-secret"}, "generate": ["third"]},
        "persistence": {"size": "1Ti", "storageClass": "fast", "accessMode": "ReadWriteOncePod", "keep": False},
        "serviceAccount": {"name": "robot", "annotations": {"example.com/role": "none"}},
        "podAnnotations": {"example.com/scrape": "true"},
        "podLabels": {"tier": "storage"},
        "env": [{"name": "TZ", "value": "UTC"}],
        "resources": {},
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "storage", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
    },
}


def test_chart_has_no_finding() -> None:
    report = helm_python.lint(CHART, strict=True)
    assert report["errors"] == []
    assert [message for message in report["messages"] if message["severity"] > 1] == []


@pytest.mark.parametrize("version", (OLDEST, NEWEST))
@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
def test_manifests_are_valid(chart: helm_python.Chart, values: Values, version: str) -> None:
    for manifest in render(chart, values).values():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_an_unknown_field_is_found(chart: helm_python.Chart) -> None:
    manifest = render(chart)["Deployment", "demo-portico"]
    manifest["spec"]["replica"] = 1
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(manifest, NEWEST, strict=True)


def test_the_configuration_arrives_as_it_is(chart: helm_python.Chart) -> None:
    manifests = render(chart, {"config": {"frontends": {"s3": {"region": "eu-1"}}}})
    config = yaml.safe_load(manifests["ConfigMap", "demo-portico"]["data"]["portico.yaml"])
    assert config["frontends"]["s3"] == {"host": "0.0.0.0", "port": 9000, "region": "eu-1"}
    assert config["stores"] == {"main": {"type": "catalog", "path": "/data"}}


def test_a_changed_configuration_restarts_the_pods(chart: helm_python.Chart) -> None:
    templates = [
        render(chart, values)["Deployment", "demo-portico"]["spec"]["template"]["metadata"]["annotations"]
        for values in ({}, {"config": {"frontends": {"s3": {"region": "eu-1"}}}})
    ]
    assert templates[0]["checksum/config"] != templates[1]["checksum/config"]


def test_every_secret_file_is_mounted(chart: helm_python.Chart) -> None:
    manifests = render(chart)
    config = yaml.safe_load(manifests["ConfigMap", "demo-portico"]["data"]["portico.yaml"])
    mounted = next(mount for mount in pod(manifests)["containers"][0]["volumeMounts"] if mount["name"] == "secrets")
    files = {f"{mounted['mountPath']}/{key}" for key in manifests["Secret", "demo-portico"]["data"]}
    users = {user["secret_file"] for account in config["accounts"] for user in account["users"]}
    assert {*users, config["token_secret_file"]} == files


def test_there_is_no_default_password(chart: helm_python.Chart) -> None:
    first, second = (render(chart)["Secret", "demo-portico"]["data"]["admin"] for _ in range(2))
    assert first != second
    assert len(base64.b64decode(first)) == 40


def test_a_given_secret_is_kept(chart: helm_python.Chart) -> None:
    secret = render(chart, {"secrets": {"values": {"admin": "given-by-me"}}})["Secret", "demo-portico"]["data"]
    assert base64.b64decode(secret["admin"]) == b"given-by-me"


def test_what_exists_is_not_made_again(chart: helm_python.Chart) -> None:
    manifests = render(chart, SETS["own secret and claim"])
    assert {"Secret", "PersistentVolumeClaim"}.isdisjoint(kind for kind, _ in manifests)
    volumes = {volume["name"]: volume for volume in pod(manifests)["volumes"]}
    assert volumes["secrets"]["secret"]["secretName"] == "mine"
    assert volumes["data"]["persistentVolumeClaim"]["claimName"] == "disk"


def test_one_process_has_the_volume_at_a_time(chart: helm_python.Chart) -> None:
    spec = render(chart)["Deployment", "demo-portico"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    shared = render(chart, SETS["shared store"])["Deployment", "demo-portico"]["spec"]
    assert (shared["replicas"], shared["strategy"]) == (3, {"type": "RollingUpdate"})


def test_the_pod_has_no_rights_it_does_not_need(chart: helm_python.Chart) -> None:
    spec = pod(render(chart))
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_names_of_services_do_not_become_settings(chart: helm_python.Chart) -> None:
    """A Service `portico-s3` would put PORTICO_S3_PORT=tcp://... into the environment, which the gateway reads."""
    assert pod(render(chart))["enableServiceLinks"] is False


def test_transfers_may_finish_before_the_pod_is_killed(chart: helm_python.Chart) -> None:
    assert pod(render(chart, {"config": {"drain_seconds": 99.5}}))["terminationGracePeriodSeconds"] == 115


def test_a_replica_leaves_the_services_before_it_shuts(chart: helm_python.Chart) -> None:
    assert "lifecycle" not in pod(render(chart))["containers"][0]
    spec = pod(render(chart, SETS["shared store"]))
    assert spec["containers"][0]["lifecycle"] == {"preStop": {"exec": {"command": ["sleep", "5"]}}}
    assert spec["terminationGracePeriodSeconds"] > 30 + 5


def test_probes_ask_the_admin_port(chart: helm_python.Chart) -> None:
    container = pod(render(chart))["containers"][0]
    paths = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert paths["startup"] == paths["liveness"] == {"path": "/healthz", "port": "admin"}
    assert paths["readiness"] == {"path": "/readyz", "port": "admin"}


@pytest.mark.parametrize("frontend", ("s3", "swift", "admin", "ftp"))
def test_services_reach_the_pod(chart: helm_python.Chart, frontend: str) -> None:
    manifests = render(chart, {"config": {"frontends": {frontend: {"port": 1234}}}})
    service = manifests["Service", f"demo-portico-{frontend}"]["spec"]
    labels = manifests["Deployment", "demo-portico"]["spec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
    assert service["ports"][0] == {"name": frontend, "port": 1234, "targetPort": frontend, "protocol": "TCP"}
    container_ports = {port["name"]: port["containerPort"] for port in pod(manifests)["containers"][0]["ports"]}
    assert container_ports[frontend] == 1234


def test_ftp_has_its_whole_passive_range(chart: helm_python.Chart) -> None:
    service = render(chart, SETS["load balancers"])["Service", "demo-portico-ftp"]["spec"]
    assert [port["port"] for port in service["ports"]] == [21, *range(40000, 40010)]
    assert all(port["targetPort"] == port["port"] for port in service["ports"][1:])
    assert (service["type"], service["externalTrafficPolicy"]) == ("LoadBalancer", "Local")
    assert service["sessionAffinity"] == "ClientIP"


@pytest.mark.parametrize("frontend", ("s3", "swift", "ftp"))
def test_a_frontend_can_be_shut(chart: helm_python.Chart, frontend: str) -> None:
    manifests = render(chart, {"config": {"frontends": {frontend: None}}})
    assert ("Service", f"demo-portico-{frontend}") not in manifests
    assert frontend not in {port["name"] for port in pod(manifests)["containers"][0]["ports"]}
    config = yaml.safe_load(manifests["ConfigMap", "demo-portico"]["data"]["portico.yaml"])
    assert config["frontends"].pop(frontend) is None
    assert all(config["frontends"].values())


BAD: dict[str, tuple[Values, str]] = {
    "unknown key": ({"replicaCount": 2}, "replicaCount"),
    "port 0": ({"config": {"frontends": {"s3": {"port": 0}}}}, "/config/frontends/s3/port"),
    "port as text": ({"config": {"frontends": {"swift": {"port": "8080"}}}}, "/config/frontends/swift/port"),
    "passive port": ({"config": {"frontends": {"ftp": {"passive_ports": "30000"}}}}, "passive_ports"),
    "no admin frontend": ({"config": {"frontends": {"admin": None}}}, "/config/frontends"),
    "unknown frontend": ({"config": {"frontends": {"nfs": {"host": "0.0.0.0", "port": 2049}}}}, "/config/frontends"),
    "endless drain": ({"config": {"drain_seconds": 86401}}, "/config/drain_seconds"),
    "no account": ({"config": {"accounts": []}}, "/config/accounts"),
    "two on one volume": ({"replicas": 2}, "/replicas"),
    "short secret": ({"secrets": {"values": {"admin": "short"}}}, "/secrets/values/admin"),
    "number for a secret": ({"secrets": {"values": {"admin": 12345678}}}, "/secrets/values/admin"),
    "name of a secret": ({"secrets": {"generate": ["a/b"]}}, "/secrets/generate"),
    "size": ({"persistence": {"size": "much"}}, "/persistence/size"),
    "type of service": ({"services": {"ftp": {"type": "ExternalName"}}}, "/services/ftp/type"),
}


@pytest.mark.parametrize(("values", "place"), BAD.values(), ids=BAD)
def test_bad_values_are_refused(chart: helm_python.Chart, values: Values, place: str) -> None:
    with pytest.raises(helm_python.HelmValuesError, match=place):
        chart.validate_schema(values)


@pytest.mark.parametrize("ports", ("30099-30000", "30000-39999"))
def test_a_passive_range_that_no_service_can_have_is_refused(chart: helm_python.Chart, ports: str) -> None:
    with pytest.raises(helm_python.HelmRenderError, match="passive_ports"):
        render(chart, {"config": {"frontends": {"ftp": {"passive_ports": ports}}}})


def test_the_notes_name_every_door(chart: helm_python.Chart) -> None:
    notes = chart.render({}, name="demo", namespace="tenant")["portico/templates/NOTES.txt"]
    for door in ("demo-portico-s3:9000", "demo-portico-swift:8080", "demo-portico-ftp:2121", "demo-portico-admin:9001"):
        assert door in notes
