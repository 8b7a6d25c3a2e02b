"""The store over a remote S3: Amazon's own, Ceph, MinIO, Garage, Swift's s3api, another Portico."""

from gateway.stores.s3.settings import S3StoreSettings
from gateway.stores.s3.store import S3Store

__all__ = ["S3Store", "S3StoreSettings"]
