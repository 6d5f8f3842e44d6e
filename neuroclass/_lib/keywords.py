"""Settings that are given as one object or as keywords.

Input: a frozen dataclass of settings or None, and the keywords of a call. Output: one
such object. The dataclass is the one place where the defaults are written; functions
take ``settings=None, **options: Unpack[...]``, so that type checkers know the keywords.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["settings_from"]

Settings = TypeVar("Settings", bound="DataclassInstance")


def settings_from(
    cls: type[Settings],
    settings: Settings | None,
    options: Mapping[str, Any],
    function_name: str,
    *,
    other_keywords: Iterable[str] = (),
) -> Settings:
    """Return the settings of a call: the object, or the defaults, with the keywords.

    Parameters
    ----------
    cls : type
        Frozen dataclass of settings whose fields all have defaults.
    settings : instance of `cls`, or None
        Settings to begin with; None: the defaults.
    options : mapping of str to any
        Keywords of the call, each a field of `cls`; they replace those of `settings`.
    function_name : str
        Name of the function that was called, for the message.
    other_keywords : iterable of str, optional
        Keywords that the function takes itself, to be suggested for a misspelt one.

    Raises
    ------
    TypeError
        If `settings` is of another type, or a keyword is unknown; the message names
        the nearest one.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, kw_only=True)
    ... class BinSettings:
    ...     bin_size: float = 0.02
    ...     word_length: int = 1
    >>> settings_from(BinSettings, None, {"word_length": 3}, "bin_words")
    BinSettings(bin_size=0.02, word_length=3)
    """
    if settings is None:
        settings = cls()
    elif not isinstance(settings, cls):
        raise TypeError(
            f"settings must be a {cls.__name__} or None; got "
            f"{type(settings).__name__}. Give single settings as keywords."
        )
    known = [field.name for field in fields(cls)]
    for option in options:
        if option not in known:
            raise TypeError(
                _unknown_keyword(function_name, option, [*known, *other_keywords])
            )
    return replace(settings, **options)


def _unknown_keyword(function_name: str, keyword: str, known: list[str]) -> str:
    message = f"{function_name}() got an unexpected keyword argument {keyword!r}."
    near = difflib.get_close_matches(keyword, known, n=1)
    if near:
        return f"{message} Did you mean {near[0]!r}?"
    return f"{message} Its settings are: {', '.join(known)}."
