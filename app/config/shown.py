"""What may be shown of a setting: everything but secrets.

Used by `config` and `doctor`. A password in an address is a secret too.
"""

from __future__ import annotations

from pydantic import SecretStr

from app.config.settings import Settings

SET = "(set)"
NOT_SET = "(not set)"
HIDDEN = "***"
#: The settings' field of each variable.
FIELDS = {field.alias: name for name, field in Settings.model_fields.items()}


def shown(settings: Settings, variable: str) -> str:
    """Return a variable's value as it would be written; of a secret, that it is set."""
    value = getattr(settings, FIELDS[variable])
    if value is None or value == ():
        return NOT_SET
    if isinstance(value, SecretStr):
        return SET
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        return ",".join(value)
    return without_password(str(value))


def without_password(text: str) -> str:
    """Hide login and parameters in a text that is an address with `://`.

    Where the address is too strange to be sure of its parts, all of it is hidden.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        return text
    login, at, place = rest.rpartition("@")
    if "?" in login:
        return f"{scheme}://{HIDDEN}"
    place, question, _ = place.partition("?")
    hidden_login = f"{HIDDEN}@" if at and login else ""
    return f"{scheme}://{hidden_login}{place}{f'?{HIDDEN}' if question else ''}"
