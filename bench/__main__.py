"""`python -m bench`: run the benchmarks and print a table."""

import argparse
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import (
    checksums,
    container,
    deletes,
    ftp,
    large,
    listing,
    multipart,
    remote,
    segments,
    slo,
    small,
    swift,
    versions,
)
from bench.process import medium
from bench.table import Row, show

ROUNDS = 5


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers end with it
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "suite",
        nargs="*",
        help="small large memory listing remote segments versions deletes checksums multipart swift container slo "
        "ftp ftp-small ftp-listing ftp-begin ftp-sessions (all)",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"runs of which the median counts ({ROUNDS})")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one run with small objects (4)")
    parser.add_argument(
        "--folder",
        type=Path,
        help="where the servers keep their data (default: a temporary folder); on a slow disk "
        "large uploads measure the disk: name a folder on tmpfs to measure the server",
    )
    parser.add_argument(
        "--upload", type=int, default=1024, help="MiB of the upload in segments, and of FTP's large files (1024)"
    )
    parser.add_argument(
        "--part-upload",
        type=int,
        default=1024,
        help=f"MiB of each of the {multipart.UPLOADS} uploads in parts whose memory is measured (1024)",
    )
    parser.add_argument(
        "--part-space",
        type=int,
        default=16,
        help="GiB that these uploads may fill together: there, later parts replace earlier ones (16)",
    )
    parser.add_argument("--objects", type=int, default=1_000_000, help="objects in the Swift container (1,000,000)")
    options = parser.parse_args()
    suites: dict[str, Callable[[Path], list[Row]]] = {
        "small": lambda folder: small.rows(folder, rounds=options.rounds, seconds=options.seconds),
        "large": lambda folder: large.rows(folder, rounds=options.rounds),
        "memory": large.memory_rows,
        "ftp": lambda folder: ftp.large_rows(folder, rounds=options.rounds, size=options.upload << 20),
        "ftp-small": lambda folder: ftp.small_rows(folder, rounds=options.rounds, seconds=options.seconds),
        "ftp-listing": lambda folder: ftp.listing_rows(folder, rounds=options.rounds),
        "ftp-begin": lambda folder: ftp.begin_rows(folder, rounds=options.rounds),
        "ftp-sessions": ftp.session_rows,
        "listing": lambda folder: listing.rows(folder, rounds=options.rounds),
        "remote": lambda folder: remote.rows(folder, rounds=options.rounds, seconds=options.seconds),
        "segments": lambda folder: segments.rows(folder, rounds=options.rounds, upload=options.upload << 20),
        "versions": lambda folder: versions.rows(folder, rounds=options.rounds),
        "deletes": lambda folder: deletes.rows(folder, rounds=options.rounds),
        "checksums": lambda folder: checksums.rows(folder, rounds=options.rounds),
        "multipart": lambda folder: multipart.rows(
            folder, rounds=options.rounds, upload=options.part_upload << 20, space=options.part_space << 30
        ),
        "swift": lambda folder: swift.rows(folder, rounds=options.rounds, seconds=options.seconds),
        "container": lambda folder: container.rows(folder, rounds=options.rounds, objects=options.objects),
        "slo": lambda folder: slo.rows(folder, rounds=options.rounds),
    }
    wanted = options.suite or list(suites)
    if unknown := set(wanted) - set(suites):
        parser.error(f"there is no suite {', '.join(sorted(unknown))}; there are {', '.join(suites)}")
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="portico-bench-", dir=options.folder) as folder:
        for name in wanted:
            found += suites[name](Path(folder))
        kind = medium(Path(folder))
    show(found, kind)


if __name__ == "__main__":
    main()
