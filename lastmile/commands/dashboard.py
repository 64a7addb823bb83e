"""``lastmile dashboard``: the Streamlit app on this machine, calling nobody."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from lastmile.errors import RequestError


def app_file() -> Path:
    """Return the dashboard's entry point: beside the packages, or inside ``dashboard``."""
    import dashboard as package  # noqa: PLC0415 - only this command needs it

    folder = Path(str(package.__file__)).resolve().parent
    for candidate in (folder.parent / "app.py", folder / "app.py"):
        if candidate.is_file():
            return candidate
    raise RequestError(f"app.py is missing beside {folder}; reinstall lastmile")


@click.command()
@click.option("--port", default=8501, show_default=True, type=click.IntRange(1, 65535))
def dashboard(port: int) -> None:
    """Serve the dashboard on 127.0.0.1 until you press Ctrl-C."""
    from dashboard.assets import publish_leaflet, static_folder  # noqa: PLC0415

    publish_leaflet(static_folder())  # Streamlit serves the folder only if it is there at start
    options = {
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "server.headless": "true",
        "server.enableStaticServing": "true",
        "server.fileWatcherType": "none",
        "server.maxUploadSize": "5",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": "127.0.0.1",
        "client.toolbarMode": "minimal",
        "theme.light.primaryColor": "#17603a",
        "theme.dark.primaryColor": "#27794c",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
    }
    flags = [f"--{key}={value}" for key, value in options.items()]
    click.echo(f"Lastmile dashboard: http://127.0.0.1:{port} (Ctrl-C stops it)")
    sys.stdout.flush()
    command = [sys.executable, "-m", "dashboard.serve", "run", str(app_file()), *flags]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell
