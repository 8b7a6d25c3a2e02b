"""Where objects lie: each store keeps the Store contract over another kind of ground."""
