"""Three levels of policy, and what is refused with key and reason."""

from __future__ import annotations

import pytest

from hedgetui.domain.tails import facts as tf
from hedgetui.domain.tails.checks import objection
from hedgetui.domain.tails.model import Key, Mode, Policy
from hedgetui.domain.tails.policy import CAUTIOUS, Levels, Override
from tests.tails.tails_stage import AUTO_51, BEANS, CORN, Book

SELL_30 = Override(Mode.SELL, 30)


def setting(scope="key", key=CORN, **values):
    fields = {"mode": None, "threshold_pct": None, "ticks_into_market": None} | values
    return tf.PolicySet(scope, key if scope == "key" else None, **fields, by="you")


def test_the_narrower_level_wins_value_by_value():
    levels = Levels(
        Policy(Mode.MANUAL, 60, 1), {"CBOT": Override(Mode.SELL)}, {CORN: Override(None, 75)}
    )
    assert levels.policy(CORN) == Policy(Mode.SELL, 75, 1)
    assert levels.policy(BEANS) == Policy(Mode.SELL, 60, 1)
    assert Levels().policy(CORN) == CAUTIOUS, "nothing configured places nothing"


def test_a_person_changes_one_value_and_the_others_stay():
    book = Book(levels=Levels(AUTO_51, keys={CORN: Override(threshold_pct=100)}))
    book.tell(setting(mode=Mode.SELL))
    assert book.ledger.policy(CORN) == Policy(Mode.SELL, 100)
    book.tell(setting(ticks_into_market=2))
    assert book.ledger.policy(CORN) == Policy(Mode.SELL, 100, 2)
    assert book.ledger.policy(BEANS) == AUTO_51
    book.tell(setting("exchange:CBOT", threshold_pct=80), setting("instance", mode=Mode.BUY))
    assert book.ledger.policy(BEANS) == Policy(Mode.BUY, 80)
    assert book.ledger.policy(CORN) == Policy(Mode.SELL, 100, 2)


@pytest.mark.parametrize(
    ("levels", "named"),
    [
        (Levels(Policy(Mode.AUTO, 50)), "instance: auto"),
        (Levels(AUTO_51, {"CBOT": Override(threshold_pct=50)}), "exchange:CBOT: auto"),
        (Levels(AUTO_51, keys={CORN: Override(threshold_pct=30)}), "PSHAOTCHMS ZC 202512: auto"),
        (Levels(Policy(Mode.SELL, 30), keys={CORN: Override(Mode.AUTO)}), "PSHAOTCHMS ZC 202512:"),
        (Levels(Policy(Mode.SELL, 0)), "instance: threshold 0 %"),
        (Levels(Policy(Mode.SELL, 30, -1)), "instance: ticks_into_market"),
    ],
)
def test_a_level_that_would_oscillate_is_refused_by_its_name(levels, named):
    assert levels.objection().startswith(named)


def test_sell_thirty_is_accepted():
    assert Levels(AUTO_51, keys={CORN: SELL_30}).objection() == ""


def test_a_change_that_makes_another_level_illegal_names_it():
    book = Book(levels=Levels(Policy(Mode.SELL, 30), keys={BEANS: Override(Mode.MANUAL)}))
    assert objection(book.ledger, setting("instance", mode=Mode.AUTO)).startswith("instance: auto")
    assert objection(book.ledger, setting(mode=Mode.AUTO)).startswith(str(CORN))
    assert objection(book.ledger, setting(mode=Mode.AUTO, threshold_pct=51)) == ""
    assert objection(book.ledger, setting(key=BEANS, threshold_pct=1)) == ""


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (setting("exchange:XXX", mode=Mode.SELL), "scope:"),
        (setting("planet", mode=Mode.SELL), "scope:"),
        (setting(key=None, mode=Mode.SELL), "key:"),
        (setting(key=Key("A", "ZZ 202512"), mode=Mode.SELL), "contract:"),
        (setting(threshold_pct=101), "PSHAOTCHMS ZC 202512: threshold 101 %"),
    ],
)
def test_a_scope_that_is_not_there_is_refused(event, field):
    book = Book()
    assert objection(book.ledger, event).startswith(field)
