"""One call to a webhook: where, what, and signed with what."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field

#: Seconds for the answer: Twilio waits no longer.
ANSWER_WITHIN_S = 15.0
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, kw_only=True)
class Call:
    """A signed request to one of the customer's addresses."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def make(self) -> int:
        """POST it; return the HTTP status, or 0 where nobody answered."""
        request = urllib.request.Request(  # noqa: S310 - the address is the customer's own
            self.url, data=self.body, headers=dict(self.headers), method="POST"
        )
        try:
            with _direct.open(request, timeout=ANSWER_WITHIN_S) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What the calls are signed with; without one a provider tells nothing."""

    #: Where Bellhop is, for the providers that are not told with each message.
    base_url: str = ""
    twilio_auth_token: str = ""
    whatsapp_app_secret: str = ""
    vonage_signature_secret: str = ""
    resend_webhook_secret: str = ""

    def url(self, path: str) -> str:
        """Return the address of one of Bellhop's webhooks."""
        return f"{self.base_url}/api/v1/webhooks/{path}"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A message that the provider took, as far as its receipts tell of it."""

    provider_message_id: str
    #: The caller's own name of it.
    key: str
    recipient: str
    sender: str
    #: Where it is to be told; empty: at Bellhop's usual address.
    callback: str = ""


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a customer wrote."""

    channel: str
    sender: str
    recipient: str
    text: str
    message_id: str
