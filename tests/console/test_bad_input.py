"""Files, settings and folders that are not what they should be: words and an exit code."""

from __future__ import annotations

import gzip
import os
import socket
import sqlite3
import stat

import pytest

RUN = ("run", "--headless", "--for", "20s")


def test_an_unknown_key_names_file_line_key_and_nearest(hedgetui, write_config):
    file = write_config("[vega]\nmax_dleta = 5.0\n")
    ended = hedgetui("vega", "scan", "--json")
    assert (ended.code, ended.error["code"]) == (2, "config")
    for part in (f"{file}:2", "vega.max_dleta", "vega.max_delta"):
        assert part in ended.error["message"]


@pytest.mark.parametrize("value", ["nan", "inf", "-1.0", '"ten"'])
def test_a_threshold_that_is_no_number(hedgetui, write_config, value):
    write_config(f"[vega]\nmax_delta = {value}\n")
    ended = hedgetui(*RUN)
    assert ended.code == 2
    assert "vega.max_delta" in ended.err


def test_every_problem_of_a_file_has_its_line(hedgetui, write_config):
    write_config("[vega]\nmax_dleta = 5.0\nratoi = 1\n")
    err = hedgetui("config", "validate").err
    assert "max_dleta" in err
    assert "ratoi" in err


def test_other_ways_to_get_the_settings_wrong(hedgetui, monkeypatch):
    assert hedgetui("--config", "/nowhere/c.toml", "vega", "scan").code == 2
    assert hedgetui("--seed", "-1", "vega", "scan").code == 2
    assert hedgetui("--seed", "x", "vega", "scan").code == 2
    monkeypatch.setenv("HEDGETUI_SIMULATOR__SCENARIO", "crsh")
    ended = hedgetui("vega", "scan", "--json")
    assert (ended.code, "crash" in ended.error["hint"]) == (2, True)


@pytest.mark.parametrize("name", ["", "~nobody-of-that-name/x.db", "."])
def test_a_database_that_is_no_file_name(hedgetui, name):
    ended = hedgetui(*RUN, "--db", name, "--json")
    assert (ended.code, ended.error["code"]) == (2, "usage")


def test_a_corrupt_database_is_refused_and_untouched(hedgetui, tmp_path):
    db = tmp_path / "x.db"
    db.write_bytes(b"not a database, but long enough to look at" * 100)
    before = db.read_bytes()
    for words in (RUN, ("vega", "scan"), ("journal", "verify"), ("journal", "tail")):
        ended = hedgetui("--db", db, *words, "--json")
        assert (ended.code, ended.error["code"]) == (1, "store_corrupt"), words
    assert db.read_bytes() == before


def test_a_damaged_page_is_found(hedgetui, tmp_path):
    db = tmp_path / "x.db"
    hedgetui(*RUN, "--db", db)
    content = bytearray(db.read_bytes())
    content[5_000:9_000] = b"\xff" * 4_000
    db.write_bytes(content)
    assert hedgetui(*RUN, "--db", db, "--json").error["code"] == "store_corrupt"


def test_a_foreign_database_is_refused(hedgetui, tmp_path):
    db = tmp_path / "x.db"
    with sqlite3.connect(db) as foreign:
        foreign.execute("CREATE TABLE accounts (id)")
    foreign.close()
    ended = hedgetui(*RUN, "--db", db, "--json")
    assert (ended.code, ended.error["code"]) == (1, "store_foreign")


def test_the_journal_of_another_profile(hedgetui, tmp_path):
    db = tmp_path / "x.db"
    hedgetui("--profile", "paper", "--db", db, "freeze")
    ended = hedgetui(*RUN, "--db", db, "--json")
    assert (ended.code, ended.error["code"]) == (1, "store_profile")
    assert "paper" in ended.error["message"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(hedgetui, tmp_path):
    folder = tmp_path / "shut"
    folder.mkdir(mode=0o500)
    ended = hedgetui(*RUN, "--db", folder / "x.db", "--json")
    assert (ended.code, ended.error["code"]) == (1, "store_read_only")


def test_a_folder_that_is_a_file(hedgetui, tmp_path):
    (tmp_path / "file").write_text("in the way")
    ended = hedgetui(*RUN, "--db", tmp_path / "file" / "x.db", "--json")
    assert (ended.code, ended.error["code"]) == (1, "store_read_only")


def test_a_symbolic_link_is_not_followed(hedgetui, tmp_path):
    (tmp_path / "x.db").symlink_to(tmp_path / "elsewhere.db")
    ended = hedgetui(*RUN, "--db", tmp_path / "x.db", "--json")
    assert (ended.code, ended.error["code"]) == (1, "store_symlink")
    assert not (tmp_path / "elsewhere.db").exists()


HEAD = "underlying,quote_date,expiration,strike,right,bid,ask,spot\n"


def test_a_study_of_a_file_without_its_columns(hedgetui, tmp_path):
    file = tmp_path / "chain.csv"
    file.write_text("date,strike\n2025-01-02,500\n")
    ended = hedgetui("vega", "study", "--chain", file, "--json")
    assert (ended.code, ended.error["code"]) == (2, "data")
    assert "column" in ended.error["message"]
    assert "date, strike" in ended.error["hint"]


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b but not gzip", b"\xff\xfe\x00", b"\x00" * 9])
@pytest.mark.parametrize("name", ["chain.csv", "chain.csv.gz"])
def test_a_study_of_rubbish(hedgetui, tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    ended = hedgetui("vega", "study", "--chain", file, "--json")
    assert (ended.code, ended.error["code"]) == (2, "data")


def test_a_study_of_a_cut_archive(hedgetui, tmp_path):
    file = tmp_path / "chain.csv.gz"
    file.write_bytes(gzip.compress(HEAD.encode() * 500)[:-20])
    assert hedgetui("vega", "study", "--chain", file, "--json").error["code"] == "data"


@pytest.mark.parametrize(
    "words", [("--band", "nan"), ("--band", "0"), ("--lots", "0"), ("--lots", "1.5"), ()]
)
def test_a_study_asked_wrongly(hedgetui, tmp_path, words):
    chain = () if not words else ("--chain", tmp_path / "nowhere.csv")
    ended = hedgetui("vega", "study", *chain, *words, "--json")
    assert (ended.code, ended.error["code"]) == (2, "usage")
    assert hedgetui("vega", "study", "--chain", tmp_path / "nowhere.csv", "--json").code == 2


def test_what_a_start_creates_is_private(hedgetui, state):
    assert hedgetui("vega", "scan").code == 0
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    files = [path for path in state.iterdir() if path.is_file()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_socket_name_too_long_does_not_stop_a_run(hedgetui, tmp_path):
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    ended = hedgetui(*RUN, "--db", folder / "x.db")
    assert ended.code == 0
    assert "no control socket" in ended.err
    assert hedgetui("--db", folder / "x.db", "vega", "emergency").code == 0


def test_what_is_no_socket_is_not_deleted(hedgetui, tmp_path):
    (tmp_path / "x.sock").write_text("precious")
    ended = hedgetui(*RUN, "--db", tmp_path / "x.db")
    assert ended.code == 0
    assert "is no socket and stays as it is" in ended.err
    assert (tmp_path / "x.sock").read_text() == "precious"


def test_a_stale_socket_is_replaced(hedgetui, tmp_path):
    path = tmp_path / "x.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    ended = hedgetui(*RUN, "--db", tmp_path / "x.db")
    assert (ended.code, "socket" in ended.err) == (0, False)
    assert not path.exists()
