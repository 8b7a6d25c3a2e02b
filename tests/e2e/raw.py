"""Transfers that stop where a test wants them to: in the middle."""

import ftplib
import http.client
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from urllib.parse import urlsplit

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.e2e.portico import Server

NOTHING: Mapping[str, str] = {}


def digest(data: bytes) -> str:
    return md5(data, usedforsecurity=False).hexdigest()


@dataclass
class Http:
    """One of the HTTP doors, as root uses it: with a signature in each URL, or with a token."""

    port: int
    prefix: str = ""
    credentials: Credentials | None = None
    token: str = ""

    @contextmanager
    def begin(
        self, method: str, name: str, headers: Mapping[str, str] = NOTHING
    ) -> Iterator[http.client.HTTPConnection]:
        """A request whose head has been sent; its body and the answer are the caller's."""
        path = f"{self.prefix}/{name}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, self._signed(method, path) if self.credentials else path)
            for header, value in headers.items():
                connection.putheader(header, value)
            if self.token:
                connection.putheader("X-Auth-Token", self.token)
            connection.endheaders()
            yield connection
        finally:
            connection.close()

    def _signed(self, method: str, path: str) -> str:
        request = AWSRequest(method, f"http://127.0.0.1:{self.port}{path}")
        S3SigV4QueryAuth(self.credentials, "s3", "us-east-1", expires=600).add_auth(request)
        url = urlsplit(request.url)
        return f"{url.path}?{url.query}"

    def request(self, method: str, name: str, body: bytes = b"") -> tuple[int, bytes]:
        with self.begin(method, name, {"Content-Length": str(len(body))}) as connection:
            connection.send(body)
            response = connection.getresponse()
            return response.status, response.read()


def s3(server: Server) -> Http:
    known = server.credentials
    return Http(server.ports["s3"], credentials=Credentials(known["user"], known["secret"]))


def swift(server: Server) -> Http:
    known = server.credentials
    connection = http.client.HTTPConnection("127.0.0.1", server.ports["swift"], timeout=60)
    user = f"{known['account']}:{known['user']}"
    connection.request("GET", "/auth/v1.0", headers={"X-Auth-User": user, "X-Auth-Key": known["secret"]})
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    url = urlsplit(answer.headers["X-Storage-Url"])
    connection.close()
    return Http(server.ports["swift"], url.path, token=answer.headers["X-Auth-Token"])


def ftp(server: Server) -> ftplib.FTP:
    known = server.credentials
    client = ftplib.FTP(timeout=60)
    client.connect("127.0.0.1", server.ports["ftp"])
    client.login(known["user"], known["secret"])
    return client


@contextmanager
def ftp_transfer(server: Server, command: str) -> Iterator[tuple[ftplib.FTP, socket.socket]]:
    """A transfer whose data connection is open."""
    client = ftp(server)
    try:
        client.voidcmd("TYPE I")
        with client.transfercmd(command) as data:
            yield client, data
    finally:
        client.close()
