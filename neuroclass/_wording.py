"""Numbers and names in sentences."""

from collections.abc import Sequence

__all__ = ["plural", "some"]


def plural(number: int, one: str, many: str) -> str:
    """Return ``"1 class"`` or ``"3 classes"``."""
    return f"{number} {one if number == 1 else many}"


def some(names: Sequence[str], limit: int = 5) -> str:
    """Return names with commas between; of many, how many more there are."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more} more" if more > 0 else "")
