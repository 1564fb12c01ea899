"""N-gram language models: counts, smoothing methods, back-off tables."""
