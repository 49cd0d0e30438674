"""Tells the staff who carries a channel's messages, when that changes or nobody does.

Called by `circuits.py` in the transaction of the answer that has changed it.
"""

from __future__ import annotations

from datetime import timedelta

from app.domain.circuits import FIRST_PAUSE, Circuit
from app.services.alerts import Alert, alert
from app.services.gates import Gates

#: A provider that is ill again and again is one piece of news.
SWITCH_AT_MOST_EVERY = timedelta(minutes=30)
WAITING_AT_MOST_EVERY = timedelta(hours=6)
_NAMES = {"sms": "SMS", "whatsapp": "WhatsApp", "email": "E-mail"}


def alert_of_switch(
    gates: Gates, gate: str, *, before: str, because: Circuit | None
) -> None:
    """Tell that another provider has taken a channel over, or has given it back."""
    now_serving, channel = gates.serving(gate), _NAMES.get(gate, gate)
    why = (
        f"{before} is left alone for a while: {because.reason}"
        if because is not None
        else f"{now_serving} is well again."
    )
    told = Alert(
        key=f"serving/{gate}/{now_serving}",
        subject=f"{channel} goes over {now_serving} now",
        text=f"{why} Messages do not wait; there is nothing that you must do.",
        at_most_every=SWITCH_AT_MOST_EVERY,
    )
    alert(gates.tx, gates.runtime, told, now=gates.now)


def alert_of_waiting(gates: Gates, gate: str, called: str, circuit: Circuit) -> None:
    """Tell that a channel's messages wait, once a second try has failed as well."""
    if circuit.pause <= FIRST_PAUSE:
        return
    channel = _NAMES.get(gate, gate)
    told = Alert(
        key=f"waiting/{gate}/{called}",
        subject=f"{channel} waits for {called}",
        text=(
            f"{circuit.reason} Messages wait and are tried again by themselves. "
            "`python3 bellhop.py inspect queues` tells how many there are."
        ),
        at_most_every=WAITING_AT_MOST_EVERY,
    )
    alert(gates.tx, gates.runtime, told, now=gates.now)
