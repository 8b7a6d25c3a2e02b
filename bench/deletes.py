"""DeleteObjects of a thousand keys: the server's CPU for a request."""

import base64
import hashlib
import time
from pathlib import Path
from statistics import median

from bench import peers
from bench.exchange import exchange, once
from bench.requests import signed
from bench.table import Row, progress

KEYS = 1000
REQUESTS = 5
"""In a round: one alone would be too short for the clock of CPU times."""
AIM_MS = 60.0


def rows(folder: Path, *, rounds: int) -> list[Row]:
    with peers.portico(folder / "deletes") as ours:
        exchange(ours.s3, signed("PUT", ours.s3, "/bench"))
        spent, walls = [], []
        for turn in range(rounds):
            progress(f"DeleteObjects of {KEYS:,} keys, round {turn + 1} of {rounds}")
            names = [f"folder/{number:05}.jpg" for number in range(KEYS * REQUESTS)]
            once(ours.server, ours.s3, [signed("PUT", ours.s3, f"/bench/{name}", b"x" * 4096) for name in names])
            requests = [_delete(ours.s3, names[first : first + KEYS]) for first in range(0, len(names), KEYS)]
            before, start = ours.server.cpu(), time.perf_counter()
            for request in requests:
                if exchange(ours.s3, request).count(b"<Deleted>") != KEYS:
                    raise RuntimeError("not every key was deleted")
            spent.append((ours.server.cpu() - before) / REQUESTS * 1e3)
            walls.append((time.perf_counter() - start) / REQUESTS * 1e3)
    cpu = median(spent)
    what = f"DeleteObjects of {KEYS:,} keys: server CPU of a request"
    note = f"answered after {median(walls):.0f} ms"
    return [Row(what, f"{cpu:.0f} ms", f"{AIM_MS:.0f} ms", cpu / AIM_MS, 1.0, at_most=True, note=note)]


def _delete(port: int, names: list[str]) -> bytes:
    inner = "".join(f"<Object><Key>{name}</Key></Object>" for name in names)
    body = f"<Delete>{inner}</Delete>".encode()
    md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    return signed("POST", port, "/bench?delete", body, headers={"Content-MD5": md5})
