"""File formats of vectors: reading, writing, and telling one from another."""
