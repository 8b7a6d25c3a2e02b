"""Portico: one process that opens FTP, S3 and Swift doors onto one tree of objects."""

__version__ = "0.1.0"
