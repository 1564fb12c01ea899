"""The command ``fastembed``: one file a command, which parses, calls and prints."""
