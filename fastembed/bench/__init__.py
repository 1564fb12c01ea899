"""The suite behind ``fastembed bench``: this library beside its peers, each in its own process."""
