import pytest

from gateway.core.buckets import BucketProps
from gateway.layers.encrypted import Encrypted
from gateway.stores.memory import Memory
from tests.layers.encrypted.sealing import layer


@pytest.fixture
async def store() -> Encrypted:
    """Encrypts what asks for it."""
    store = layer(Memory(), default=False)
    await store.create_bucket("bucket", BucketProps(owner="owner"))
    return store
