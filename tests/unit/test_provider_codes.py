"""Every code of Vonage, Meta and Resend that is known, and what it means for us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from app.channels.base import Verdict
from app.channels.meta_codes import META_CODES
from app.channels.resend import RESEND_ERRORS
from app.channels.vonage_codes import VONAGE_ERRORS, VONAGE_STATUSES
from app.domain.outcomes import Result

PERMISSIONS = " ".join(map(str, range(200, 300)))
EXPECTED: list[tuple[Mapping[str, Verdict], dict[Result, str]]] = [
    (
        VONAGE_STATUSES,
        {
            Result.TRANSIENT: "1 5 10",
            Result.PERMANENT_CONTENT: "2 3 12 22 23",
            Result.CONFIG: "4 8 9 11 14 15 29 32",
            Result.PERMANENT_RECIPIENT: "6 7 33",
        },
    ),
    (
        VONAGE_ERRORS,
        {
            Result.TRANSIENT: "1 2 7 8 99",
            Result.SUPPRESSED: "4",
            Result.PERMANENT_CONTENT: "6 10 13",
            Result.PERMANENT_RECIPIENT: "3 5 9 11 12 14 15",
        },
    ),
    (
        {str(code): verdict for code, verdict in META_CODES.items()},
        {
            Result.CONFIG: f"""
                0 3 10 190 368 {PERMISSIONS} 130497 131005 131030 131031 131037 131042
                131045 131057 131064 133016
            """,
            Result.TRANSIENT: "1 2 4 80007 130429 131000 131016 131048 131056 135000",
            Result.PERMANENT_CONTENT: """
                100 131008 131009 131047 131049 131051 131052 131053 132000 132001
                132005 132007 132008 132012 132015 132016
            """,
            Result.PERMANENT_RECIPIENT: "130472 131021 131026 131062",
            Result.SUPPRESSED: "131050",
        },
    ),
    (
        RESEND_ERRORS,
        {
            Result.CONFIG: """
                missing_api_key restricted_api_key invalid_api_key
                invalid_from_address monthly_quota_exceeded
            """,
            Result.PERMANENT_CONTENT: """
                validation_error missing_required_field invalid_attachment
                invalid_idempotency_key invalid_idempotent_request
            """,
            Result.TRANSIENT: """
                concurrent_idempotent_requests rate_limit_exceeded daily_quota_exceeded
            """,
        },
    ),
]


def cases() -> Iterator[tuple[Mapping[str, Verdict], str, Result]]:
    for table, by_result in EXPECTED:
        for result, codes in by_result.items():
            for code in codes.split():
                yield table, code, result


@pytest.mark.parametrize(("table", "code", "result"), list(cases()))
def test_each_code_has_its_meaning(
    table: Mapping[str, Verdict], code: str, result: Result
) -> None:
    assert table[code].result is result


@pytest.mark.parametrize(("table", "by_result"), EXPECTED)
def test_no_code_is_left_out(
    table: Mapping[str, Verdict], by_result: dict[Result, str]
) -> None:
    assert set(table) == set(" ".join(by_result.values()).split())
