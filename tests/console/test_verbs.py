"""Verbs that ask a desk opened for a moment, the journal, the settings and the doctor."""

from __future__ import annotations

import csv
import io
import math
import os
import sqlite3
import stat
from datetime import date, timedelta

import numpy as np
import pytest

from hedgetui.console import asking
from hedgetui.domain.pricing import black76
from hedgetui.ports.desk import Outcome

SCAN = {
    "expiry", "dte", "iv_rank", "put", "call", "cost", "vega", "theta", "break_evens",
}  # fmt: skip


def test_shape_of_a_scan(hedgetui):
    rows = hedgetui("vega", "scan", "--json").json
    assert len(rows) > 5
    assert all(set(row) >= SCAN for row in rows)
    assert all(set(row["put"]) == {"strike", "iv", "delta"} == set(row["call"]) for row in rows)
    assert all(row["break_evens"][0] < row["break_evens"][1] for row in rows)
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    table = hedgetui("vega", "scan").out.splitlines()
    assert len(table) > 6
    assert table[0].split()[:3] == ["#", "Strangle", "DTE"]


def test_nothing_is_sent_without_yes(hedgetui):
    ended = hedgetui("vega", "enter", 1, "--json")
    assert (ended.code, ended.json["code"]) == (0, "preview")
    assert ended.json["preview"]["orders"]
    assert "nothing sent" in ended.err
    tail = hedgetui("journal", "export").lines
    assert not any(row["kind"] == "IntentRecorded" for row in tail)


def test_a_trade_from_entry_to_close(hedgetui):
    entered = hedgetui("vega", "enter", 1, "--lots", 10, "--yes", "--json")
    assert entered.code == 0
    [trade] = entered.json["strangles"]
    assert (trade["state"], trade["quantity"]) == ("OPEN", 10)
    assert hedgetui("vega", "hedge", "--yes").code == 0
    closed = hedgetui("vega", "close", trade["trade_id"], "--yes", "--json")
    assert closed.code == 0
    assert closed.json["strangles"] == []
    assert closed.json["book"]["hedge_contracts"] == 0
    proof = hedgetui("journal", "verify", "--json")
    assert (proof.code, proof.json["violations"]) == (0, 0)
    words = hedgetui("vega", "enter", 1, "--lots", 1, "--yes")
    assert "net Δ" in words.out
    assert "OPEN" in words.out
    assert "ENTER 1 × XSP" in words.err


def test_a_hedge_is_rolled_by_one_verb(hedgetui, monkeypatch):
    monkeypatch.setenv("HEDGETUI_SIMULATOR__SCENARIO", "constant-delta")
    monkeypatch.setenv("HEDGETUI_VEGA__MAX_COST", "5000")
    entered = hedgetui("vega", "enter", 1, "--lots", 4, "--yes", "--json")
    assert entered.json["book"]["hedge_contracts"] == -2
    early = hedgetui("vega", "roll", "--yes", "--json")
    assert (early.code, early.json["code"]) == (0, "nothing-to-do")
    monkeypatch.setenv("HEDGETUI_VEGA__ROLL_DAYS", "60")
    shown = hedgetui("vega", "roll", "--json")
    assert (shown.code, shown.json["code"], shown.json["preview"]["kind"]) == (0, "preview", "roll")
    assert "nothing sent" in shown.err
    rolled = hedgetui("vega", "roll", "--yes", "--json")
    assert rolled.code == 0
    assert rolled.json["book"]["hedge_contracts"] == -2
    intents = [row["payload"]["intent"]["draft"] for row in hedgetui("journal", "export").lines
               if row["kind"] == "IntentRecorded"]  # fmt: skip
    rolls = [one["instrument_key"] for one in intents if one["purpose"] == "roll"]
    assert rolls == ["MES 202512", "MES 202603"]
    assert hedgetui("journal", "verify", "--json").json["violations"] == 0
    assert hedgetui("vega", "roll", "--yes", "--json").json["code"] == "nothing-to-do"


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (("enter", "0"), 2, "usage"),
        (("enter", "999"), 2, "usage"),
        (("enter", "1", "--lots", "0"), 2, "usage"),
        (("enter", "1", "--lots", "-5"), 2, "usage"),
        (("close", "nosuch"), 2, "no-such-trade"),
        (("enter", "1", "--lots", "100000", "--yes"), 4, "G3-quantity"),
    ],
)
def test_refusals_have_their_exit_code(hedgetui, words, code, name):
    ended = hedgetui("vega", *words, "--json")
    assert (ended.code, ended.error["code"]) == (code, name)


@pytest.mark.parametrize(
    ("name", "code"),
    [("broker_unreachable", 3), ("book-moved", 1), ("preview-expired", 1), ("not-armed", 4),
     ("half-roll", 1), ("G1-frozen", 4), ("usage", 2), ("no-such-order", 2)],
)  # fmt: skip
def test_codes_of_a_desk_become_exit_codes(name, code):
    error = asking.refusal(Outcome(ok=False, code=name, message="no", hint="do"))
    assert (error.exit_code, error.code, error.hint) == (code, name, "do")


def test_frozen_lasts_until_unfrozen(hedgetui):
    assert hedgetui("freeze", "--why", "going home").code == 0
    refused = hedgetui("vega", "enter", 1, "--yes", "--json")
    assert (refused.code, refused.error["code"]) == (4, "G1-frozen")
    assert "going home" in refused.error["message"]
    assert "freeze" in hedgetui("unfreeze", "--json").json["message"]
    assert hedgetui("unfreeze").out == "nothing was frozen\n"
    assert hedgetui("vega", "enter", 1, "--yes").code == 0


def test_the_kill_switch_needs_no_broker(hedgetui, state):
    frozen = hedgetui("--profile", "live", "freeze", "--json")
    assert (frozen.code, frozen.json["message"]) == (0, "frozen for the next start of live")
    assert "go on working" in frozen.err
    [row] = hedgetui("--profile", "live", "journal", "tail", "--json").lines
    assert (row["kind"], row["payload"]["name"], row["payload"]["on"]) == (
        "LatchSet",
        "freeze",
        True,
    )
    assert hedgetui("--profile", "live", "unfreeze").out == "released: freeze\n"
    assert hedgetui("--profile", "live", "unfreeze").out == "nothing was frozen\n"
    assert hedgetui("--profile", "live", "journal", "verify").code == 0
    assert (state / "live.db").exists()


def test_the_emergency_card_divides_by_five(hedgetui):
    hedgetui("vega", "enter", 1, "--lots", 10, "--yes")
    card = hedgetui("vega", "emergency").out
    assert "÷ 5 =" in card
    assert "type into TWS" in card
    assert hedgetui("vega", "emergency", "--json").json["lines"] == card.splitlines()


# --- the journal -----------------------------------------------------------------------------


@pytest.fixture
def db(hedgetui, tmp_path):
    path = tmp_path / "x.db"
    words = ("run", "--headless", "--for", "5m", "--scenario", "demo", "--db", path)
    assert hedgetui(*words).code == 0
    return path


def tamper(path, sql):
    """Change a row as somebody with the file in hand could: past the triggers."""
    with sqlite3.connect(path) as connection:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(sql)
        for _, text in triggers:
            connection.execute(text)
    connection.close()


def test_tail_and_export_agree(hedgetui, db):
    rows = hedgetui("--db", db, "journal", "export").lines
    assert hedgetui("--db", db, "journal", "tail", "-n", 3, "--json").lines == rows[-3:]
    table = list(
        csv.DictReader(io.StringIO(hedgetui("--db", db, "journal", "export", "--csv").out))
    )
    assert [row["hash"] for row in table] == [row["hash"] for row in rows]
    words = hedgetui("--db", db, "journal", "tail", "-n", 2).out.splitlines()
    assert len(words) == 2
    assert "EngineStopped" in words[-1]
    assert hedgetui("--db", db, "journal", "tail", "-n", 0).code == 2


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET payload = replace(payload, 'SELL', 'BUY') WHERE kind = 'IntentRecorded'",
        "UPDATE events SET at = at + 1 WHERE seq = 3",
        "DELETE FROM events WHERE seq = 5",
        "UPDATE events SET payload = 'no json' WHERE seq = 4",
        "UPDATE events SET payload = '[]' WHERE seq = 4",
        "UPDATE events SET at = 'noon' WHERE seq = 4",
        "UPDATE intents SET filled = 3",
    ],
)
def test_a_tampered_journal_is_found(hedgetui, db, sql):
    tamper(db, sql)
    ended = hedgetui("--db", db, "journal", "verify", "--json")
    assert ended.code == 1
    assert ended.json["violations"] == len(ended.json["found"]) >= 1
    assert "seq" in hedgetui("--db", db, "journal", "verify").out
    assert hedgetui("--db", db, "doctor").code == 1
    for words in (("tail", "-n", "999"), ("export",), ("export", "--csv"), ("tail", "--json")):
        shown = hedgetui("--db", db, "journal", *words)
        assert shown.code in {0, 1}, words
        assert "defect" not in shown.err, words


def test_a_run_on_a_tampered_journal_is_refused(hedgetui, db):
    tamper(db, "UPDATE events SET at = at + 1 WHERE seq = 3")
    ended = hedgetui("run", "--headless", "--for", "5s", "--db", db, "--json")
    assert (ended.code, ended.error["code"]) == (1, "store_corrupt")


def test_no_journal_no_crash(hedgetui, tmp_path):
    for verb in ("tail", "verify", "export"):
        ended = hedgetui("--db", tmp_path / "none.db", "journal", verb, "--json")
        assert (ended.code, ended.error["code"]) == (1, "store")
        assert not (tmp_path / "none.db").exists()


# --- the settings ----------------------------------------------------------------------------


def test_init_writes_once(hedgetui, tmp_path):
    file = tmp_path / "new" / "c.toml"
    assert "missing" not in hedgetui("--config", file, "config", "path").out
    assert not hedgetui("--config", file, "config", "path", "--json").json["exists"]
    assert hedgetui("--config", file, "config", "init").out == f"{file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = file.read_bytes()
    file.write_bytes(written + b"# mine\n")
    again = hedgetui("--config", file, "config", "init", "--json")
    assert (again.code, file.read_bytes()) == (2, written + b"# mine\n")
    assert hedgetui("--config", file, "config", "validate").out == f"ok: {file}, profile sim\n"
    other = tmp_path / "other.toml"
    assert hedgetui("--config", other, "config", "init", "--json").json == {"written": str(other)}


def test_path_without_a_file_says_so(hedgetui, write_config):
    ended = hedgetui("config", "path")
    assert (ended.code, "packaged defaults" in ended.err) == (0, True)
    file = write_config("")
    assert hedgetui("config", "path", "--json").json == {"path": str(file), "exists": True}
    assert hedgetui("config", "validate", "--json").json["file"] == str(file)


def test_show_masks_accounts(hedgetui, write_config):
    write_config('[profile.paper]\naccount = "DU7654321"\n[vega]\nmax_delta = 12.5\n').chmod(0o600)
    for words in (("config", "show"), ("config", "show", "--json")):
        shown = hedgetui("--profile", "paper", *words).out
        assert "7654321" not in shown
        assert "DU•••4321" in shown
        assert "12.5" in shown
    assert "from " in hedgetui("config", "show").out


def test_keys_are_a_table(hedgetui):
    rows = hedgetui("keys", "--json").json
    assert all(set(row) == {"id", "keys", "title"} for row in rows)
    assert rows[0]["id"] in hedgetui("keys").out


# --- the doctor ------------------------------------------------------------------------------

NAMES = {
    "program", "packages", "terminal", "encoding", "colours", "config", "files", "database",
    "portfolio", "console", "broker", "clock", "MT5",
}  # fmt: skip


def doctor(hedgetui, *words):
    ended = hedgetui(*words, "doctor", "--json")
    return ended.code, {line["name"]: line for line in ended.json}


def test_a_healthy_desk(hedgetui, state):
    code, lines = doctor(hedgetui)
    assert code == 0
    assert set(lines) == NAMES
    assert "first start" in lines["database"]["detail"]
    assert not state.exists(), "looks and changes nothing"
    hedgetui("vega", "scan")
    code, lines = doctor(hedgetui)
    assert (code, set(lines)) == (0, NAMES | {"disk"})
    assert "chain and invariants hold" in lines["database"]["detail"]
    words = hedgetui("doctor").out.splitlines()
    assert len(words) == len(lines)
    assert all(line["fix"] for line in lines.values() if line["status"] != "ok")


def test_what_the_doctor_finds(hedgetui, state, write_config, monkeypatch):
    hedgetui("vega", "scan")
    state.chmod(0o755)
    (state / "sim.db").chmod(0o644)
    write_config("").chmod(0o666)
    code, lines = doctor(hedgetui)
    assert code == 0
    assert lines["files"]["fix"] == f"chmod 700 {state}"
    assert lines["database"]["fix"] == f"chmod 600 {state / 'sim.db'}"
    assert "others may change it" in lines["config"]["detail"]
    monkeypatch.setenv("TERM", "vt100")
    assert doctor(hedgetui)[1]["colours"]["status"] == "warn"
    monkeypatch.setenv("COLORTERM", "truecolor")
    assert doctor(hedgetui)[1]["colours"]["detail"] == "16 million"
    monkeypatch.setenv("NO_COLOR", "1")
    assert doctor(hedgetui)[1]["colours"]["status"] == "ok"
    code, lines = doctor(hedgetui, "--profile", "paper")
    assert (code, lines["broker"]["status"], lines["clock"]["status"]) == (1, "fail", "warn")
    (state / "sim.db").write_bytes(b"rubbish" * 1_000)
    code, lines = doctor(hedgetui)
    assert (code, lines["database"]["status"]) == (1, "fail")
    write_config("[vega]\nmax_dleta = 1.0\nratoi = 2\n")
    code, lines = doctor(hedgetui)
    assert (code, lines["config"]["status"]) == (1, "fail")
    assert "max_dleta" in lines["config"]["detail"]
    assert "; " in lines["config"]["detail"]


def test_the_doctor_on_sockets(hedgetui, tmp_path):
    db = tmp_path / "x.db"
    (tmp_path / "x.sock").write_text("")
    (tmp_path / "x.sock").chmod(0o600)
    assert "none is running" in doctor(hedgetui, "--db", db)[1]["console"]["detail"]
    (tmp_path / "x.sock").chmod(0o666)
    code, lines = doctor(hedgetui, "--db", db)
    assert (code, lines["console"]["status"]) == (1, "fail")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_the_doctor_on_what_may_not_be_written(hedgetui, state):
    hedgetui("vega", "scan")
    (state / "sim.db").chmod(0o400)
    state.chmod(0o500)
    code, lines = doctor(hedgetui)
    state.chmod(0o700)
    assert (code, lines["files"]["status"], lines["database"]["status"]) == (1, "fail", "fail")


@pytest.mark.parametrize(
    ("columns", "rows", "status", "words"),
    [(80, 24, "ok", "80x24"), (60, 20, "ok", "the narrow screen"), (20, 5, "warn", "20x5")],
)
def test_the_doctor_in_a_terminal(hedgetui, monkeypatch, columns, rows, status, words):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(rows))
    line = doctor(hedgetui)[1]["terminal"]
    assert (line["status"], words in line["detail"]) == (status, True)


# --- the study -------------------------------------------------------------------------------

STUDY = {
    "days", "trades", "hedge_orders", "pnl_options", "pnl_hedge", "fees", "var_hedged",
    "var_unhedged", "max_excess_contracts",
}  # fmt: skip


@pytest.fixture
def chain(tmp_path):
    """Thirty days of one SPX expiry, priced by Black-76 at 20 %, drifting up and down."""
    file = tmp_path / "chain.csv"
    start, expiry = date(2025, 3, 3), date(2025, 4, 17)
    lines = ["underlying,underlying_last,type,expiration,quotedate,strike,bid,ask"]
    for offset in (n for n in range(42) if (start + timedelta(n)).weekday() < 5):
        day = start + timedelta(offset)
        spot = 5_400.0 + 120.0 * math.sin(offset / 4)
        years = (expiry - day).days / 365
        for strike in range(4_600, 6_201, 25):
            for kind, sign in (("call", 1.0), ("put", -1.0)):
                price = float(black76.price(spot, np.array([float(strike)]), years, 0.2, sign)[0])
                bid, ask = max(0.0, price - 0.2), price + 0.2
                lines.append(f"SPX,{spot:.2f},{kind},{expiry},{day},{strike},{bid:.2f},{ask:.2f}")
    file.write_text("\n".join(lines) + "\n")
    return file


def test_shape_of_a_study(hedgetui, chain):
    ended = hedgetui("vega", "study", "--chain", chain, "--json")
    assert ended.code == 0
    found = ended.json
    assert set(found) == STUDY
    assert (found["days"], found["trades"] >= 1) == (30, True)
    assert found["max_excess_contracts"] <= 0.5
    assert found["var_hedged"] < found["var_unhedged"]
    words = hedgetui("vega", "study", "--chain", chain).out
    assert "hedged over unhedged" in words
    assert " MES " in words
    assert "var_hedged" in words
