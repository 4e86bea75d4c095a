"""Every answer a server may give has one meaning; a strange one means that nobody knows."""

from __future__ import annotations

import pytest

from hedgetui.domain.mt5.records import Answered, NotSent, Silent, Ticket
from hedgetui.domain.mt5.retcodes import CODES, Meaning, judge

M = Meaning
TABLE = {
    M.DONE: [10009],
    M.PLACED: [10008],
    M.PARTIAL: [10010],
    M.NO_CHANGES: [10025],
    M.REQUOTE: [10004, 10020, 10021],
    M.UNCLEAR: [10006, 10007, 10011, 10012, 10023, 10028, 10031, 10039],
    M.TOO_MANY: [10024],
    M.FROZEN: [10029],
    M.STALE_VIEW: [10014, 10038],
    M.GONE: [10036],
    M.BAD_LEVEL: [10015, 10016],
    M.BAD_FILL: [10030],
    M.NO_MONEY: [10019],
    M.MARKET_CLOSED: [10018],
    M.PERMISSION: [10017, 10026, 10027, 10032],
    M.LIMITS: [10033, 10034, 10040],
    M.RULE: [10042, 10043, 10044, 10045, 10046],
    M.BUG: [10013, 10022, 10035, 10041],
}


def answered(code, comment=""):
    """Return an answer with a result object."""
    return Answered(code, Ticket(0), Ticket(0), 0.0, 0.0, comment)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "meaning"), [(code, meaning) for meaning, codes in TABLE.items() for code in codes]
)
def test_the_table(code, meaning):
    assert judge(answered(code)).meaning is meaning


def test_no_code_is_forgotten_and_every_class_but_one_has_a_code():
    assert {code for codes in TABLE.values() for code in codes} == set(CODES)
    assert set(Meaning) - set(TABLE) == {M.NOT_SENT}


@pytest.mark.parametrize("code", [0, -1, 10001, 10047, 99999])
def test_an_unknown_code_is_no_answer(code):
    judged = judge(answered(code))
    assert judged.meaning is M.UNCLEAR
    assert not judged.meaning.refused


def test_silence_is_never_a_refusal():
    judged = judge(Silent("timeout after 15 s"))
    assert (judged.meaning, judged.code) == (M.UNCLEAR, None)
    assert not judged.meaning.accepted
    assert not judged.meaning.refused
    assert not judged.retry_once


def test_a_request_that_never_left_is_refused():
    judged = judge(NotSent("bad argument"))
    assert judged.meaning is M.NOT_SENT
    assert judged.meaning.refused


def test_only_reject_and_locked_may_be_tried_again_once_proven_absent():
    assert {code for code in CODES if judge(answered(code)).retry_once} == {10006, 10028}


def test_accepted_refused_and_unclear_divide_the_meanings():
    accepted = {meaning for meaning in M if meaning.accepted}
    assert accepted == {M.DONE, M.PLACED, M.PARTIAL, M.NO_CHANGES}
    assert {meaning for meaning in M if not meaning.accepted and not meaning.refused} == {M.UNCLEAR}


def test_foreign_words_are_made_harmless():
    assert judge(answered(10019, "no\x1b[2Jmoney")).words == "10019 not enough money (no␛[2Jmoney)"
