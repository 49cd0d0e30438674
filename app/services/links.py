"""Signed links for customers: readable by anybody, made by nobody but us."""

from __future__ import annotations

import hashlib

from itsdangerous import BadData, URLSafeSerializer

from app import installation
from app.errors import NotFoundError
from app.runtime import Runtime


class Links:
    """Makes and reads links; built once per process with the box's secret key."""

    def __init__(self, runtime: Runtime) -> None:
        self._base_url = runtime.settings.base_url
        self._manage = URLSafeSerializer(
            installation.secret_key(runtime.settings).value,
            salt="manage-booking",
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def manage_url(self, booking_id: str) -> str:
        """Return the address of a booking's own page."""
        return f"{self._base_url}/b/{self._manage.dumps(booking_id)}"

    def booking_id(self, token: str) -> str:
        """Return the booking that a link is about; raise NotFoundError if forged."""
        try:
            return str(self._manage.loads(token))
        except BadData:
            raise NotFoundError("booking", "behind this link") from None
