"""``python -m fastembed`` is the command ``fastembed``."""

from fastembed.cli.main import main

if __name__ == "__main__":
    main()
