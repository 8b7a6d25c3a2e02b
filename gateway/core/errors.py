"""The one tree of errors that a `Store` may raise. Each frontend has one total table from it to its own codes."""


class StoreError(Exception):
    """Something that a store refuses or could not do.

    `message` is written for the client: it says what is wrong, and names nothing that the caller did not name first.
    `attempts`: how often whoever raised this has tried; all but the last may have been carried out unseen.
    """

    text = "The operation failed"
    attempts = 1

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.text)

    @property
    def message(self) -> str:
        return str(self.args[0])


class NotFound(StoreError):
    """The thing that was named is not there."""

    text = "Not found"


class NoSuchAccount(NotFound):
    text = "The account does not exist"


class NoSuchBucket(NotFound):
    text = "The bucket does not exist"


class NoSuchKey(NotFound):
    text = "The object does not exist"


class DanglingLink(NoSuchKey):
    """Where a symbolic link leads to, there is nothing. `place`: as in `BrokenLink`."""

    def __init__(self, message: str | None = None, *, place: str = "") -> None:
        super().__init__(message)
        self.place = place


class DeleteMarker(NoSuchKey):
    """A delete marker stands in the object's place, or was asked for by its id (`named`).

    `version` is its id (None: it has none), `modified` the time of its making in ns since the epoch.
    """

    def __init__(
        self, message: str | None = None, *, version: str | None = None, modified: int = 0, named: bool = False
    ) -> None:
        super().__init__(message)
        self.version = version
        self.modified = modified
        self.named = named


class NoSuchVersion(NotFound):
    text = "The version does not exist"


class NoSuchUpload(NotFound):
    text = "The upload does not exist; it may have been completed or aborted"


class AlreadyExists(StoreError):
    text = "The name is taken"


class NotEmpty(StoreError):
    text = "The bucket or directory is not empty"


class ConditionFailed(StoreError):
    """A precondition of the request does not hold (RFC 9110, 412). `missing`: there is no object to compare with."""

    text = "A precondition of the request does not hold"

    def __init__(self, message: str | None = None, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


class NotModified(StoreError):
    """A conditional read found what the client has already (RFC 9110, 304)."""

    text = "The object has not changed"


class BadRange(StoreError):
    """No byte of the requested range lies in the object (RFC 9110, 416). `size` is the object's size in bytes."""

    text = "The requested range lies beyond the object's end"

    def __init__(self, size: int, message: str | None = None) -> None:
        super().__init__(message)
        self.size = size


class BadRequest(StoreError):
    """The request itself is wrong, whatever the store holds."""

    text = "The request is not valid"


class BadDigest(BadRequest):
    """The body's digest is not the one that the client stated. `algorithm` names it, as `md5` or `crc32c`."""

    text = "The body does not match the digest that was sent with it"

    def __init__(self, algorithm: str = "md5", message: str | None = None) -> None:
        super().__init__(message)
        self.algorithm = algorithm


class IncompleteBody(BadRequest):
    """The body ended before its stated length, or the client went away.

    `kept`: the id of what a store has kept of what came before (`Put.keep`); empty: nothing.
    """

    kept = ""
    text = "The body ended before its stated length"


class BodyTimeout(IncompleteBody):
    """The client sent nothing for too long."""

    text = "The client sent no data for too long"


class InvalidName(BadRequest):
    text = "The name is not valid"


class KeyRequired(BadRequest):
    """The object is encrypted with a key that its writer keeps, and the request came without it."""

    text = "The object is encrypted with a key of its writer's, which has to be sent with the request"


class KeyRefused(BadRequest):
    text = "The key that was sent is not the one that the object is encrypted with"


class InvalidVersion(BadRequest):
    text = "The version id is not valid"


class IsADirectory(BadRequest):
    """A file was expected, and the path is a directory's (`core/tree.py`)."""

    text = "It is a directory"


class NotADirectory(BadRequest):
    """A directory was expected, and the path is a file's (`core/tree.py`)."""

    text = "It is not a directory"


class InvalidPart(BadRequest):
    """A multipart completion names a part that was not uploaded, or with another ETag."""

    text = "A part was not found, or its ETag is another one"


class InvalidPartOrder(BadRequest):
    text = "The parts are not in ascending order"


class RetentionOver(BadRequest):
    text = "The retain until date must be in the future"


class LocksOff(BadRequest):
    """Versions can't be locked in this bucket (`core/locks.py`)."""

    text = "The bucket has no object lock configuration"


class PartTooSmall(BadRequest):
    text = "A part other than the last is smaller than the minimum"


class TooLarge(StoreError):
    text = "The object is larger than the store allows"


class LocksOn(StoreError):
    """What is asked for would end the keeping of versions, which can be locked in this bucket (`core/locks.py`)."""

    text = "An object lock configuration is present on this bucket, so its versioning can't be suspended"


class VersioningOff(StoreError):
    text = "Versioning must be enabled on the bucket first"


class VersionsArchived(StoreError):
    """What is asked for would keep versions a second time (`core/archives.py`)."""

    text = "Former versions of this bucket go to a container of their own, so its versioning can't be enabled"


class NotArchived(StoreError):
    """What is to be replaced or deleted can't be kept first (`core/archives.py`)."""

    text = "The container that former versions go to doesn't take this one; it may be missing or full"


class QuotaExceeded(StoreError):
    text = "The quota is used up"


class OutOfSpace(StoreError):
    """The device under the store is full."""

    text = "The store has no space left"


class Denied(StoreError):
    text = "Access denied"


class Locked(Denied):
    """A retention or a legal hold keeps the version as it is (`core/locks.py`)."""

    text = "The version of the object is locked"


class ReadOnly(Denied):
    """The account is read-only (`core/readonly.py`)."""

    text = "Writes are disabled for this account."


class LoginExpired(Denied):
    """The caller's own credentials opened the store once and do so no longer."""

    text = "Your credentials are no longer valid; log in again"


class Unsupported(StoreError):
    text = "This store cannot do that"


class Corrupt(StoreError):
    """Stored bytes are not the ones that were written."""

    text = "The stored object is damaged"


class BrokenSegment(StoreError):
    """A segment of a large object is not there, is another one by now, or is not for the caller to read."""

    text = "A segment of the large object is missing, was changed or can't be read"


class BrokenLink(StoreError):
    """A symbolic link leads to another object than it was made for, or through too many others.

    `place`: where it led, as `core.links` writes it.
    """

    text = "The symbolic link is broken"

    def __init__(self, message: str | None = None, *, place: str = "") -> None:
        super().__init__(message)
        self.place = place


class Unavailable(StoreError):
    """The store, or what lies behind it, does not answer. `retryable`: the same request may succeed later."""

    text = "The store is not available"

    def __init__(self, message: str | None = None, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class CredentialsRefused(Unavailable):
    """What lies behind the store does not let in whom the store says it is."""

    text = "The upstream refuses the gateway's credentials"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, retryable=False)


class DeadlineExceeded(Unavailable):
    text = "The operation ran out of time"


class Busy(Unavailable):
    """Too much is under way. `retry_after` is in seconds."""

    text = "Too many requests; slow down"

    def __init__(self, message: str | None = None, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
