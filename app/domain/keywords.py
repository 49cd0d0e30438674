"""The words by which customers tell us something, as data.

Read by `domain/replies.py`: in small letters, without accents and punctuation. A word
of two meanings in two languages has no place here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.domain.recipients import Channel


class Meaning(StrEnum):
    """What a customer's message was taken for."""

    STOP = "stop"  # send me nothing more on this channel
    START = "start"  # send me everything again
    HELP = "help"  # who are you, and what can I write
    CONFIRM = "confirm"  # I will come
    CANCEL = "cancel"  # I will not come: cancel my booking
    LATE = "late"  # I will come, but late


#: What regulators and carriers name as words for an opt-out, spelled as they come.
_STOP = ("stop", "stopall", "unsubscribe", "end", "quit", "revoke", "optout")

#: By meaning and language.
KEYWORDS: Mapping[Meaning, Mapping[str, tuple[str, ...]]] = {
    Meaning.STOP: {
        "en": (*_STOP, "stop all", "opt out", "stop sms", "stop messages"),
        "es": ("baja", "alto", "parar", "detener", "dar de baja", "darme de baja"),
    },
    Meaning.START: {
        "en": ("start", "unstop", "opt in", "subscribe"),
        "es": ("alta", "dar de alta", "darme de alta"),
    },
    Meaning.HELP: {
        "en": ("help", "info"),
        "es": ("ayuda", "informacion"),
    },
    Meaning.CONFIRM: {
        "en": ("yes", "y", "1", "confirm", "confirmed"),
        "es": ("si", "confirmo", "confirmar", "confirmado"),
    },
    Meaning.CANCEL: {
        "en": ("c", "cancel", "cancel booking", "cancel my booking"),
        "es": ("cancelar", "cancelo", "anular", "cancelar cita", "cancelar reserva"),
    },
    Meaning.LATE: {
        "en": ("late", "running late", "i am late", "i m late", "im late"),
        "es": ("tarde", "llego tarde", "llegare tarde", "retraso", "con retraso"),
    },
}

#: What a carrier takes for an opt-out although a customer of ours may mean more by it:
#: on these channels it ends all messages, and the staff is asked to look.
ENDS_MESSAGES: Mapping[Channel, frozenset[str]] = {Channel.SMS: frozenset({"cancel"})}

#: What a provider answers by itself, so that a second answer would be one too many (and
#: after an opt-out would be refused).
ANSWERED_BY: Mapping[tuple[str, Channel], frozenset[str]] = {
    ("twilio", Channel.SMS): frozenset(
        {*_STOP, "cancel", "start", "unstop", "help", "info"}
    ),
}
