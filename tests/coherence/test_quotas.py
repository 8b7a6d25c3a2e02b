"""A quota that Swift's clients set holds at all doors."""

import ftplib
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.coherence.versioned import BUCKET, opened


@pytest.mark.parametrize("kind", ("memory", "catalog"))
async def test_no_door_stores_more_than_the_quota_of_a_container(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as world:
        assert await world.do("POST", "", X_Container_Meta_Quota_Bytes="10") == 204
        assert await world.do("PUT", "swift", bytes(11)) == 413
        with pytest.raises(ClientError, match="QuotaExceeded"):
            await world.s3.put_object(Bucket=BUCKET, Key="s3", Body=bytes(11))
        with pytest.raises(ftplib.error_perm, match="552"):
            await world.store("ftp", bytes(11))
        await world.store("ftp", bytes(4))
        with pytest.raises(ftplib.error_perm, match="552"):
            await world.store("ftp", bytes(7), "APPE")
        await world.s3.put_object(Bucket=BUCKET, Key="s3", Body=bytes(6))
        with pytest.raises(ClientError, match="QuotaExceeded"):
            await world.s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "s3"})
        assert [name for name, _, _ in await world.history()] == ["ftp", "s3"]
