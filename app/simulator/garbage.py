"""Answers that are none: what proxies, broken gateways and attackers send as a 200.

One function per word of a `garbage` fault's `body`; called by `reception.py`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from app.simulator.wire import Answer, read_json

#: Bytes of the answer that never seems to end, and of the one that swells.
HUGE = 10 * 1024 * 1024
BOMB = 64 * 1024 * 1024
#: Brackets enough to exhaust a recursive JSON parser.
NESTED = 100_000

_HTML = (
    b"<!doctype html><title>Welcome</title><h1>Please sign in to the guest Wi-Fi</h1>"
)
_ID_NAMES = {"sid", "uri", "messages", "id"}


def _html(answer: Answer) -> Answer:
    return _with(answer, _HTML, content_type="text/html; charset=utf-8")


def _truncated_json(answer: Answer) -> Answer:
    return _with(answer, answer.body[: len(answer.body) // 2])


def _wrong_types(answer: Answer) -> Answer:
    return _with(answer, json.dumps(_otherwise(read_json(answer.body))).encode())


def _missing_id(answer: Answer) -> Answer:
    content = read_json(answer.body)
    kept = {k: v for k, v in content.items() if k not in _ID_NAMES}
    return _with(answer, json.dumps(kept).encode())


def _empty(answer: Answer) -> Answer:
    return _with(answer, b"")


def _huge(answer: Answer) -> Answer:
    return _with(answer, b'{"sid":"' + b"x" * HUGE + b'"}')


def _gzip_bomb(answer: Answer) -> Answer:
    bomb = _with(answer, _bomb())
    return replace(bomb, headers={**bomb.headers, "Content-Encoding": "gzip"})


def _not_utf8(answer: Answer) -> Answer:
    return _with(answer, b'{"sid":"\xff\xfe\xc3\x28"}')


def _nested(answer: Answer) -> Answer:
    return _with(answer, b"[" * NESTED + b"]" * NESTED)


def _cut_short(answer: Answer) -> Answer:
    promised = {"Content-Length": str(2 * len(answer.body)), "Connection": "close"}
    return replace(answer, headers={**answer.headers, **promised})


#: What a `garbage` fault may order, by the word in its `body`; html if it says none.
GARBAGE: dict[str, Callable[[Answer], Answer]] = {
    "html": _html,
    "truncated_json": _truncated_json,
    "wrong_types": _wrong_types,
    "missing_id": _missing_id,
    "empty": _empty,
    "huge": _huge,
    "gzip_bomb": _gzip_bomb,
    "not_utf8": _not_utf8,
    "nested": _nested,
    "cut_short": _cut_short,
}


def _with(
    answer: Answer, body: bytes, *, content_type: str = "application/json"
) -> Answer:
    headers = {**answer.headers, "Content-Type": content_type}
    return replace(answer, body=body, headers=headers)


def _otherwise(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _otherwise(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return {"0": [_otherwise(inner) for inner in value]}
    return [value] if isinstance(value, str) else str(value)


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(BOMB), compresslevel=9)
