"""Meta's error codes as a table: what each means for us, and how a person reads it.

Read by `meta.py` for answers and by whoever judges Meta's receipts. Meta asks to build
on the code alone; one that is missing here is judged by the HTTP status.
https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
"""

from __future__ import annotations

from datetime import timedelta

from app.channels.base import Verdict
from app.domain.outcomes import Fault, Result

#: The same customer takes about one message in six seconds.
ONE_CUSTOMER = timedelta(seconds=6)
#: Meta's limits for marketing and for spam open again within a day: ask once an hour.
LONG = timedelta(hours=1)

_TRANSIENT = Result.TRANSIENT
_RECIPIENT = Result.PERMANENT_RECIPIENT
_CONTENT = Result.PERMANENT_CONTENT
_SUPPRESSED = Result.SUPPRESSED
_CONFIG = Result.CONFIG
_DOWN = Fault.DOWN
_REFUSED = Fault.REFUSED
_LIMITED = Fault.LIMITED

#: Permissions are refused with any of these.
_PERMISSION = Verdict(_CONFIG, "the WhatsApp token may not send messages", _REFUSED)

META_CODES: dict[int, Verdict] = {
    # The token and what it may do
    0: Verdict(_CONFIG, "Meta refused the WhatsApp token", _REFUSED),
    190: Verdict(_CONFIG, "the WhatsApp token is not valid or has expired", _REFUSED),
    3: _PERMISSION,
    10: _PERMISSION,
    **dict.fromkeys(range(200, 300), _PERMISSION),
    131005: _PERMISSION,
    # Meta itself
    1: Verdict(_TRANSIENT, "Meta has an internal error", _DOWN),
    2: Verdict(_TRANSIENT, "Meta is not available just now", _DOWN),
    131000: Verdict(_TRANSIENT, "Meta has an internal error", _DOWN),
    131016: Verdict(_TRANSIENT, "Meta is not available just now", _DOWN),
    135000: Verdict(_TRANSIENT, "Meta could not take the message", _DOWN),
    # Limits
    4: Verdict(_TRANSIENT, "Meta asks us to send more slowly", _LIMITED),
    80007: Verdict(_TRANSIENT, "Meta asks us to send more slowly", _LIMITED),
    130429: Verdict(_TRANSIENT, "Meta asks us to send more slowly", _LIMITED),
    131048: Verdict(
        _TRANSIENT, "too many of our messages were blocked as spam", _LIMITED, LONG
    ),
    131056: Verdict(
        _TRANSIENT,
        "too many messages went to this customer at once",
        retry_after=ONE_CUSTOMER,
    ),
    131049: Verdict(
        _CONTENT, "Meta holds back marketing messages to this customer for a day"
    ),
    # The message
    100: Verdict(_CONTENT, "Meta refused a part of the message"),
    131008: Verdict(_CONTENT, "Meta misses a part of the message"),
    131009: Verdict(_CONTENT, "Meta cannot read a part of the message"),
    131051: Verdict(_CONTENT, "Meta does not know this type of message"),
    131052: Verdict(_CONTENT, "Meta cannot fetch the picture"),
    131053: Verdict(_CONTENT, "Meta cannot take the picture"),
    # The recipient
    131021: Verdict(_RECIPIENT, "the recipient is our own number"),
    131026: Verdict(_RECIPIENT, "the number cannot receive WhatsApp messages"),
    131062: Verdict(_RECIPIENT, "the customer hides the number from such messages"),
    130472: Verdict(_RECIPIENT, "Meta holds back messages to this customer for a test"),
    131050: Verdict(_SUPPRESSED, "the customer has stopped our marketing messages"),
    # The 24-hour window and templates
    131047: Verdict(
        _CONTENT, "WhatsApp wants a template: the customer did not write within 24 h"
    ),
    132000: Verdict(_CONTENT, "the WhatsApp template has another number of variables"),
    132001: Verdict(_CONTENT, "there is no such WhatsApp template in this language"),
    132005: Verdict(_CONTENT, "the WhatsApp template is too long when it is filled"),
    132007: Verdict(_CONTENT, "the WhatsApp template breaks Meta's rules"),
    132008: Verdict(_CONTENT, "a variable of the WhatsApp template is missing"),
    132012: Verdict(_CONTENT, "a variable of the WhatsApp template has another form"),
    132015: Verdict(_CONTENT, "WhatsApp has paused the template"),
    132016: Verdict(_CONTENT, "WhatsApp has disabled the template"),
    # The account
    368: Verdict(_CONFIG, "Meta has blocked the account for a while", _REFUSED),
    130497: Verdict(_CONFIG, "the account may not message this country"),
    131030: Verdict(_CONFIG, "a WhatsApp test number sends to listed numbers only"),
    131031: Verdict(_CONFIG, "Meta has locked the WhatsApp account", _REFUSED),
    131037: Verdict(
        _CONFIG, "the WhatsApp sender's display name is not approved", _REFUSED
    ),
    131042: Verdict(_CONFIG, "Meta cannot bill the WhatsApp account", _REFUSED),
    131045: Verdict(_CONFIG, "the WhatsApp sender is not registered", _REFUSED),
    131057: Verdict(_CONFIG, "the WhatsApp account is under maintenance", _REFUSED),
    131064: Verdict(_CONFIG, "Meta limits the account for wrong templates", _REFUSED),
    133016: Verdict(_CONFIG, "the sender was registered too often", _REFUSED),
}
