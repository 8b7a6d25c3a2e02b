"""Settings of the FTP frontend."""

import re
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
)

from gateway.frontends.ftp.certificates import CertificateFiles
from gateway.frontends.ftp.profile import AnonymousSettings

_DIGITS = re.compile(r"[\d.]+", re.ASCII)
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62}\.?)*", re.ASCII)
_PORTS = re.compile(r"(\d{1,5})\s*-\s*(\d{1,5})", re.ASCII)


def _masquerade_name(name: str) -> str:
    if _DIGITS.fullmatch(name):
        try:
            return str(IPv4Address(name))
        except ValueError:
            pass
    elif _HOST.fullmatch(name):
        return name
    raise ValueError("must be an IPv4 address or the name of a host")


MasqueradeName = Annotated[str, AfterValidator(_masquerade_name)]


class TlsMode(StrEnum):
    OFFERED = "offered"
    REQUIRED = "required"


class TlsSettings(CertificateFiles):
    """How control and data connections are protected: TLS 1.2 and later. Files that change are read again."""

    mode: TlsMode = Field(TlsMode.OFFERED, description="required: no login and no data without TLS.")
    plain_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="Clients in these networks need no TLS even where it is required."
    )
    implicit_port: NonNegativeInt | None = Field(
        None, le=65535, description="A second port, on which TLS begins at once (commonly 990); null: none."
    )
    bind_data: bool = Field(
        False, description="Data connections must resume the TLS session of their control connection."
    )
    others: tuple[CertificateFiles, ...] = Field(
        (), description="Further certificates, for clients that name a host of theirs (SNI)."
    )


class FtpSettings(BaseModel):
    """Where the frontend listens, and what it takes of its clients. Times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all of IPv4, :: for all.")
    port: NonNegativeInt = Field(2121, le=65535, description="Port to listen on; 0 picks a free one.")
    passive_ports: str | int | None = Field(
        "30000-30099", description="Ports of passive data connections, as 30000-30099; null or 0 for any free ones."
    )
    masquerade_address: MasqueradeName | None = Field(
        None, description="IPv4 address, or a name of it, that PASV tells clients, where NAT stands before the gateway."
    )
    masquerade_networks: Mapping[IPv4Network | IPv6Network, MasqueradeName] = Field(
        default_factory=dict,
        description="The same by networks of clients, the narrowest first; `local`: the address they connected to.",
    )
    data_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="Data connections may be with these, too, and not with the client's own address alone."
    )
    proxy_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="Load balancers, whose control connections begin with a PROXY header (version 1 or 2)."
    )
    tls: TlsSettings | None = Field(None, description="TLS on demand of clients (AUTH TLS); null: none.")
    banner: str = Field("Portico FTP ready", max_length=500, description="The greeting.")
    directory_messages: bool = Field(
        False, description="Show the text of a file `.message` to whoever changes into its directory."
    )
    max_connections: PositiveInt = Field(4096, description="Sessions beyond this many are answered 421.")
    max_connections_per_ip: PositiveInt = Field(256, description="The same, counted for each client address.")
    upload_rate: ByteSize | None = Field(
        None, gt=0, description="Bytes a second that all uploads have together; null: any number."
    )
    download_rate: ByteSize | None = Field(None, gt=0, description="The same for downloads.")
    upload_rate_per_ip: ByteSize | None = Field(None, gt=0, description="The same, counted for each client address.")
    download_rate_per_ip: ByteSize | None = Field(None, gt=0, description="The same, counted for each client address.")
    anonymous: AnonymousSettings | None = Field(
        None, description="Logins without an account of one's own, which read only; null: none."
    )
    max_sessions_per_user: PositiveInt | None = Field(
        None, description="Logins of one user at a time, where his profile says nothing else; null: any number."
    )
    login_attempts: PositiveInt = Field(3, le=5, description="Wrong passwords before the connection is closed.")
    login_delay: NonNegativeFloat = Field(1.0, description="How long the answer to a wrong password is held back.")
    ban_after: NonNegativeInt = Field(
        30, description="Wrong passwords after which an address is kept out for `ban_time`; 0: never."
    )
    ban_window: PositiveFloat = Field(
        600.0, description="A pause so long after the last wrong password lets an address begin anew."
    )
    ban_time: PositiveFloat = Field(600.0, description="How long an address is kept out.")
    login_timeout: PositiveFloat = Field(60.0, description="A connection that has not logged in is closed after this.")
    idle_timeout: PositiveFloat = Field(300.0, description="A session is closed when it was still for this long.")
    data_timeout: PositiveFloat = Field(30.0, description="How long a transfer waits for its data connection.")
    stall_timeout: PositiveFloat = Field(60.0, description="A transfer that moves no data for this long is aborted.")

    offer_compression: bool = Field(
        False,
        description="Name MODE Z in FEAT, so that lftp and others compress whatever they transfer: for slow lines. "
        "Clients that ask for it unbidden have it anyway.",
    )
    check_allocation: bool = Field(
        True, description="Refuse an upload that is shorter than the size that its client announced by ALLO."
    )
    keep_partials: NonNegativeFloat = Field(
        86400.0, description="How long what came of an upload that broke is kept, for its user to go on with; 0: never."
    )
    partial_space: NonNegativeInt = Field(
        10 * 1024**3, description="Bytes that what is kept so of one user may take; the oldest makes way."
    )

    @field_validator("passive_ports")
    @classmethod
    def _is_range(cls, value: str | int | None) -> str | None:
        if value in (None, 0, "", "0"):
            return None
        match = _PORTS.fullmatch(str(value).strip())
        if match is None or not 0 < int(match[1]) <= int(match[2]) < 65536:
            raise ValueError("must be a range of ports, as 30000-30099, or null for any free ports")
        return match[0]

    @field_validator("banner")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must be one line of printable characters")
        return value

    @property
    def data_ports(self) -> range | None:
        """The ports of `passive_ports`; None for any free ones."""
        if self.passive_ports is None:
            return None
        first, _, last = str(self.passive_ports).partition("-")
        return range(int(first), int(last) + 1)
