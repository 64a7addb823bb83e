"""Times and tables as people paste them."""

import contextlib
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lastmile.errors import RequestError
from simulation.pasted import read_departures, read_table, read_time, read_windows

H = 3600


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("9:00", 9 * H),
        ("09.05", 9 * H + 300),
        ("0905", 9 * H + 300),
        ("905", 9 * H + 300),
        ("9:05:30", 9 * H + 330),
        ("klo 9.05", 9 * H + 300),
        ("kl. 21:05", 21 * H + 300),
        ("9 am", 9 * H),
        ("9:05 PM", 21 * H + 300),
        ("9:05 p.m.", 21 * H + 300),
        ("12:15 am", 900),
        ("12:15pm", 12 * H + 900),
        ("25:10", 25 * H + 600),
        ("36:00", 36 * H),
    ],
)
def test_times_that_are_clear(text: str, seconds: int) -> None:
    assert read_time(text) == seconds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("9", "may be an hour or a minute"),
        ("13:00 pm", "mixes 24 hours with pm"),
        ("9:75", "more than 59 minutes"),
        ("36:01", "end of the service day"),
        ("99:00", "end of the service day"),
        ("soon", "is no time"),
        ("0,375", "is no time"),
        ("-9:00", "is no time"),
        ("", "is no time"),
    ],
)
def test_times_that_are_not(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_time(text)


@given(st.integers(0, 35), st.integers(0, 59), st.sampled_from([":", "."]))
def test_every_time_of_the_service_day(hours: int, minutes: int, mark: str) -> None:
    assert read_time(f"{hours}{mark}{minutes:02d}") == hours * H + minutes * 60


@pytest.mark.parametrize("gap", [", ", ";", "\t", " ", "\n", " | ", ",\n"])
def test_departures_however_they_are_separated(gap: str) -> None:
    assert read_departures(gap.join(["9:00", "9.20", "0940", "1:10 pm", "25:10"])) == [
        9 * H,
        9 * H + 1200,
        9 * H + 2400,
        13 * H + 600,
        25 * H + 600,
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there are no departures"),
        ("9:00\n9:40\n9:20", "row 3: departures run backwards, 9:20 follows 9:40"),
        ("23:50, 0:10", "24:10 for ten past midnight"),
        ("9:00, 9:00", "row 1: 9:00 is there twice"),
        ("9:00\nnoon", "row 2: 'noon' is no time"),
        ("<script>", "row 1: '<script>' is no time"),
    ],
)
def test_departures_that_are_refused(text: str, reason: str) -> None:
    with pytest.raises(RequestError, match=re.escape(reason)):
        read_departures(text)


ROWS = ((9 * H, 9 * H + 720, 9 * H + 1200), (10 * H, None, 10 * H + 1200))


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "   "])
def test_a_row_a_trip(mark: str) -> None:
    lines = [["Espoo", "Brobacka", "Haltia"], ["9:00", "9:12", "9:20"], ["10.00", "-", "10.20"]]
    table = read_table("\n".join(mark.join(line) for line in lines))
    assert table.stops == ("Espoo", "Brobacka", "Haltia")
    assert table.rows == ROWS
    assert table.lines == (2, 3)


@pytest.mark.parametrize(
    "text",
    [
        "Trip;Espoo;Brobacka;Haltia\n1 a;9:00;9:12;9:20\n2 a;10:00;-;10:20",
        "Espoo;Brobacka;Haltia;\n9:00;9:12;9:20;\n10:00;;10:20;",
        "9:00\t9:12\t9:20\n10:00\t\t10:20",
        "Espoo\t9:00\t10:00\nBrobacka\t9:12\t-\nHaltia\t9:20\t10:20",
        "\nStop,Trip A,Trip B\n\nEspoo,9:00,10:00\nBrobacka,9:12,-\nHaltia,9:20,10:20\n",
        '"Espoo","Brobacka","Haltia"\n"9:00 AM","9:12 AM","9:20 AM"\n"10:00 AM","","10:20 AM"',
    ],
)
def test_the_same_table_in_other_shapes(text: str) -> None:
    assert read_table(text, ["Espoo", "Brobacka", "Haltia"]).rows == ROWS


def test_columns_are_brought_into_the_order_of_the_line() -> None:
    back = read_table("haltia;espoo\n9:30;9:50", ["Espoo", "Brobacka", "Haltia"])
    assert back.rows == ((9 * H + 3000, None, 9 * H + 1800),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the table is empty"),
        ("a;b;c", "there are no times"),
        ("A;B\n9:00;8:50", "row 2: the trip runs backwards: 08:50 follows 09:00"),
        ("A;B\n23:50;0:10", "row 2: the trip runs backwards: 00:10 follows 23:50; after midnight"),
        ("A;B\n9:00;9:10\n8:00;8:10", "row 3: departures run backwards, 08:00 follows 09:00"),
        ("A;B\n9:00;9:10\n9:00;9:10", "row 3: 09:00 is there twice"),
        ("A;B\n9:00;lunch", "row 2: 'lunch' is no time"),
        ("A;B\n9:00;", "row 2: a trip needs times at two stops"),
        ("A;B\n9:00;9:10;9:20", "row 2: 3 times for 2 stops"),
        ("A\t9:00\nB\t9:10\t9:40", "row 2: 2 times where row 1 has 1"),
    ],
)
def test_tables_that_are_refused(text: str, reason: str) -> None:
    with pytest.raises(RequestError, match=re.escape(reason)):
        read_table(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("9:00;9:10;9:20", "row 1: 3 times, but the line has 2 stops"),
        ("Espoo;Tampere\n9:00;9:10", "the line has no stop 'Tampere'; it has Espoo, Haltia"),
        ("Haltia;Espoo;Haltia\n9:00;9:10;9:20", "not in the order of the line"),
    ],
)
def test_tables_that_do_not_fit_the_line(text: str, reason: str) -> None:
    with pytest.raises(RequestError, match=re.escape(reason)):
        read_table(text, ["Espoo", "Haltia"])


@example(';\n"\n0')
@given(st.text(alphabet="0123456789:.;,\t\n -apmklo\"'x\u20ac", max_size=60))
def test_rubbish_is_read_or_refused(text: str) -> None:
    for read in (read_departures, read_table, read_windows):
        with contextlib.suppress(RequestError):
            read(text)


@pytest.mark.parametrize(
    "text",
    [
        "7:00 - 9:00 / 15\n9:00 - 18:00 / 30",
        "7:00-9:00/15\n\n9.00 \N{EN DASH} 18.00 / 30 min",
        "7:00;9:00;15\n9:00;18:00;30",
        "7:00\t9:00\t15\n9:00\t18:00\t30",
        "7:00 am to 9:00 am every 15 minutes\n9:00 am to 6:00 pm every 30",
    ],
)
def test_headways_over_the_day_are_read(text: str) -> None:
    assert read_windows(text) == [
        {"from": 7 * 3600, "to": 9 * 3600, "headway": 15},
        {"from": 9 * 3600, "to": 18 * 3600, "headway": 30},
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there are no windows"),
        ("7:00 / 15", "row 1: write a window as"),
        ("7:00 - 9:00 / 15\n9:00 - 8:00 / 30", "row 2: the window ends before it begins"),
        ("7:00 - 9:00 / 15\n8:00 - 10:00 / 30", "row 2: the window begins before"),
        ("7:00 - 9:00 / 0", "row 1: there are no minutes"),
        ("7:00 - 9:75 / 10", "row 1: '9:75' has more than 59 minutes"),
    ],
)
def test_unclear_windows_are_refused_with_row_and_reason(text: str, reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        read_windows(text)


@pytest.mark.parametrize("gap", [" ", "\t", " ,", "\N{NO-BREAK SPACE}"])
def test_a_long_row_of_blanks_is_refused_at_once(gap: str) -> None:
    with pytest.raises(RequestError, match="row 1: write a window as"):
        read_windows(f"7:00 - 9:00{gap * 3000}x")


def test_a_cell_without_end_is_refused_in_a_few_words() -> None:
    endless = "x" * 150_000
    with pytest.raises(RequestError, match=r"row 2: '.x+\u2026' is no time") as refused:
        read_table(f'A;B\n9:00;"{endless}"')
    assert len(str(refused.value)) < 200
