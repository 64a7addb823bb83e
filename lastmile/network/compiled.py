"""How the inner loops are compiled: once a machine, off the interpreter's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

Loop = TypeVar("Loop", bound="Callable[..., object]")


def compiled(loop: Loop) -> Loop:
    """Compile a function over arrays and numbers; the result is kept on disk between runs."""
    return cast("Loop", njit(cache=True, nogil=True)(loop))
