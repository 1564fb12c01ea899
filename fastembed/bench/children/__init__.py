"""What runs inside a measured process: one file a contender, started by path, not imported.

A peer may live in another Python without fastembed, so these files import nothing of this package
and `child` is their only meeting point.
"""
