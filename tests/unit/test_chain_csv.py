"""Recorded chains: prices in, snapshots out, and errors that say where to look."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime

import numpy as np
import pytest

from hedgetui.domain.errors import DataError
from hedgetui.domain.instruments import SPX, SPY, XSP
from hedgetui.simulation.chain_csv import read_chains, scale_to_xsp

HEAD = "underlying,underlying_last,type,expiration,quotedate,strike,bid,ask,delta"
ROWS = (
    "SPXW,2700,call,01/31/2018,01/03/2018,2700,20.0,20.6,99",
    "SPXW,2690,call,01/31/2018,01/02/2018,2700,18.0,18.6,99",
    "SPXW,2690,put,01/31/2018,01/02/2018,2700,22.5,23.3,99",
    "SPXW,2690,call,01/31/2018,01/02/2018,2600,95.5,97.3,99",
    "SPXW,2690,put,02/28/2018,01/02/2018,2500,0,0.05,99",
)


def written(tmp_path, *rows, head=HEAD):
    path = tmp_path / "chain.csv"
    path.write_text("\n".join((head, *rows)) + "\n")
    return path


def test_one_snapshot_a_day_sorted_with_gaps_as_missing(tmp_path):
    first, second = read_chains(written(tmp_path, *ROWS))
    assert (first.root, first.spot, second.spot) == (SPX, 2690, 2700)
    assert first.at == datetime(2018, 1, 2, 21, tzinfo=UTC).timestamp()
    january, february = first.expiries
    assert (january.expiry, february.expiry) == (date(2018, 1, 31), date(2018, 2, 28))
    assert january.strikes.tolist() == [2600, 2700]
    assert january.call_bid.tolist() == [95.5, 18.0]
    assert january.put_ask[1] == 23.3
    assert np.isnan(january.put_bid[0])
    assert np.isnan(february.put_bid[0])
    assert february.put_ask[0] == 0.05


def test_names_in_any_case_and_order_compressed_or_not(tmp_path):
    plain = read_chains(written(tmp_path, *ROWS))
    swapped = [",".join(reversed(line.split(","))) for line in (HEAD.upper(), *ROWS)]
    path = tmp_path / "chain.csv.gz"
    path.write_bytes(gzip.compress(("\ufeff" + "\n".join(swapped)).encode()))
    assert [day.at for day in read_chains(path)] == [day.at for day in plain]
    assert read_chains(path)[0].expiries[0].call_bid.tolist() == [95.5, 18.0]


def test_blank_lines_and_empty_cells_are_no_quotes(tmp_path):
    (day,) = read_chains(written(tmp_path, "", ROWS[0].replace("20.0", ""), ""))
    assert np.isnan(day.expiries[0].call_bid[0])
    assert day.expiries[0].call_ask[0] == 20.6


def test_spx_scales_to_xsp(tmp_path):
    day = scale_to_xsp(read_chains(written(tmp_path, *ROWS))[0])
    assert (day.root, day.spot) == (XSP, 269.0)
    assert day.expiries[0].strikes.tolist() == [260.0, 270.0]
    assert day.expiries[0].put_ask[1] == pytest.approx(2.33)
    assert scale_to_xsp(day) is day


def test_only_spx_scales(tmp_path):
    row = ROWS[0].replace("SPXW", "SPY")
    (day,) = read_chains(written(tmp_path, row))
    assert day.root is SPY
    with pytest.raises(DataError, match="SPY does not scale"):
        scale_to_xsp(day)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (ROWS[0].replace("20.6", "abc"), "chain.csv line 3: ask 'abc' is not a number"),
        (ROWS[0].replace("01/31/2018", "31.31.2018"), "line 3: expiration '31.31.2018'"),
        (ROWS[0].replace("call", "straddle"), "line 3: type 'straddle' is neither"),
        (ROWS[0].replace("SPXW", "GOLD").replace("01/03", "01/09"), "underlying 'GOLD'"),
        (ROWS[0].replace(",2700,20", ",-5,20"), "line 3: strike '-5' is not positive"),
        (ROWS[0].replace(",2700,call", ",0,call"), "underlying_last '0' is not positive"),
        ("SPXW,2700,call", "line 3: 3 cells, need 8"),
    ],
)
def test_a_bad_row_is_named(tmp_path, row, complaint):
    with pytest.raises(DataError, match=complaint):
        read_chains(written(tmp_path, ROWS[1], row))


def test_an_absent_column_is_named_with_what_is_there(tmp_path):
    path = written(tmp_path, *ROWS, head=HEAD.replace("strike", "k"))
    with pytest.raises(DataError, match=r"chain.csv: no column 'strike'") as caught:
        read_chains(path)
    assert "quotedate, k, bid" in caught.value.hint


def test_unreadable_files_are_an_error_of_the_data(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*No such file"):
        read_chains(tmp_path / "none.csv")
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(gzip.compress(HEAD.encode() * 99)[:40])
    with pytest.raises(DataError, match="cannot read"):
        read_chains(broken)
    with pytest.raises(DataError, match="no quotes in it"):
        read_chains(written(tmp_path))
    (tmp_path / "latin.csv").write_bytes(b"\xff\xfe\xe4")
    with pytest.raises(DataError, match="cannot read"):
        read_chains(tmp_path / "latin.csv")
