"""Adapters with the names and signatures of other libraries, over the classes of this one."""
