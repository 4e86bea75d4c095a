"""Other people's bars: every name, format and clock that is understood, and each complaint."""

from __future__ import annotations

import numpy as np
import pytest

from hedgetui.domain.dtms.bars import Timeframe
from hedgetui.domain.dtms.bars_csv import parse_zone, read_bars_csv
from hedgetui.domain.errors import DataError, UsageError
from hedgetui.domain.units import parse_utc
from tests.dtms.bar_stage import csv_lines, walk

HEAD = "time,open,high,low,close,tick_volume"
GOOD = ["2025-03-10 00:00:00,1.1,1.3,1.0,1.2,10", "2025-03-10 00:05:00,1.2,1.4,1.1,1.3,20"]


def read(*rows, head=HEAD, tz="UTC"):
    return read_bars_csv([f"{line}\n" for line in (head, *rows)], name="x.csv", tz=tz)


def at(moment):
    return int(parse_utc(moment))


def test_what_is_written_is_read():
    bars = walk(50, 1)
    again = read_bars_csv(csv_lines(bars), name="x.csv")
    assert again.timeframe is Timeframe.M5
    for name in ("at", "open", "high", "low", "close", "volume"):
        assert (getattr(again, name) == getattr(bars, name)).all()
    assert np.isnan(again.spread).all()


@pytest.mark.parametrize(
    "head",
    [
        "Date,Open,High,Low,Close,Tickvol,Volume",
        "TIME,OPEN,HIGH,LOW,CLOSE,VOLUME,real_volume",
        "datetime,Open,High,Low,Close,Tick_Volume,Volume",
    ],
)
def test_names_are_matched_without_regard_to_case_and_tick_volume_comes_first(head):
    bars = read(*(f"{row},7" for row in GOOD), head=head)
    assert bars.volume.tolist() == [10, 20]


def test_an_export_of_the_terminal():
    head = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"
    rows = [
        "2025.03.10\t02:00:00\t1.10000\t1.30000\t1.00000\t1.20000\t10\t0\t20",
        "2025.03.10\t02:15:00\t1.20000\t1.40000\t1.10000\t1.30000\t20\t0\t5",
    ]
    bars = read(*rows, head=head, tz="mt5")
    assert bars.timeframe is Timeframe.M15
    assert bars.at[0] == at("2025-03-09T23:00:00Z")
    assert bars.spread == pytest.approx([20e-5, 5e-5])


def test_a_spread_with_a_fraction_is_a_price():
    bars = read(*(f"{row},0.0002" for row in GOOD), head=HEAD + ",spread")
    assert bars.spread.tolist() == [0.0002, 0.0002]


@pytest.mark.parametrize(
    ("zone", "text", "utc"),
    [
        ("UTC", "2025-03-10 00:00", "2025-03-10T00:00:00Z"),
        ("+03:00", "2025-03-10 00:00", "2025-03-09T21:00:00Z"),
        ("-0330", "2025-03-10 00:00", "2025-03-10T03:30:00Z"),
        ("UTC+3", "2025-03-10 00:00", "2025-03-09T21:00:00Z"),
        ("Europe/Athens", "2025-07-01 03:00", "2025-07-01T00:00:00Z"),
        ("mt5", "2025-03-07 02:00", "2025-03-07T00:00:00Z"),  # New York in winter: UTC + 2
        ("mt5", "2025-03-10 03:00", "2025-03-10T00:00:00Z"),  # in summer: UTC + 3
        ("mt5", "03/10/2025 03:00", "2025-03-10T00:00:00Z"),
        ("mt5", "2025-03-10T03:00:00+00:00", "2025-03-10T03:00:00Z"),  # it names its own
        ("mt5", "1741575600", "2025-03-10T00:00:00Z"),  # the server's clock as Unix seconds
    ],
)
def test_the_zone_is_an_argument(zone, text, utc):
    later = "2025-12-01 00:00,1.2,1.4,1.1,1.3,20"
    rows = (f"{text},1.1,1.3,1.0,1.2,10", later, later.replace("00:00", "00:05"))
    assert read(*rows, tz=zone).at[0] == at(utc)


def test_the_hour_that_repeats_in_autumn_is_read_twice():
    hours = ("00:30", "01:00", "01:30", "01:00", "01:30", "02:00")
    stamps = [f"2025-11-02 {hour},1.1,1.3,1.0,1.2,10" for hour in hours]
    quarter = "2025-11-02 02:15,1.1,1.3,1.0,1.2,10"
    bars = read(*stamps, quarter, tz="America/New_York")
    assert np.diff(bars.at).tolist() == [1800] * 5 + [900]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "+15:00", "mt6", "../../etc/passwd", ""])
def test_no_such_zone(zone):
    with pytest.raises(UsageError, match="no time zone"):
        parse_zone(zone)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2025-03-10 00:05:00,1.2,1.4,1.1,1.3,20", "column time: .* is not after the bar before"),
        ("2025-03-10 00:00:00,1.2,1.4,1.1,1.3,20", "column time: .* is not after the bar before"),
        ("yesterday,1.2,1.4,1.1,1.3,20", "column time: 'yesterday' is not a time"),
        ("2025-03-10 00:10:00,nan,1.4,1.1,1.3,20", "column open: 'nan' is not a number"),
        ("2025-03-10 00:10:00,1.2,inf,1.1,1.3,20", "column high: 'inf' is not a number"),
        ("2025-03-10 00:10:00,1.2,1.4,,1.3,20", "column low: '' is not a number"),
        ("2025-03-10 00:10:00,1.2,1.0,1.1,1.3,20", "column high: 1 is below low 1.1"),
        ("2025-03-10 00:10:00,1.2,1.4,1.1,1.5,20", "column close: 1.5 is not in 1.1 … 1.4"),
        ("2025-03-10 00:10:00,1.0,1.4,1.1,1.3,20", "column open: 1 is not in 1.1 … 1.4"),
        ("2025-03-10 00:10:00,1.2,1.4,1.1,1.3,-1", "column volume: -1 is negative"),
        ("2025-03-10 00:10:00,1.2,1.4", "3 cells, need 6"),
    ],
)
def test_complaints_name_file_line_and_column(row, words):
    with pytest.raises(DataError, match=rf"x\.csv line 4: {words}"):
        read(*GOOD, row)


def test_blank_lines_are_counted_and_skipped():
    with pytest.raises(DataError, match=r"x\.csv line 5: column open"):
        read(GOOD[0], "", GOOD[1], "2025-03-10 00:10:00,?,1.4,1.1,1.3,20")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("open,high,low,close,volume", "line 1: no column 'time' or 'date'"),
        ("time,open,high,low,close", "line 1: no column 'tick_volume' or 'tickvol' or 'volume'"),
        ("", "line 1: no column 'time'"),
    ],
)
def test_a_missing_column_is_named_with_those_found(head, words):
    with pytest.raises(DataError, match=words) as caught:
        read(*GOOD, head=head)
    assert caught.value.hint.startswith("columns found: ")


def test_steps_that_are_no_timeframe():
    minute = GOOD[1].replace("00:05", "00:01")
    with pytest.raises(DataError, match="smallest step is 60 s"):
        read(GOOD[0], minute)
    with pytest.raises(DataError, match="1 bars in it"):
        read(GOOD[0])
    crooked = [row.replace("00:0", "00:4").replace(":00,", ":30,") for row in GOOD]
    with pytest.raises(DataError, match="begins no M5 bar"):
        read(*crooked)


def test_foreign_text_reaches_no_terminal_raw():
    with pytest.raises(DataError) as caught:
        read(*GOOD, "\x1b[2J,1.2,1.4,1.1,1.3,20")
    assert "\x1b" not in caught.value.message
