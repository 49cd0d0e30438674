"""Signed links for customers: readable by anybody, made by nobody but us."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer

from app import installation
from app.errors import NotFoundError
from app.runtime import Runtime


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
        self._manage = _signer(secret_key, purpose="manage-booking")
        self._unsubscribe = _signer(secret_key, purpose="unsubscribe")

    def manage_url(self, booking_id: str) -> str:
        """Return the address of a booking's own page."""
        return f"{self._base_url}/b/{self._manage.dumps(booking_id)}"

    def booking_id(self, token: str) -> str:
        """Return the booking that a link is about; raise NotFoundError if forged."""
        try:
            return str(self._manage.loads(token))
        except BadData:
            raise NotFoundError("booking", "behind this link") from None

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


def _signer(secret_key: str, *, purpose: str) -> URLSafeSerializer:
    """Sign for one purpose: a link made for another one is forged here."""
    return URLSafeSerializer(
        secret_key,
        salt=purpose,
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
