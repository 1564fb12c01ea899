"""How many examples a property test takes."""

from __future__ import annotations

import os

from hypothesis import settings

# on a build that is several times slower
FEW = os.environ.get("HYPOTHESIS_PROFILE") == "few"


def examples(n: int) -> settings:
    """Decorate a property test that wants another number of examples than the profile's."""
    return settings(max_examples=min(n, 15) if FEW else n)
