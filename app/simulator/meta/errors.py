"""Meta's error codes, each with its HTTP status and words, and their JSON form.

The numbers are Meta's; which HTTP status goes with which is known for some only.
"""

from __future__ import annotations

import secrets
from typing import Any

from app.simulator.wire import Answer, json_answer

#: code: (HTTP status, title, details)
ERRORS: dict[int, tuple[int, str, str]] = {
    0: (401, "AuthException", "The app user could not be authenticated."),
    1: (500, "API Unknown", "Invalid request or possible server error."),
    2: (503, "API Service", "Temporary due to downtime or due to being overloaded."),
    4: (429, "Application request limit reached", "The app has reached its limit."),
    10: (403, "Permission Denied", "Permission is either not granted or removed."),
    100: (400, "Invalid parameter", "The request has a parameter that is not valid."),
    190: (401, "Access token has expired", "The access token has expired."),
    368: (403, "Temporarily blocked for policies violations", "Policy violation."),
    80007: (429, "Rate limit issues", "The business account has reached its limit."),
    130429: (
        429,
        "Rate limit hit",
        (
            "Message failed to send because there were too many messages sent from this"
            " phone number in a short period of time."
        ),
    ),
    130472: (400, "User's number is part of an experiment", "Message was not sent."),
    131000: (500, "Something went wrong", "Message failed due to an unknown error."),
    131005: (403, "Access denied", "Permission is either not granted or removed."),
    131008: (400, "Required parameter is missing", "A parameter is missing."),
    131009: (400, "Parameter value is not valid", "A parameter value is not valid."),
    131016: (500, "Service unavailable", "A service is temporarily unavailable."),
    131021: (400, "Recipient cannot be sender", "Sender and recipient are the same."),
    131026: (400, "Message undeliverable", "Message Undeliverable."),
    131030: (
        400,
        "Recipient phone number not in allowed list",
        "Add recipient phone number to recipient list and try again.",
    ),
    131047: (
        400,
        "Re-engagement message",
        (
            "Message failed to send because more than 24 hours have passed since the"
            " customer last replied to this number."
        ),
    ),
    131048: (429, "Spam rate limit hit", "Too many messages were blocked or flagged."),
    131050: (400, "User has stopped marketing messages", "The user opted out."),
    131051: (400, "Message type unknown", "Unsupported message type."),
    131056: (
        429,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Too many messages to the same recipient in a short period of time.",
    ),
    132000: (400, "Number of parameters does not match", "Template parameters differ."),
    132001: (
        404,
        "Template name does not exist in the translation",
        "The template does not exist in the language or was not approved.",
    ),
    132015: (400, "Template is Paused", "The template is paused for low quality."),
    133010: (400, "Phone number not registered", "Account not registered."),
    135000: (400, "Generic user error", "Message failed because of an unknown error."),
}
#: What a bare HTTP status means; others come from a gateway, as a page.
_BY_STATUS = {400: 100, 401: 190, 403: 10, 404: 132001, 429: 130429, 500: 131000}
_BY_STATUS |= {503: 2}
#: Codes that Meta marks as passing by themselves.
_TRANSIENT = {1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056}


def error_answer(
    code: int, *, status: int | None = None, details: str | None = None
) -> Answer:
    """Answer with one of Meta's errors."""
    usual_status, title, usual_details = ERRORS.get(code, (400, "Error", "Error."))
    told = {
        "message": f"(#{code}) {title}",
        "error_data": {
            "messaging_product": "whatsapp",
            "details": details or usual_details,
        },
        "is_transient": code in _TRANSIENT,
    }
    return _answer(code, status=status or usual_status, **told)


def bad_parameter(sentence: str) -> Answer:
    """Answer that a parameter is missing or wrong."""
    return _answer(100, status=400, message=f"(#100) {sentence}")


def unauthenticated(*, has_token: bool) -> Answer:
    """Answer a request without a token, or with one that is not known."""
    if has_token:
        message = "Invalid OAuth access token - Cannot parse access token"
        return _answer(190, status=401, message=message)
    return _answer(0, status=401, message="Authentication Error")


def unknown_object(name: str) -> Answer:
    """Answer that there is no such phone number id."""
    message = (
        f"Unsupported post request. Object with ID '{name}' does not exist, cannot be"
        " loaded due to missing permissions, or does not support this operation."
    )
    return _answer(
        100,
        status=400,
        message=message,
        type="GraphMethodException",
        error_subcode=33,
    )


def ordered_error(*, status: int | None, code: int | None) -> Answer:
    """Word an error of which only the HTTP status or the code was ordered."""
    status = status if status or code is not None else 503
    known = code if code is not None else _BY_STATUS.get(status or 0)
    if known is not None:
        return error_answer(known, status=status)
    page = f"<html><head><title>{status}</title></head><body></body></html>"
    return Answer(
        status=status or 503,
        body=page.encode(),
        headers={"Content-Type": "text/html"},
    )


def _answer(code: int, *, status: int, **told: Any) -> Answer:
    traced = {"fbtrace_id": f"A{secrets.token_urlsafe(16)}"}
    error = {"type": "OAuthException", "code": code, **told, **traced}
    return json_answer(status, {"error": error})
