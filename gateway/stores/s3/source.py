"""What a copy is made of: an object, or a version of one, as it was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.core.types import Meta
from gateway.stores.s3.guard import quoted


@dataclass(frozen=True, slots=True)
class Source:
    """`named`: how the version is named to the remote; None: it was what stood."""

    meta: Meta
    named: str | None = None

    @property
    def version(self) -> str | None:
        """What names exactly this version, where it has an id or was asked for without one."""
        return self.meta.version or self.named

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The members of a request that copies it, if it still is what was found."""
        key, version = self.meta.key, self.version
        named = {} if version is None else {"VersionId": version}
        return {
            "CopySource": {"Bucket": key.bucket, "Key": key.name, **named},
            "CopySourceIfMatch": quoted(self.meta.etag),
        }
