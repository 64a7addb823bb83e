"""Files the browser fetches from us, so that maps draw with no internet.

Folium asks content delivery networks for Leaflet. We take Leaflet's static files from the
installed ``django-js-lib-leaflet`` package (nothing else of it is used) and put them, with our
own street network as GeoJSON, into the folder that Streamlit serves as ``app/static``. deck.gl,
for the film of a day, comes from ``pydeck``, which Streamlit itself brings along.
"""

from __future__ import annotations

import json
import os
import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from lastmile.errors import DataError
from lastmile.messages import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAFLET_FILES = (
    "leaflet.js",
    "leaflet.css",
    "images/layers.png",
    "images/layers-2x.png",
    "images/marker-icon.png",
    "images/marker-icon-2x.png",
    "images/marker-shadow.png",
)

DECK_FILE = "deck/deck.js"


def static_folder() -> Path:
    """Return the folder Streamlit serves: ``static`` beside the running ``app.py``."""
    checkout = Path(__file__).resolve().parents[1]
    return (checkout if (checkout / "app.py").is_file() else checkout / "dashboard") / "static"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever reads half of it.

    Raises
    ------
    DataError
        When the folder cannot be written; the message names it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".partial-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except OSError as fault:
        raise DataError(
            Message(
                "cannot write {path}: {reason}; the dashboard needs this folder for the files its "
                "maps load: give it write access or run lastmile from a checkout",
                path=path,
                reason=fault.strerror,
            )
        ) from fault


def publish_leaflet(folder: Path) -> None:
    """Copy Leaflet's files into ``folder/leaflet`` where they are not there yet."""
    with as_file(files("js_lib_leaflet") / "static" / "js_lib_leaflet") as source:
        for name in LEAFLET_FILES:
            target = folder / "leaflet" / name
            original = source / name
            if not target.is_file() or target.stat().st_size != original.stat().st_size:
                write_whole(target, original.read_bytes())


def publish_deck(folder: Path) -> None:
    """Copy deck.gl, as the installed ``pydeck`` package has it, to ``folder/deck`` if need be."""
    with as_file(files("pydeck") / "nbextension" / "static" / "index.js") as original:
        target = folder / DECK_FILE
        if not target.is_file() or target.stat().st_size != original.stat().st_size:
            write_whole(target, original.read_bytes())


def publish_json(folder: Path, name: str, content: Mapping[str, object]) -> None:
    """Write ``folder/name`` as compact JSON where it is not there yet.

    The name carries a hash of what the content is made from, so an existing file is right.
    """
    target = folder / name
    if not target.is_file():
        write_whole(target, json.dumps(content, separators=(",", ":")).encode())


def static_url(name: str, base_path: str = "") -> str:
    """Return the URL path of a published file, below Streamlit's ``server.baseUrlPath``."""
    prefix = f"/{base_path.strip('/')}" if base_path.strip("/") else ""
    return f"{prefix}/app/static/{name}"
