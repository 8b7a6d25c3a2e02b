"""The index's tables: functions over a connection, without I/O of their own kind and without waiting."""
