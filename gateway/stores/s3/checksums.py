"""Checksums as S3 keeps them: one of an object, and the same one of each of its parts."""

import asyncio
from collections.abc import Collection, Mapping

from gateway.core.digest import Algorithm, Digests, digest, encode
from gateway.core.hashing import INLINE
from gateway.stores.s3.answer import Answer

MEMBERS: Mapping[Algorithm, str] = {
    algorithm: "Checksum" + algorithm.upper() for algorithm in Algorithm if algorithm is not Algorithm.MD5
}
"""The model's names of the members that hold a checksum."""

FULL_OBJECT = "FULL_OBJECT"


def chosen(algorithms: Collection[Algorithm]) -> Algorithm | None:
    """The one that S3 is to keep."""
    return min((algorithm for algorithm in algorithms if algorithm in MEMBERS), default=None)


def stated(algorithm: Algorithm | None, digests: Digests) -> Mapping[str, str]:
    """The members of a write whose bytes have `digests`."""
    found = {"ContentMD5": encode(digests[Algorithm.MD5])}
    return found if algorithm is None else {**found, MEMBERS[algorithm]: encode(digests[algorithm])}


async def digests_of(data: bytes, algorithms: Collection[Algorithm]) -> Digests:
    """The MD5 of `data` and the digests of `algorithms`; of much data in a thread."""
    wanted = {Algorithm.MD5, *algorithms}
    if len(data) <= INLINE:
        return _digests(data, wanted)
    return await asyncio.to_thread(_digests, data, wanted)


def _digests(data: bytes, wanted: Collection[Algorithm]) -> Digests:
    return {algorithm: digest(algorithm, data) for algorithm in wanted}


def found_in(answer: Answer) -> dict[str, str]:
    """The checksums of an answer, or of a row of one, by algorithm."""
    return {algorithm.value: answer.text(name) for algorithm, name in MEMBERS.items() if name in answer}


def members_of(checksums: Mapping[str, str]) -> dict[str, str]:
    """The same as members of a request."""
    return {name: checksums[algorithm] for algorithm, name in MEMBERS.items() if algorithm in checksums}
