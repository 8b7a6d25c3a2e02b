"""s3fs, the file system of pandas and dask: files written in parts, read in pieces, listed, moved and removed.

Arguments: endpoint, access key, secret, a file larger than a part.
"""

import sys
from pathlib import Path

import s3fs

endpoint, user, secret, name = sys.argv[1:]
data = Path(name).read_bytes()
fs = s3fs.S3FileSystem(key=user, secret=secret, endpoint_url=endpoint)

fs.mkdir("s3fs")
with fs.open("s3fs/deep/er/large.bin", "wb", block_size=5 << 20) as file:
    for start in range(0, len(data), 1_000_000):
        file.write(data[start : start + 1_000_000])
assert fs.info("s3fs/deep/er/large.bin")["size"] == len(data)
with fs.open("s3fs/deep/er/large.bin", "rb", block_size=1 << 20) as file:
    file.seek(-1000, 2)
    assert file.read() == data[-1000:]
assert fs.cat_file("s3fs/deep/er/large.bin", start=5_000_000, end=5_500_000) == data[5_000_000:5_500_000]

fs.pipe({f"s3fs/many/{number:02}": b"%d" % number for number in range(30)})
assert fs.cat("s3fs/many/07") == b"7"
assert len(fs.glob("s3fs/many/1*")) == 10
assert sorted(fs.ls("s3fs", detail=False)) == ["s3fs/deep", "s3fs/many"]
assert fs.du("s3fs/many") == 50
assert sum(len(files) for _, _, files in fs.walk("s3fs")) == 31

fs.put(name, "s3fs/put.bin")
fs.get("s3fs/put.bin", f"{name}.got")
assert Path(f"{name}.got").read_bytes() == data
fs.mv("s3fs/put.bin", "s3fs/moved ü.bin")
assert fs.exists("s3fs/moved ü.bin")
assert not fs.exists("s3fs/put.bin")
with fs.open("s3fs/moved ü.bin", "ab") as file:
    file.write(b"more")
assert fs.size("s3fs/moved ü.bin") == len(data) + 4
fs.setxattr("s3fs/many/07", colour="blue")
assert fs.getxattr("s3fs/many/07", "colour") == "blue"

fs.rm("s3fs", recursive=True)
fs.invalidate_cache()
assert not fs.exists("s3fs")
