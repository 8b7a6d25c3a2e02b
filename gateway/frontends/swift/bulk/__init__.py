"""Many objects in one request: deletes by a list of names, and archives that become objects; and many containers.

Source of what is asked and answered: `swift.common.middleware.bulk`.
"""

from gateway.frontends.swift.bulk.create import MAX_CREATES, MAX_FAILED_CREATES, create
from gateway.frontends.swift.bulk.delete import MAX_DELETES, MAX_FAILED_DELETES, delete
from gateway.frontends.swift.bulk.extract import MAX_CONTAINERS, MAX_FAILED_EXTRACTIONS, extract

__all__ = [
    "MAX_CONTAINERS",
    "MAX_CREATES",
    "MAX_DELETES",
    "MAX_FAILED_CREATES",
    "MAX_FAILED_DELETES",
    "MAX_FAILED_EXTRACTIONS",
    "create",
    "delete",
    "extract",
]
