"""Keras layer class -> kind, form, axis names and facts. A new layer kind is one entry in one of these files."""

from tensorview.layers.description import Description, Entry, Layout
from tensorview.layers.lookup import describe
from tensorview.layers.stored import first, first_shape, stored, stored_shape

__all__ = ["Description", "Entry", "Layout", "describe", "first", "first_shape", "stored", "stored_shape"]
