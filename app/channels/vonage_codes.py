"""Vonage's statuses as tables: what each means for us, and how a person reads it.

`VONAGE_STATUSES` are those of an answer (its HTTP status is always 200), read by
`vonage.py`; `VONAGE_ERRORS` the `err-code` of a receipt.
https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms
"""

from __future__ import annotations

from app.channels.base import Verdict
from app.domain.outcomes import Fault, Result

_TRANSIENT = Result.TRANSIENT
_RECIPIENT = Result.PERMANENT_RECIPIENT
_CONTENT = Result.PERMANENT_CONTENT
_CONFIG = Result.CONFIG
_REFUSED = Fault.REFUSED

VONAGE_STATUSES: dict[str, Verdict] = {
    # The way to Vonage
    "1": Verdict(_TRANSIENT, "Vonage asks us to send more slowly", Fault.LIMITED),
    "5": Verdict(_TRANSIENT, "Vonage has an internal error", Fault.DOWN),
    "10": Verdict(_TRANSIENT, "Vonage has too many connections of ours", Fault.LIMITED),
    # The words
    "2": Verdict(_CONTENT, "Vonage misses a part of the message"),
    "3": Verdict(_CONTENT, "Vonage cannot read a part of the message"),
    "12": Verdict(_CONTENT, "the message is too long"),
    "22": Verdict(_CONTENT, "Vonage does not know the network code"),
    "23": Verdict(_CONTENT, "Vonage refused the address for its receipts"),
    # The account
    "4": Verdict(_CONFIG, "Vonage refused the API key or secret", _REFUSED),
    "8": Verdict(_CONFIG, "the Vonage account is barred", _REFUSED),
    "9": Verdict(_CONFIG, "the Vonage account has no credit left", _REFUSED),
    "11": Verdict(_CONFIG, "the Vonage account may not send over HTTP", _REFUSED),
    "14": Verdict(_CONFIG, "Vonage refused our signature", _REFUSED),
    "15": Verdict(_CONFIG, "the Vonage sender is not allowed there"),
    "29": Verdict(_CONFIG, "a Vonage trial account sends to listed numbers only"),
    "32": Verdict(_CONFIG, "Vonage wants a secret or a signature, not both", _REFUSED),
    # The recipient
    "6": Verdict(_RECIPIENT, "the phone number cannot be reached"),
    "7": Verdict(_RECIPIENT, "the phone number is barred"),
    "33": Verdict(_RECIPIENT, "the phone number is not in use any more"),
}
#: Of receipts; any other code is judged by the receipt's status alone.
VONAGE_ERRORS: dict[str, Verdict] = {
    "1": Verdict(_TRANSIENT, "the carrier did not deliver, for an unknown reason"),
    "2": Verdict(_TRANSIENT, "the phone is switched off or out of reach"),
    "3": Verdict(_RECIPIENT, "the phone number does not exist any more"),
    "4": Verdict(Result.SUPPRESSED, "the customer has barred our messages"),
    "5": Verdict(_RECIPIENT, "the number has moved to another carrier"),
    "6": Verdict(_CONTENT, "the carrier filtered the message as spam"),
    "7": Verdict(_TRANSIENT, "the phone was busy"),
    "8": Verdict(_TRANSIENT, "the carrier's network failed"),
    "9": Verdict(_RECIPIENT, "the phone number is not valid"),
    "10": Verdict(_CONTENT, "the carrier refused the message's content"),
    "11": Verdict(_RECIPIENT, "there is no way to this phone number"),
    "12": Verdict(_RECIPIENT, "the phone could not be reached"),
    "13": Verdict(_CONTENT, "the carrier's age restriction stopped the message"),
    "14": Verdict(_RECIPIENT, "the carrier blocks messages to this number"),
    "15": Verdict(_RECIPIENT, "the customer's prepaid account is empty"),
    "99": Verdict(_TRANSIENT, "the carrier did not deliver, for an unknown reason"),
}
