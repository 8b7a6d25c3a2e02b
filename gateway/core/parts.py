"""The rules by which parts become an object, wherever they lie."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

from gateway.core.digest import Algorithm, combined_checksum, composite_checksum, composite_etag
from gateway.core.errors import BadRequest, InvalidPart, InvalidPartOrder, PartTooSmall
from gateway.core.types import Meta
from gateway.core.uploads import ObjectPart, Part, PartRef, Upload

MAX_PARTS = 10_000
"""Parts of an upload, which are numbered from 1; as S3 has it."""

REMEMBERED = 24 * 3600
"""Seconds for which a store remembers a completion, so that a client who missed its answer can ask again."""


def check_number(number: int) -> None:
    """Raise `BadRequest` for what is no number of a part."""
    if not 1 <= number <= MAX_PARTS:
        raise BadRequest(f"A part's number must be from 1 to {MAX_PARTS}")


def choose(ready: Mapping[int, Part], refs: Sequence[PartRef], min_part: int) -> list[Part]:
    """The parts that a completion names, of those that lie ready, by number.

    Raises `InvalidPartOrder`; `InvalidPart` for one that is not there, or has another ETag or checksum than is stated;
    `PartTooSmall` for one, the last excepted, of fewer than `min_part` bytes.
    """
    if not refs:
        raise InvalidPart("A completion must name at least one part")
    if any(later.number <= earlier.number for earlier, later in pairwise(refs)):
        raise InvalidPartOrder
    chosen = [_match(ready.get(ref.number), ref) for ref in refs]
    if any(part.size < min_part for part in chosen[:-1]):
        raise PartTooSmall
    return chosen


def checksum_of(algorithm: Algorithm, parts: Sequence[Part], *, whole: bool) -> str:
    """The checksum of the object made of `parts`, each of which has one of that algorithm. `whole`: see `Upload`."""
    if whole:
        return combined_checksum(algorithm, ((part.checksums[algorithm], part.size) for part in parts))
    return composite_checksum(algorithm, (part.checksums[algorithm] for part in parts))


def checksums_of(upload: Upload, parts: Sequence[Part]) -> Mapping[str, str]:
    """What the object made of `parts` is to have, as `Meta.checksums`."""
    if upload.checksum is None:
        return {}
    return {upload.checksum.value: checksum_of(upload.checksum, parts, whole=upload.whole)}


def object_parts(parts: Sequence[Part]) -> list[ObjectPart]:
    """The same as parts of the object that is made of them."""
    offsets = accumulate((part.size for part in parts), initial=0)
    return [
        ObjectPart(number=number, offset=offset, size=part.size, checksums=part.checksums)
        for number, (part, offset) in enumerate(zip(parts, offsets, strict=False), 1)
    ]


def are_those(refs: Sequence[PartRef], made: Meta) -> bool:
    """Whether a completion names the parts that an object was made of, as far as its ETag tells."""
    if made.etag.partition("-")[2] != str(len(refs)):
        return False
    try:
        return not all(ref.etag for ref in refs) or composite_etag(ref.etag for ref in refs) == made.etag
    except ValueError:
        return False


def _match(part: Part | None, ref: PartRef) -> Part:
    if part is None or (ref.etag and ref.etag != part.etag):
        raise InvalidPart
    if any(part.checksums.get(name) != value for name, value in ref.checksums.items()):
        raise InvalidPart
    return part
