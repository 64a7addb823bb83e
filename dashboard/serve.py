"""The dashboard's process: Streamlit, and a planner that is warm before anybody asks it.

Streamlit runs a page when somebody opens it. Loading the planner takes seconds, and after an
installation its kernels are compiled when they are first used; both are done in the background
from the start. Charts are judged against their schema in the tests, not again for every reader.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from threading import Thread

from altair.utils.schemapi import disable_debug_mode
from streamlit.web.cli import main

from lastmile.errors import LastmileError


def warm_up() -> None:
    """Load what the pages ask, here and in the processes that simulate.

    What is wrong with the data the pages will say.
    """
    from dashboard.comparison import office  # noqa: PLC0415 - off the main thread
    from dashboard.trip import loaded_planner  # noqa: PLC0415
    from lastmile.planner.core import warm  # noqa: PLC0415

    with suppress(LastmileError):
        warm(loaded_planner())
    office().warm()
    gc.collect()
    gc.freeze()  # what is loaded stays: no request waits while the collector walks it


if __name__ == "__main__":
    disable_debug_mode()
    Thread(target=warm_up, daemon=True).start()
    main(prog_name="streamlit")
