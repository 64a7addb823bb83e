"""Compare pilots: which one relieves the park, at what cost, and how sure we are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from babel.dates import get_month_names

from dashboard.answer import show_answer
from dashboard.comparison import (
    ANY_DAY,
    BASE,
    BUSY,
    BY_DAYS,
    COUNTS,
    DAY_TYPES,
    MOST_DAYS,
    MOST_PILOTS,
    PRECISIONS,
    WEATHERS,
    office,
    scenario,
    scenario_keys,
    take_upload,
    title,
)
from dashboard.comparison import Comparison as Asked
from dashboard.formats import fine_share, locale
from dashboard.progress import leave_before, show_end, show_progress
from dashboard.state import read_query, seed, write_query
from dashboard.texts import _, plain, several_lines
from dashboard.uploads import LARGEST_BYTES
from lastmile.errors import LastmileError
from lastmile.places import Gazetteer

if TYPE_CHECKING:
    from dashboard.comparison import Change
    from scenarios.schema import Scenario

PAGE = "compare"
PARAMETERS = (
    *("base", "pilots", "month", "day", "weather", "busy", "days", "precision", "set"),
    *("entrance", "film"),
)
DEFAULT_ENTRANCE = "haltia"
DEFAULT_PRECISION = 1
FILMS = tuple(str(rank) for rank in range(MOST_PILOTS + 1))


def page() -> None:
    """Draw the page; the address holds the question, and the answer is found by it."""
    query = read_query(PAGE, PARAMETERS)
    asked = Asked.from_query(query)
    query.faults += [("set", fault) for fault in strange_changes(asked)]
    looked_at = {
        "entrance": query.read(
            "entrance", DEFAULT_ENTRANCE, lambda id_: Gazetteer.bundled()[id_].id
        ),
        "film": query.one_of("film", "", FILMS),
    }
    st.title(_("Compare pilots"))
    query.note()
    left, right = st.columns([1, 2], gap="medium")
    with left:
        comparison = _question(asked, fresh=query.fresh)
    with right, st.container(key="answer"):
        if not comparison.pilots:
            st.info(_("Choose a pilot to compare with the base."))
        else:
            try:
                job = office().ask(comparison.question())
            except LastmileError as fault:
                st.error(several_lines(str(fault)))
            else:
                leave_before(job)
                if not job.is_over:
                    show_progress(job)
                elif show_end(job) and job.comparison is not None:
                    looked_at = show_answer(job.comparison, job, looked_at)
    write_query(PAGE, {**comparison.to_query(), **looked_at})


def _question(asked: Asked, *, fresh: bool) -> Asked:
    """Draw the form and return what it says."""
    keys = scenario_keys()
    seed(
        {
            "base": asked.base,
            "pilots": list(asked.pilots),
            "month": asked.month,
            "day-type": asked.day_type,
            "weather": asked.weather,
            "busy": asked.busy,
            "days": asked.replications,
            "stop": "precision" if asked.precision else "days",
            "precision": asked.precision or DEFAULT_PRECISION,
        },
        fresh=fresh,
    )
    with st.container(key="question"):
        base = st.selectbox(_("Base"), keys, format_func=_scenario_text, key="base")
        pilots = st.multiselect(
            _("Pilots"),
            [key for key in keys if key != BASE],
            format_func=_scenario_text,
            max_selections=MOST_PILOTS,
            key="pilots",
        )
        st.markdown("**" + _("Kind of day") + "**")
        months = get_month_names("wide", locale=locale(), context="stand-alone")
        month = st.selectbox(
            _("Month"), range(1, 13), format_func=lambda n: str(months[n]), key="month"
        )
        days = {
            "weekday": _("weekday"),
            "saturday": _("Saturday"),
            "sunday": _("Sunday"),
        }
        day_type = st.segmented_control(
            _("Day"), DAY_TYPES, format_func=days.__getitem__, required=True, key="day-type"
        )
        weathers = {"good": _("good"), "fair": _("fair"), "poor": _("poor")}
        weather = st.segmented_control(
            _("Weather"), WEATHERS, format_func=weathers.__getitem__, required=True, key="weather"
        )
        busy = st.select_slider(
            _("Visit level"),
            BUSY,
            format_func=_busy_text,
            key="busy",
        )
        replications, precision = _how_long(asked)
        changes = _changes(tuple(pilots), asked, fresh=fresh)
        _upload()
    return Asked(
        base=base or BASE,
        pilots=tuple(pilots),
        month=month or asked.month,
        day_type=day_type or asked.day_type,
        weather=weather or asked.weather,
        busy=busy,
        replications=replications,
        changes=changes,
        precision=precision,
    )


def _how_long(asked: Asked) -> tuple[int, float]:
    """Ask for a number of days or a precision; return both, the precision 0 where not wanted."""
    rules = {"days": _("number of days"), "precision": _("precision")}
    rule = st.segmented_control(
        _("Simulate until"), list(rules), format_func=rules.__getitem__, required=True, key="stop"
    )
    if rule == "precision":
        precision = st.select_slider(
            _("Half width of the intervals"),
            [percent for percent in PRECISIONS if percent],
            format_func=lambda percent: f"±{fine_share(percent / 100)}",
            help=_(
                "Days are simulated until the 95 % intervals of visitors, cars and full car parks "
                "are this narrow, as a share of the figure; at most {most} days."
            ).format(most=MOST_DAYS),
            key="precision",
        )
        return asked.replications, float(precision)
    replications = st.select_slider(
        _("Days simulated"),
        COUNTS,
        help=_("20 days give a quick preview; more days give narrower intervals."),
        key="days",
    )
    return int(replications), BY_DAYS


def _scenario_text(key: str) -> str:
    return title(scenario(key))


def _busy_text(level: int) -> str:
    if level == ANY_DAY:
        return _("any")
    return _("busier than {share} of 100").format(share=level)


def _changes(pilots: tuple[str, ...], asked: Asked, *, fresh: bool) -> tuple[Change, ...]:
    """Draw a slider for what one asks about in each pilot; return what differs from its file."""
    changes: list[Change] = []
    for number, key in enumerate(pilots, start=1):
        own = scenario(key)
        with st.expander(_("What if: {pilot}").format(pilot=plain(title(own)))):
            given = {name: value for pilot, name, value in asked.changes if pilot == number}
            for name, (label, value, low, high, step) in _dials(own).items():
                slider_key = f"set-{key}-{name}"
                wanted = given.get(name, value)
                seed({slider_key: wanted if low <= wanted <= high else value}, fresh=fresh)
                chosen = st.slider(label, low, high, step=step, key=slider_key)
                if chosen != value:
                    changes.append((number, name, chosen))
    return tuple(changes)


def strange_changes(asked: Asked) -> list[str]:
    """Return the changes asked for that no slider of their pilot can make, as they were written."""
    dials = [_dials(scenario(key)) for key in asked.pilots]
    return [
        f"{pilot}:{name}={value:g}"
        for pilot, name, value in asked.changes
        if not (
            pilot <= len(dials)
            and name in dials[pilot - 1]
            and dials[pilot - 1][name][2] <= value <= dials[pilot - 1][name][3]
        )
    ]


Dial = tuple[str, float, float, float, float]


def _dials(own: Scenario) -> dict[str, Dial]:
    """Return what can be turned in a pilot: key -> label, value, lowest, highest, step."""
    dials: dict[str, Dial] = {}
    for service_id, service in own.services.items():
        if service.mode != "shuttle" or not service.enabled:
            continue
        at = f"services.{service_id}"
        if service.headway is not None:
            dials[f"{at}.headway"] = _dial(_("Headway, min"), service.headway, 5, 120, 5)
        if service.vehicles is not None:
            dials[f"{at}.vehicles"] = _dial(_("Vehicles"), service.vehicles, 1, 12, 1)
        dials[f"{at}.seats"] = _dial(_("Seats"), service.seats, 8, 60, 1)
        if service.fare_eur is not None:
            dials[f"{at}.fare_eur"] = _dial(_("Fare, EUR"), service.fare_eur, 0, 10, 0.5)
    park = own.car_parks.get("haltia-car-park")
    if park is not None:
        dials["car_parks.haltia-car-park.fee_eur"] = _dial(
            _("Parking fee at Haltia, EUR"), park.fee_eur, 0, 20, 1
        )
    return dials


def _dial(label: str, value: float, low: float, high: float, step: float) -> Dial:
    return label, float(value), min(float(low), value), max(float(high), value), float(step)


def _upload() -> None:
    """Take a scenario file from the planner."""
    with st.expander(_("Upload a scenario")):
        given = st.file_uploader(
            _("Scenario file (TOML, at most {size} kB)").format(size=LARGEST_BYTES // 1000),
            type=["toml"],
            max_upload_size=1,
            key="upload",
        )
        if given is None:
            st.caption(_("Download a pilot below, change it, and upload it here."))
            return
        try:
            key = take_upload(given.getvalue())
        except LastmileError as fault:
            st.error(several_lines(str(fault)))
            return
        st.success(
            _(
                "“{title}” can be chosen above. Whoever has the link to a comparison sees it."
            ).format(title=plain(title(scenario(key))))
        )
        if st.session_state.get("last-upload") != key:
            st.session_state["last-upload"] = key
            st.rerun()
