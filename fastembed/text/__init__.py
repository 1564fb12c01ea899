"""Text: reading, tokens, vocabularies, encoded corpora."""
