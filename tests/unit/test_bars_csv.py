"""Recorded bars: the exports traders have, in UTC, checked bar by bar."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from hedgetui.domain.errors import DataError, UsageError
from hedgetui.simulation.bars_csv import parse_zone, read_bars

HEAD = "time,open,high,low,close,volume"


def written(tmp_path, *lines, name="bars.csv"):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return path


def at(*moment):
    return datetime(*moment, tzinfo=UTC).timestamp()


def test_bars_become_arrays(tmp_path):
    rows = ("2025-03-27 03:00:00,10,12,9,11,111", "2025-03-27 03:05:00,11,11,11,11,0")
    bars = read_bars(written(tmp_path, HEAD, *rows))
    assert len(bars) == 2
    assert bars.at.tolist() == [at(2025, 3, 27, 3), at(2025, 3, 27, 3, 5)]
    assert (bars.high[0], bars.low[0], bars.close[1]) == (12, 9, 11)
    assert bars.volume.tolist() == [111, 0]
    assert bars.at.dtype == np.float64


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("2022.10.10 00:15:00", (2022, 10, 10, 0, 15)),
        ("2022-10-10T00:15", (2022, 10, 10, 0, 15)),
        ("11/5/2019 9:31", (2019, 11, 5, 9, 31)),
        ("2022-10-10", (2022, 10, 10)),
        ("2022-10-10T02:15:00+02:00", (2022, 10, 10, 0, 15)),
    ],
)
def test_the_date_formats_of_the_trade(tmp_path, stamp, moment):
    bars = read_bars(written(tmp_path, HEAD, f"{stamp},1,1,1,1,1"))
    assert bars.at[0] == at(*moment)


def test_tick_volume_wins_over_an_empty_volume_and_order_does_not_matter(tmp_path):
    text = "Volume,Tickvol,Close,Date,Open,Low,High\n0,60,11,2022.10.10 00:00:00,10,9,12\n"
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    bars = read_bars(path)
    assert (bars.volume[0], bars.high[0], bars.close[0]) == (60, 12, 11)
    again = written(tmp_path, *text.replace(",", ";").splitlines(), name="semicolons.csv")
    assert read_bars(again).volume.tolist() == [60]


def test_the_zone_of_the_file(tmp_path):
    path = written(tmp_path, HEAD, "2019-11-05 09:30,1,1,1,1,1")
    assert read_bars(path, "America/New_York").at[0] == at(2019, 11, 5, 14, 30)
    assert read_bars(path, "UTC+3").at[0] == at(2019, 11, 5, 6, 30)
    assert read_bars(path).at[0] == at(2019, 11, 5, 9, 30)
    assert parse_zone("gmt-5:30").utcoffset(None) == timedelta(hours=-5.5)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "UTC+99", "../etc"])
def test_an_unknown_zone_is_an_error_of_usage(zone):
    with pytest.raises(UsageError, match="no time zone"):
        parse_zone(zone)


def test_the_repeated_hour_at_the_end_of_summer_time(tmp_path):
    stamps = ("01:00", "01:30", "01:00", "01:30", "02:00")
    rows = [f"2024-11-03 {stamp},1,1,1,1,1" for stamp in stamps]
    bars = read_bars(written(tmp_path, HEAD, *rows), "America/New_York")
    assert np.diff(bars.at).tolist() == [1800.0] * 4


GOOD = "2025-01-02 00:00,10,12,9,11,5"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("2025-01-02 00:00,10,12,9,11,5", "line 3: time .* is not after the bar before it"),
        ("2025-01-01 00:00,10,12,9,11,5", "is not after the bar before it"),
        ("yesterday,10,12,9,11,5", "bars.csv line 3: time 'yesterday' is not a time"),
        ("2025-01-03 00:00,x,12,9,11,5", "line 3: open 'x' is not a number"),
        ("2025-01-03 00:00,10,nan,9,11,5", "line 3: high 'nan' is not a number"),
        ("2025-01-03 00:00,10,inf,9,11,5", "line 3: high 'inf' is not a number"),
        ("2025-01-03 00:00,10,9,12,11,5", "not between low 12 and high 9"),
        ("2025-01-03 00:00,13,12,9,11,5", "open 13 and close 11 are not between"),
        ("2025-01-03 00:00,10,12,9,11,-5", "volume -5 is negative"),
        ("2025-01-03 00:00,10,12", "line 3: 3 cells, need 6"),
    ],
)
def test_a_bad_bar_is_named(tmp_path, row, complaint):
    with pytest.raises(DataError, match=complaint):
        read_bars(written(tmp_path, HEAD, GOOD, row))


def test_an_absent_column_and_an_empty_file(tmp_path):
    path = written(tmp_path, HEAD.replace("volume", "oi"), GOOD)
    with pytest.raises(
        DataError, match="no column 'tick_volume' or 'tickvol' or 'volume'"
    ) as error:
        read_bars(path)
    assert error.value.hint == "columns found: time, open, high, low, close, oi"
    with pytest.raises(DataError, match="no bars in it"):
        read_bars(written(tmp_path, HEAD))
    with pytest.raises(DataError, match="no column"):
        read_bars(written(tmp_path, ""))
