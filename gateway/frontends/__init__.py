"""The doors: each frontend speaks one protocol over the Store contract."""
