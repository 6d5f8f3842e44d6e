"""Anything as strict JSON: what is not a finite number is null."""

from __future__ import annotations

import json
import math
from dataclasses import is_dataclass
from typing import Any

__all__ = ["json_text", "plain"]


def plain(value: Any) -> Any:
    """Return `value` in the types of JSON.

    Parameters
    ----------
    value : object
        Dataclasses become objects of their fields, arrays lists, quantities objects of
        ``value`` and ``unit``, nan and infinity None, and what JSON does not know text.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset | range):
        return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return plain(vars(value))
    if hasattr(value, "rescale"):
        return {"value": plain(value.magnitude), "unit": str(value.dimensionality)}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


def json_text(value: Any) -> str:
    """Return strict JSON, a line per key, arrays of numbers on one line."""
    return _laid_out(plain(value)) + "\n"


def _laid_out(value: Any, indent: str = "") -> str:
    inner = indent + "  "
    if isinstance(value, dict) and value:
        rows = [
            f"{json.dumps(key, ensure_ascii=False)}: {_laid_out(item, inner)}"
            for key, item in value.items()
        ]
        brackets = "{}"
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        rows = [_laid_out(item, inner) for item in value]
        brackets = "[]"
    else:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    body = f",\n{inner}".join(rows)
    return f"{brackets[0]}\n{inner}{body}\n{indent}{brackets[1]}"
