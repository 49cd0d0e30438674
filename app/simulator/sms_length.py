"""How many SMS a text takes, as the providers of SMS count it."""

from __future__ import annotations

#: GSM 03.38: what fits into seven bits, and what costs two places of them.
_GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = set("\f^{}\\[~]|€")


def segments(text: str) -> int:
    """Count the SMS that a text takes: 160 and 153 characters, or 70 and 67."""
    if set(text) <= _GSM | _GSM_TWICE:
        length = len(text) + sum(letter in _GSM_TWICE for letter in text)
        alone, joined = 160, 153
    else:
        length = len(text.encode("utf-16-le", "surrogatepass")) // 2
        alone, joined = 70, 67
    return 1 if length <= alone else -(-length // joined)
