"""Compiled parts: thin Cython over the C of ``csrc``. Nothing here is public."""
