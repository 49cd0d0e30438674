"""E-mails that came back, as mail servers write them (RFC 3464)."""

from __future__ import annotations

from app.channels.email_headers import message_id

DOMAIN = "example.com"

_BOUNCE = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
To: hello@example.com
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={report}; boundary="B0"
Message-Id: <20270118090000.0F3@mx.example.org>

--B0
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B0
Content-Description: Delivery report
Content-Type: message/{report}

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: 0F3
Arrival-Date: Mon, 18 Jan 2027 09:00:00 +0000

Final-Recipient: rfc822; alice@example.org
Original-Recipient: rfc822;alice@example.org
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; 550 {status} <alice@example.org>: as it says

--B0
Content-Description: Undelivered Message
Content-Type: {quoted}

From: Salon Rosa <hello@example.com>
To: alice@example.org
Subject: Your booking
Message-ID: {name}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

See you on Monday.

--B0--
"""


def bounce(
    key: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    quoted: str = "message/rfc822",
    report: str = "delivery-status",
) -> bytes:
    """Return what Postfix sends back about the message with this key."""
    name = message_id(key, domain=DOMAIN)
    return _BOUNCE.format(
        name=name, action=action, status=status, quoted=quoted, report=report
    ).encode()
