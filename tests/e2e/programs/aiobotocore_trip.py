"""aiobotocore with its defaults: many requests at once, pages, streams both ways.

Arguments: endpoint, access key, secret.
"""

import asyncio
import sys

from aiobotocore.session import get_session

COUNT = 60


async def main(endpoint: str, user: str, secret: str) -> None:
    session = get_session()
    async with session.create_client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=user,
        aws_secret_access_key=secret,
        region_name="us-east-1",
    ) as s3:
        await s3.create_bucket(Bucket="aio")
        puts = (s3.put_object(Bucket="aio", Key=f"k/{number:03}", Body=b"%d" % number) for number in range(COUNT))
        written = await asyncio.gather(*puts)
        assert all("ChecksumCRC64NVME" in answer or "ChecksumCRC32" in answer for answer in written)

        async def read(number: int) -> bytes:
            answer = await s3.get_object(Bucket="aio", Key=f"k/{number:03}")
            async with answer["Body"] as body:
                data: bytes = await body.read()
                return data

        assert await asyncio.gather(*map(read, range(COUNT))) == [b"%d" % number for number in range(COUNT)]
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="aio", PaginationConfig={"PageSize": 25})
        sizes = [len(page["Contents"]) async for page in pages]
        assert sizes == [25, 25, 10]
        rows = [{"Key": f"k/{number:03}"} for number in range(COUNT)]
        deleted = await s3.delete_objects(Bucket="aio", Delete={"Objects": rows})
        assert (len(deleted["Deleted"]), deleted.get("Errors")) == (COUNT, None)
        await s3.delete_bucket(Bucket="aio")


asyncio.run(main(*sys.argv[1:]))
