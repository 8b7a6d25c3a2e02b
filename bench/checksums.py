"""256 MiB PUT over S3 with two checksums that the client states, beside the same PUT without."""

import base64
import hashlib
from pathlib import Path
from statistics import median

from awscrt import checksums

from bench import peers, transfer
from bench.exchange import exchange
from bench.requests import signed, signed_head
from bench.table import Row, progress
from bench.transfer import Throughput

SIZE = 256 << 20


def rows(folder: Path, *, rounds: int) -> list[Row]:
    body = transfer.PATTERN * (SIZE // transfer.BLOCK)
    sha256, crc = hashlib.sha256(body).hexdigest(), checksums.crc64nvme(body).to_bytes(8, "big")
    del body
    stated = {"x-amz-checksum-crc64nvme": base64.b64encode(crc).decode()}
    with peers.portico(folder / "checksums") as ours:
        exchange(ours.s3, signed("PUT", ours.s3, "/bench"))
        heads = {
            "with": signed_head("PUT", ours.s3, "/bench/with", SIZE, sha256=sha256, headers=stated),
            "without": signed_head("PUT", ours.s3, "/bench/without", SIZE),
        }
        found: dict[str, list[Throughput]] = {name: [] for name in heads}
        for turn in range(rounds):
            for name, head in heads.items():
                progress(f"PUT {SIZE >> 20} MiB {name} checksums, round {turn + 1} of {rounds}")
                found[name].append(transfer.put(ours.server, ours.s3, head, SIZE))
    checked, plain = (median(one.mb_per_second for one in many) for many in found.values())
    what = f"S3 PUT {SIZE >> 20} MiB with SHA-256 and CRC64NVME, of PUT without"
    return [Row(what, f"{checked:,.0f} MB/s", f"{plain:,.0f} MB/s", checked / plain, 0.6)]
