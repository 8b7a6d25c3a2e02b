"""Uploads in parts over S3: the completion of the most that there may be, and the memory that many take at once."""

import hashlib
import re
import threading
import time
from pathlib import Path
from statistics import median

from bench import peers, transfer
from bench.exchange import exchange, once
from bench.requests import signed, signed_head
from bench.table import Row, progress

PARTS = 10_000
PART = 16 << 20
UPLOADS = 64
MEMORY_LIMIT = 300_000_000
AIM_SECONDS = 2.0

_ID = re.compile(rb"<UploadId>([^<]+)</UploadId>")


def rows(folder: Path, *, rounds: int, upload: int, space: int) -> list[Row]:
    """`upload`: bytes of each of the uploads whose memory is measured; `space`: bytes that all of them may fill."""
    return [_completion(folder / "completion", rounds), _memory(folder / "multipart", upload, space)]


def _completion(place: Path, rounds: int) -> Row:
    body = b"x" * 100
    etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
    inner = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>" for n in range(1, PARTS + 1))
    document = f"<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>".encode()
    taken = []
    with peers.portico(place, min_part=0) as ours:
        exchange(ours.s3, signed("PUT", ours.s3, "/bench"))
        for turn in range(rounds):
            progress(f"completion of {PARTS:,} parts, round {turn + 1} of {rounds}")
            target = f"/bench/object?uploadId={_begin(ours.s3, '/bench/object')}"
            parts = [signed("PUT", ours.s3, f"{target}&partNumber={n}", body) for n in range(1, PARTS + 1)]
            once(ours.server, ours.s3, parts)
            request = signed("POST", ours.s3, target, document)
            start = time.perf_counter()
            if f"{_whole(etag)}-{PARTS}".encode() not in exchange(ours.s3, request):
                raise RuntimeError("the completion made another object")
            taken.append(time.perf_counter() - start)
    found = median(taken)
    what = f"CompleteMultipartUpload of {PARTS:,} parts"
    return Row(what, f"{found:.2f} s", f"{AIM_SECONDS:.0f} s", found / AIM_SECONDS, 1.0, at_most=True)


def _whole(part: str) -> str:
    """The first half of the ETag of an object made of `PARTS` equal parts."""
    return hashlib.md5(bytes.fromhex(part) * PARTS, usedforsecurity=False).hexdigest()


def _memory(place: Path, size: int, space: int) -> Row:
    """Where there is no room for all parts, later ones are sent under the numbers of earlier ones, and replace them."""
    kept = max(1, min(-(-size // PART), space // UPLOADS // PART))
    with peers.portico(place) as ours:
        exchange(ours.s3, signed("PUT", ours.s3, "/bench"))
        ours.server.reset_peak()
        progress(f"{UPLOADS} parallel uploads of {size >> 20} MiB in parts of {PART >> 20} MiB")
        threads = [threading.Thread(target=_upload, args=(ours, number, size, kept)) for number in range(UPLOADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        peak = ours.server.peak_memory()
    what = f"peak resident memory, {UPLOADS} uploads of {size >> 20} MiB in parts of {PART >> 20} MiB"
    limit = f"{MEMORY_LIMIT / 1e6:.0f} MB"
    return Row(what, f"{peak / 1e6:.0f} MB", limit, peak / MEMORY_LIMIT, 1.0, at_most=True)


def _upload(ours: peers.Portico, number: int, size: int, kept: int) -> None:
    path = f"/bench/{number}"
    target = f"{path}?uploadId={_begin(ours.s3, path)}"
    for start in range(0, size, PART):
        length = min(PART, size - start)
        part = start // PART % kept + 1
        head = signed_head("PUT", ours.s3, f"{target}&partNumber={part}", length)
        transfer.put(ours.server, ours.s3, head, length)
    listed = exchange(ours.s3, signed("GET", ours.s3, target))
    tags = re.findall(rb"<ETag>[^<]*</ETag>", listed)
    inner = b"".join(b"<Part><PartNumber>%d</PartNumber>%s</Part>" % part for part in enumerate(tags, 1))
    document = b"<CompleteMultipartUpload>%s</CompleteMultipartUpload>" % inner
    exchange(ours.s3, signed("POST", ours.s3, target, document))


def _begin(port: int, path: str) -> str:
    found = _ID.search(exchange(port, signed("POST", port, f"{path}?uploads")))
    if found is None:
        raise RuntimeError("no upload was begun")
    return found[1].decode()
