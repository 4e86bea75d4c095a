"""Every failure carries its exit code, as the command reference promises."""

from __future__ import annotations

import pytest

from hedgetui.domain.errors import (
    BrokerUnreachable,
    ConfigError,
    DataError,
    HedgetuiError,
    RiskRefused,
    StoreError,
    UsageError,
)


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [
        (HedgetuiError, 1),
        (StoreError, 1),
        (UsageError, 2),
        (ConfigError, 2),
        (DataError, 2),
        (BrokerUnreachable, 3),
        (RiskRefused, 4),
    ],
)
def test_exit_codes_are_the_documented_ones(kind: type[HedgetuiError], exit_code: int):
    assert kind("no").exit_code == exit_code


def test_codes_tell_the_kinds_apart():
    kinds = [HedgetuiError, *HedgetuiError.__subclasses__()]
    assert len({kind("no").code for kind in kinds}) == len(kinds)


def test_an_error_becomes_the_document_scripts_read():
    error = RiskRefused("6 contracts is over 5", hint="risk.max_order_contracts", code="G3")
    assert str(error) == "6 contracts is over 5"
    assert error.exit_code == 4
    assert error.as_document() == {
        "error": {
            "code": "G3",
            "message": "6 contracts is over 5",
            "hint": "risk.max_order_contracts",
        },
    }


def test_one_failure_may_choose_its_own_exit_code():
    assert HedgetuiError("interrupted", exit_code=130).exit_code == 130
