"""Who is reached and over which medium: normal forms, and masks for logs and pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum


class Channel(StrEnum):
    """The media through which a customer is reached."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    EMAIL = "email"


#: A number in E.164, at its shortest and at its longest.
_INTERNATIONAL = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
#: As WhatsApp writes it, and the number that it is; the same the other way round.
_ON_WHATSAPP = (
    (
        re.compile(r"\+521(\d{10})", re.ASCII),
        r"+52\1",
        re.compile(r"\+52(\d{10})", re.ASCII),
        r"+521\1",
    ),
    (
        re.compile(r"\+55(\d\d)([6-9]\d{7})", re.ASCII),
        r"+55\g<1>9\2",
        re.compile(r"\+55(\d\d)9([6-9]\d{7})", re.ASCII),
        r"+55\1\2",
    ),
)


def normal_phone(raw: str, *, region: str | None) -> str:
    """Return the number in E.164; raise ValueError with a sentence for the sender.

    `region` (ISO 3166, for example `DE`) is where numbers without a leading + are.
    """
    # With its tables of all countries, for those who read numbers: the API alone.
    import phonenumbers  # noqa: PLC0415 - see above

    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        raise ValueError(_phone_advice(region)) from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise ValueError(_phone_advice(region))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal_email(raw: str) -> str:
    """Return the address in its normal form; raise ValueError with a sentence.

    In small letters: to no mail host of note are `Alice@` and `alice@` two people.
    """
    import email_validator  # noqa: PLC0415 - likewise

    try:
        checked = email_validator.validate_email(
            raw, check_deliverability=False, allow_smtputf8=False
        )
    except email_validator.EmailNotValidError as error:
        raise ValueError(f"is not an e-mail address: {error}") from None
    return checked.normalized.lower()


def number_of_whatsapp(name: str) -> str:
    """Return the number in E.164 of whoever is known to WhatsApp by this one.

    It still has the 1 that mobile numbers of Mexico had until 2019, and lacks the 9
    that those of Brazil were given.
    """
    for written, number, _, _ in _ON_WHATSAPP:
        if found := written.fullmatch(name):
            return found.expand(number)
    return name


def name_on_whatsapp(phone: str) -> str:
    """Return the other way in which WhatsApp may write a number in E.164, if any."""
    for _, _, number, written in _ON_WHATSAPP:
        if found := number.fullmatch(phone):
            return found.expand(written)
    return phone


def country_of(phone: str) -> str | None:
    """Return where a number in E.164 belongs (ISO 3166); None: nowhere that we know."""
    import phonenumbers  # noqa: PLC0415 - 3 MB, for workers whose messages cost money

    sharing = _sharing_code(phone, phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    if len(sharing) == 1:  # most countries: the whole number says no more
        return None if sharing == ("001",) else sharing[0]
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return None
    # Several countries share a code; a number of none of them is billed as the first's.
    found = phonenumbers.region_code_for_number(number) or (
        phonenumbers.region_code_for_country_code(number.country_code or 0)
    )
    return None if found in ("001", "ZZ") else str(found)


def _sharing_code(phone: str, codes: Mapping[int, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the countries that share a number's calling code.

    No calling code is the beginning of another one.
    """
    for length in (1, 2, 3) if _INTERNATIONAL.fullmatch(phone) else ():
        sharing = codes.get(int(phone[1 : 1 + length]))
        if sharing:
            return sharing
    return ()


def masked(channel: Channel, address: str) -> str:
    """Hide most of an address: enough to recognise it, too little to use it."""
    if channel is Channel.EMAIL:
        local, _, domain = address.partition("@")
        return f"{local[:1]}***@{domain}"
    return f"{address[:3]}***{address[-2:]}"


def _phone_advice(region: str | None) -> str:
    if region is None:
        return "is not a phone number: write it with its country code, +4915112345678"
    return f"is not a phone number of {region}, nor one that begins with +"
