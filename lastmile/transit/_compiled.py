"""Numba's compiler, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., object]")


def compiled(function: Function) -> Function:
    """Compile a kernel to machine code, kept on disk, that lets other threads run."""
    return cast("Function", numba.njit(cache=True, nogil=True)(function))
