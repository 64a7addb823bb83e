"""How far a run is, how it ended, and leaving it when nobody looks at it any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.comparison import office
from dashboard.formats import duration
from dashboard.state import draw_anew
from dashboard.texts import _, several_lines

if TYPE_CHECKING:
    from dashboard.jobs import Job

WATCHED = "watched-job"
POLL_S = 0.2
MINUTE_S = 60.0


def leave_before(job: Job) -> None:
    """Let go of the run this session looked at before; the last to let go cancels it."""
    before: Job | None = st.session_state.get(WATCHED)
    if before is not job:
        if before is not None:
            office().let_go(before)
        office().watch(job)
    st.session_state[WATCHED] = job


@st.fragment(run_every=POLL_S)
def show_progress(job: Job) -> None:
    """Show how far a run is; the page draws itself again when it is over."""
    if job.is_over:
        draw_anew()
    progress = job.progress
    left_s = None if progress is None else progress.left_s
    if progress is None or left_s is None:
        st.progress(0.0, _("Preparing ..."))
    else:
        text = _("Simulating ... about {time} left").format(time=_seconds(left_s))
        st.progress(min(progress.done / max(progress.total, 1), 1.0), text)
    st.button(_("Cancel"), on_click=job.stop.set, icon=":material/cancel:")


def _seconds(seconds: float) -> str:
    return duration(seconds) if seconds >= MINUTE_S else f"{max(1, round(seconds))} s"


def show_end(job: Job) -> bool:
    """Say how a run ended where it has no result; return whether it has one."""
    if job.state == "cancelled":
        st.info(_("The run was cancelled."))
        if st.button(_("Run again"), icon=":material/replay:"):
            office().ask(job.question, again=True)
            st.rerun()
    elif job.state == "failed":
        st.error(several_lines(job.error))
    return job.state == "done"
