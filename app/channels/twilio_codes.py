"""Twilio's error codes as a table: what each means for us, and how a person reads it.

Read by `twilio.py` for answers, and by whoever judges Twilio's receipts. Twilio says
that codes change, so nothing but this table knows them; a code that is missing here is
judged by its HTTP status.
"""

from __future__ import annotations

from datetime import timedelta

from app.channels.base import Verdict
from app.domain.outcomes import Fault, Result

#: A daily limit opens again at midnight somewhere: ask once an hour.
DAILY = timedelta(hours=1)


_TRANSIENT = Result.TRANSIENT
_RECIPIENT = Result.PERMANENT_RECIPIENT
_CONTENT = Result.PERMANENT_CONTENT
_SUPPRESSED = Result.SUPPRESSED
_CONFIG = Result.CONFIG
_DOWN = Fault.DOWN
_REFUSED = Fault.REFUSED
_LIMITED = Fault.LIMITED

TWILIO_CODES: dict[int, Verdict] = {
    # The account and its limits
    20003: Verdict(
        _CONFIG, "Twilio refused the account SID or the auth token", _REFUSED
    ),
    20404: Verdict(_CONFIG, "Twilio knows no such account or address", _REFUSED),
    20429: Verdict(_TRANSIENT, "Twilio asks us to send more slowly", _LIMITED),
    20500: Verdict(_TRANSIENT, "Twilio has an internal error", _DOWN),
    20503: Verdict(_TRANSIENT, "Twilio is not available just now", _DOWN),
    14107: Verdict(_TRANSIENT, "Twilio asks us to send more slowly to this number"),
    21611: Verdict(_TRANSIENT, "the sender's queue at Twilio is full", _LIMITED),
    30001: Verdict(_TRANSIENT, "the sender's queue at Twilio is full", _LIMITED),
    30002: Verdict(_CONFIG, "the Twilio account is suspended", _REFUSED),
    # The recipient's number
    21211: Verdict(_RECIPIENT, "the phone number is not valid"),
    21265: Verdict(_RECIPIENT, "the phone number is a short code"),
    21612: Verdict(_RECIPIENT, "our sender cannot reach this phone number"),
    21614: Verdict(_RECIPIENT, "the phone number is not a mobile number"),
    21635: Verdict(_RECIPIENT, "the phone number is a landline"),
    21610: Verdict(_SUPPRESSED, "the customer has opted out of messages (STOP)"),
    # The words
    21602: Verdict(_CONTENT, "the message has no text"),
    21617: Verdict(_CONTENT, "the message is too long (more than 1,600 characters)"),
    21619: Verdict(_CONTENT, "the message has neither text nor picture"),
    21620: Verdict(_CONTENT, "the picture's address is not valid"),
    21654: Verdict(_CONTENT, "the template's variables came without a template"),
    21656: Verdict(_CONTENT, "the template's variables are not valid"),
    # Our sender, and what the account may do. No fault of the whole where Twilio says
    # it for some destinations only: a country, a short code abroad, A2P in the US.
    21212: Verdict(_CONFIG, "the Twilio sender is not valid", _REFUSED),
    21408: Verdict(_CONFIG, "the Twilio account may not send to this country"),
    21601: Verdict(_CONFIG, "the Twilio sender cannot send SMS", _REFUSED),
    21603: Verdict(_CONFIG, "no sender is set for Twilio", _REFUSED),
    21604: Verdict(_CONFIG, "Twilio was given no phone number to send to"),
    21606: Verdict(_CONFIG, "the sender is not a Twilio number of this account"),
    21608: Verdict(_CONFIG, "a Twilio trial account sends to verified numbers only"),
    21609: Verdict(_CONFIG, "Twilio refused the address for its receipts", _REFUSED),
    21659: Verdict(_CONFIG, "the sender is not a Twilio number of this account"),
    21660: Verdict(_CONFIG, "the sender belongs to another Twilio account", _REFUSED),
    21703: Verdict(_CONFIG, "the Twilio messaging service has no sender"),
    21704: Verdict(_CONFIG, "the Twilio messaging service has no sender", _REFUSED),
    21705: Verdict(_CONFIG, "the Twilio messaging service is not valid", _REFUSED),
    21910: Verdict(_CONFIG, "the Twilio sender is for another channel", _REFUSED),
    # The way to the handset
    30003: Verdict(_TRANSIENT, "the phone is switched off or out of reach"),
    30004: Verdict(_SUPPRESSED, "the customer or the carrier blocks our messages"),
    30005: Verdict(_RECIPIENT, "the phone number does not exist any more"),
    30006: Verdict(_RECIPIENT, "the number is a landline or cannot receive messages"),
    30007: Verdict(_CONTENT, "the carrier filtered the message as spam"),
    30008: Verdict(_TRANSIENT, "the carrier did not deliver, for an unknown reason"),
    30017: Verdict(_TRANSIENT, "the carrier's network is congested"),
    30022: Verdict(_TRANSIENT, "the carrier's limit for our sender is reached"),
    30023: Verdict(
        _TRANSIENT, "the carrier's daily limit is reached", retry_after=DAILY
    ),
    30027: Verdict(
        _TRANSIENT, "the carrier's daily limit is reached", retry_after=DAILY
    ),
    30032: Verdict(_CONFIG, "the toll-free sender is not verified"),
    30033: Verdict(_CONFIG, "the sender's registration (campaign) is suspended"),
    30034: Verdict(_CONFIG, "the sender is not registered with the carriers (A2P)"),
    30035: Verdict(_CONFIG, "the sender's registration is not finished yet"),
    30410: Verdict(Result.AMBIGUOUS, "the carrier did not answer Twilio in time"),
    # WhatsApp
    63001: Verdict(_CONFIG, "WhatsApp refused our sender's credentials", _REFUSED),
    63003: Verdict(_RECIPIENT, "the number is not on WhatsApp"),
    63005: Verdict(_CONTENT, "WhatsApp refused the message's content"),
    63007: Verdict(
        _CONFIG, "there is no such WhatsApp sender in the Twilio account", _REFUSED
    ),
    63010: Verdict(_TRANSIENT, "WhatsApp has an internal error", _DOWN),
    63012: Verdict(_TRANSIENT, "WhatsApp has an internal error", _DOWN),
    63014: Verdict(_SUPPRESSED, "the customer blocks our WhatsApp messages"),
    63015: Verdict(_CONFIG, "the customer has not joined the WhatsApp sandbox"),
    63016: Verdict(
        _CONTENT, "WhatsApp wants a template: the customer did not write within 24 h"
    ),
    63017: Verdict(_TRANSIENT, "WhatsApp asks us to send more slowly", _LIMITED),
    63018: Verdict(_TRANSIENT, "WhatsApp asks us to send more slowly", _LIMITED),
    63020: Verdict(
        _CONFIG, "the WhatsApp sender's invitation at Meta is not accepted", _REFUSED
    ),
    63021: Verdict(_CONTENT, "WhatsApp refused the message's content"),
    63024: Verdict(_RECIPIENT, "the number cannot receive WhatsApp messages"),
    63027: Verdict(_CONTENT, "there is no such WhatsApp template in this language"),
    63028: Verdict(_CONTENT, "the WhatsApp template has another number of variables"),
    63033: Verdict(_SUPPRESSED, "the customer blocks our WhatsApp messages"),
    63038: Verdict(_TRANSIENT, "the account's daily limit is reached", _LIMITED, DAILY),
    63040: Verdict(_CONTENT, "WhatsApp has rejected the template"),
    63041: Verdict(_CONTENT, "WhatsApp has paused the template"),
    63042: Verdict(_CONTENT, "WhatsApp has disabled the template"),
    63051: Verdict(_CONFIG, "the WhatsApp sender's account is locked", _REFUSED),
}
