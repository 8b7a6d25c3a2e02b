"""Stores around a store: each adds one behaviour and forwards the rest."""
