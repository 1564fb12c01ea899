"""JSON on standard output."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["json_text"]


def json_text(value: Any) -> str:
    """A value as JSON on one line; infinities and NaN, which JSON has not, are null.

    Examples
    --------
    >>> json_text({"word": "é", "log_prob": -float("inf"), "parts": [0.5, float("nan")]})
    '{"word": "é", "log_prob": null, "parts": [0.5, null]}'
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value
