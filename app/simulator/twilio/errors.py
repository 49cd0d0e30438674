"""Twilio's error codes, each with its HTTP status and words, and their JSON form.

The numbers are Twilio's, the words as near as they are known; `{}` stands for the
value that is complained of. Used by `api.py` and `rules.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.simulator.wire import Answer, json_answer

#: code: (HTTP status, message)
ERRORS: dict[int, tuple[int, str]] = {
    20001: (400, "Bad request"),
    20003: (401, "Authenticate"),
    20403: (403, "Forbidden"),
    20404: (404, "The requested resource {} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service Unavailable"),
    21211: (400, "Invalid 'To' Phone Number: {}"),
    21212: (400, "Invalid From Number (caller ID): {}"),
    21265: (400, "'To' number cannot be a Short Code: {}"),
    21408: (
        400,
        (
            "Permission to send an SMS has not been enabled for the region indicated"
            " by the 'To' number: {}"
        ),
    ),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (
        400,
        (
            "The From phone number {} is not a valid, SMS-capable inbound phone number"
            " or short code for your account."
        ),
    ),
    21608: (
        400,
        (
            "The number {} is unverified. Trial accounts cannot send messages to"
            " unverified numbers"
        ),
    ),
    21609: (400, "The 'StatusCallback' URL {} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (
        429,
        "This 'From' number has exceeded the maximum number of queued messages",
    ),
    21612: (
        400,
        "The 'To' phone number: {}, is not currently reachable via SMS or MMS",
    ),
    21614: (400, "'To' number is not a valid mobile number: {}"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21619: (400, "A text message body or media urls must be specified."),
    21620: (400, "Invalid media URL(s)"),
    21623: (400, "Number of media files exceeds allowed limit"),
    21635: (400, "'To' number cannot be a landline: {}"),
    21654: (400, "ContentSid Required"),
    21656: (400, "The Content Variables parameter is invalid."),
    21659: (
        400,
        "'From' {} is not a Twilio phone number or Short Code country mismatch",
    ),
    21703: (404, "The Messaging Service does not contain a phone number: {}"),
    21705: (400, "The Messaging Service Sid {} is invalid."),
    21910: (
        400,
        "Invalid From and To pair. From and To should be of the same channel",
    ),
    63007: (
        400,
        "Twilio could not find a Channel with the specified From address",
    ),
    63018: (429, "Rate limit exceeded for Channel"),
}
#: What a bare HTTP status means; others come from a gateway, as a page.
_BY_STATUS = {400: 20001, 401: 20003, 403: 20403, 404: 20404, 429: 20429, 500: 20500}
_BY_STATUS |= {503: 20503}


def error_answer(code: int, about: str = "", *, status: int | None = None) -> Answer:
    """Answer with one of Twilio's errors."""
    usual_status, message = ERRORS.get(code, (400, "Bad request"))
    return _answer(code, message.format(about), status=status or usual_status)


def unauthenticated(*, has_credentials: bool) -> Answer:
    """Answer a request without credentials, or with wrong ones."""
    challenge = {"WWW-Authenticate": 'Basic realm="Twilio API"'}
    if has_credentials:
        return _answer(20003, "Authenticate", status=401, headers=challenge)
    message = "Authentication Error - No credentials provided"
    return _answer(20003, message, status=401, headers=challenge)


def ordered_error(*, status: int | None, code: int | None) -> Answer:
    """Word an error of which only the HTTP status or the code was ordered."""
    status = status if status or code else 503
    known = code or _BY_STATUS.get(status or 0)
    if known is not None:
        return error_answer(known, status=status)
    page = f"<html><head><title>{status}</title></head><body></body></html>"
    return Answer(
        status=status or 503,
        body=page.encode(),
        headers={"Content-Type": "text/html"},
    )


def _answer(
    code: int,
    message: str,
    *,
    status: int,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    content = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return json_answer(status, content, headers=headers)
