"""What a start prints: where the doors are and, the first time, how to walk in."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway import __version__
from gateway.config.overrides import ROOT_SECRET
from gateway.root import Root

WIDTH = 8


def doors(data: Path, endpoints: Mapping[str, str]) -> Iterator[str]:
    """Lines for every start."""
    yield f"portico {__version__} serves {data}"
    for name, url in endpoints.items():
        yield f"  {name:<{WIDTH}}{url}"


def keys(root: Root, kept_in: Path, endpoints: Mapping[str, str], region: str) -> Iterator[str]:
    """Lines for the first start: the root user's credentials, and commands that are ready to be pasted."""
    known = root.credentials
    yield ""
    if root.given:
        yield f"The root user is {known.user} of account {known.account}, with the secret in {ROOT_SECRET}. Try:"
        secret = f'"${ROOT_SECRET}"'
    else:
        width = max(map(len, (known.account, known.user, known.secret)))
        yield f"The root user of this installation, an operator (shown this once; kept in {kept_in}):"
        yield f"  account  {known.account}"
        yield f"  user     {known.user:<{width}}  S3 access key, FTP user; for Swift {known.account}:{known.user}"
        yield f"  secret   {known.secret:<{width}}  S3 secret key, FTP password, Swift key"
        yield "Try:"
        secret = shlex.quote(known.secret)
    for command in commands(known.account, known.user, secret, endpoints, region):
        yield f"  {command}"


def commands(account: str, user: str, secret: str, endpoints: Mapping[str, str], region: str) -> Iterator[str]:
    """A first command for each client. `secret` is quoted for a shell."""
    s3, swift, ftp = (endpoints.get(name) for name in ("s3", "swift", "ftp"))
    if s3:
        keys = f"AWS_ACCESS_KEY_ID={user} AWS_SECRET_ACCESS_KEY={secret} AWS_DEFAULT_REGION={region}"
        yield f"{keys} aws --endpoint-url {s3} s3 mb s3://first"
    if swift:
        yield f"swift --auth {swift} --user {account}:{user} --key={secret} list"
    if ftp:
        yield f"lftp -e ls -u {user},{secret} {ftp}"
        yield f"curl --user {user}:{secret} {ftp}/"
    if s3:
        unsigned = "-H x-amz-content-sha256:UNSIGNED-PAYLOAD"  # which curl 7.88 does not send by itself
        yield f"curl --user {user}:{secret} --aws-sigv4 aws:amz:{region}:s3 {unsigned} {s3}/"
