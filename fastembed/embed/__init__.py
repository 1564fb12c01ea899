"""Word vectors, and the models that make them."""
