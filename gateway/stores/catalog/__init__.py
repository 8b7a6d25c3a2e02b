"""The embedded store: an SQL index with small objects inline, and files for the large ones."""
