"""A judged feed on disk, ready to load: a region's GTFS takes many seconds to read again."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import feather

from lastmile.errors import DataError
from lastmile.transit.model import Feed, Shapes, StopTimes
from lastmile.transit.tables import FeedWarning

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

META = "feed.json"
_FORMAT = 1
_ARRAYS: dict[str, type[StopTimes | Shapes]] = {"stop_times": StopTimes, "shapes": Shapes}


def save_feed(feed: Feed, folder: Path) -> None:
    """Write a feed into an empty folder: a JSON file, one Arrow file a frame, one file an array."""
    meta: dict[str, Any] = {"format": _FORMAT}
    for part in fields(Feed):
        value = getattr(feed, part.name)
        if isinstance(value, pd.DataFrame):
            feather.write_feather(value, str(folder / f"{part.name}.arrow"))
        elif part.name in _ARRAYS:
            meta[part.name] = _save_arrays(value, folder, part.name)
        elif part.name == "warnings":
            meta[part.name] = [[w.file, w.line, w.count, w.what] for w in value]
        else:
            meta[part.name] = value
    (folder / META).write_text(json.dumps(meta), encoding="utf-8")


def load_stored_feed(path_of: Callable[[str], Path]) -> Feed:
    """Read a feed that :func:`save_feed` wrote.

    Parameters
    ----------
    path_of
        Gives the path of one of its files, checked.

    Raises
    ------
    DataError
        The files are of another version or damaged.
    """
    meta_path = path_of(META)
    try:
        meta = json.loads(meta_path.read_bytes())
        if meta.pop("format") != _FORMAT:
            raise DataError(
                f"{meta_path}: written by another version; run lastmile data build --gtfs again"
            )
        values: dict[str, Any] = {
            "services": tuple(meta["services"]),
            "warnings": tuple(FeedWarning(*facts) for facts in meta["warnings"]),
        }
        for name, kind in _ARRAYS.items():
            values[name] = kind(**_load_arrays(meta[name], name, path_of))
        for part in fields(Feed):
            if part.name not in values and part.name in meta:
                values[part.name] = meta[part.name]
            elif part.name not in values:
                values[part.name] = feather.read_feather(str(path_of(f"{part.name}.arrow")))
        return Feed(**values)
    except (KeyError, TypeError, ValueError, OSError, pa.ArrowException) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{meta_path.parent}: the stored timetable is damaged ({error}); "
            "run lastmile data build --gtfs again"
        ) from error


def _save_arrays(value: StopTimes | Shapes, folder: Path, name: str) -> dict[str, list[str]]:
    """Write arrays as files of their own and return the tuples of text, which go with the rest."""
    texts: dict[str, list[str]] = {}
    for part in fields(value):
        content = getattr(value, part.name)
        if isinstance(content, np.ndarray):
            np.save(folder / f"{name}.{part.name}.npy", content, allow_pickle=False)
        else:
            texts[part.name] = list(content)
    return texts


def _load_arrays(
    texts: dict[str, list[str]], name: str, path_of: Callable[[str], Path]
) -> dict[str, Any]:
    values: dict[str, Any] = {key: tuple(words) for key, words in texts.items()}
    for part in fields(_ARRAYS[name]):
        if part.name not in values:
            path = path_of(f"{name}.{part.name}.npy")
            values[part.name] = np.load(path, allow_pickle=False)
    return values
