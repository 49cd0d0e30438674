"""Signed links for customers: readable by anybody, made by nobody but us."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from itsdangerous import BadData, Signer, URLSafeSerializer
from itsdangerous.signer import HMACAlgorithm

from app import installation
from app.errors import NotFoundError
from app.runtime import Runtime

#: Bytes of a short signature: nobody tries 2 ** 80 links. Written out so many never end
#: in a dash, which telephones do not take for a part of the link.
_FEW = 10
_DERIVED: dict[str, Any] = {
    "digest_method": hashlib.sha256,
    "key_derivation": "hmac",
}


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """Whom a link to unsubscribe is about, and in which language they read."""

    address: str
    locale: str


class Links:
    """Makes and reads links; built once per process with the box's secret key."""

    def __init__(self, runtime: Runtime) -> None:
        self._base_url = runtime.settings.base_url
        secret_key = installation.secret_key(runtime.settings).value
        self._short = Signer(
            secret_key, salt="own-page", algorithm=_Short(hashlib.sha256), **_DERIVED
        )
        # As links were before they were short, and of ids that others made.
        self._long = _signer(secret_key, purpose="manage-booking")
        self._unsubscribe = _signer(secret_key, purpose="unsubscribe")

    def manage_url(self, booking_id: str) -> str:
        """Return the address of a booking's own page, short for the sake of SMS."""
        return f"{self._base_url}/b/{self._token(booking_id)}"

    def booking_id(self, token: str) -> str:
        """Return the booking that a link is about; raise NotFoundError if forged."""
        for read in (self._read_short, self._long.loads):
            try:
                return str(read(token))
            except (BadData, ValueError):
                continue
        raise NotFoundError("booking", "behind this link")

    def unsubscribe_url(self, subscriber: Subscriber) -> str:
        """Return where an address opts out of e-mails; such a link never expires."""
        token = self._unsubscribe.dumps([subscriber.address, subscriber.locale])
        return f"{self._base_url}/u/{token}"

    def subscriber(self, token: str) -> Subscriber:
        """Return whom such a link is about; raise NotFoundError if it is forged."""
        try:
            address, locale = self._unsubscribe.loads(token)
        except (BadData, ValueError):
            raise NotFoundError("subscriber", "behind this link") from None
        return Subscriber(address=address, locale=locale)

    def _token(self, booking_id: str) -> str:
        try:
            packed = base64.urlsafe_b64encode(UUID(booking_id).bytes).rstrip(b"=")
        except ValueError:
            return str(self._long.dumps(booking_id))
        return self._short.sign(packed).decode()

    def _read_short(self, token: str) -> UUID:
        packed = self._short.unsign(token)
        return UUID(bytes=base64.urlsafe_b64decode(packed + b"=="))


class _Short(HMACAlgorithm):
    """A signature of which the beginning is enough."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:_FEW]


def _signer(secret_key: str, *, purpose: str) -> URLSafeSerializer:
    """Sign for one purpose: a link made for another one is forged here."""
    return URLSafeSerializer(secret_key, salt=purpose, signer_kwargs=_DERIVED)
