"""The reaper: removes, in the background, what has come to its end in each store."""
