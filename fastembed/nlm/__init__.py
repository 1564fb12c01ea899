"""Neural language models (docs/neural-lm.md)."""
