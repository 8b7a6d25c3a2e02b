"""Large bodies as segments: the layer that a remote store takes them in through."""

from gateway.layers.segmented.layer import Segmented
from gateway.layers.segmented.settings import SegmentSettings
from gateway.layers.segmented.spool import Budget

__all__ = ["Budget", "SegmentSettings", "Segmented"]
