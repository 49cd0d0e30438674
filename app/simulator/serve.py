"""Builds the simulator, says where it listens, and ends it.

Called by `__main__.py` and `app/commands/simulator.py`.
"""

from __future__ import annotations

import re
import socket
import ssl
from pathlib import Path

from app.errors import StartError
from app.simulator.control import Control
from app.simulator.faults import FaultBook
from app.simulator.greeting import Places, announce
from app.simulator.hooks import Hooks
from app.simulator.http_server import BACKLOG, HttpServer, Route
from app.simulator.ledger import Ledger
from app.simulator.meta.api import PATH as META_PATH
from app.simulator.meta.api import Meta
from app.simulator.options import Options
from app.simulator.reception import Reception
from app.simulator.resend import PATH as RESEND_PATH
from app.simulator.resend import Resend
from app.simulator.smtp_server import SmtpServer
from app.simulator.smtp_session import MailRoom
from app.simulator.stopping import StopSign
from app.simulator.telling.call import Secrets
from app.simulator.telling.teller import Teller
from app.simulator.twilio.api import Twilio
from app.simulator.vonage import PATH as VONAGE_PATH
from app.simulator.vonage import Vonage

HOST = "127.0.0.1"


def serve(options: Options) -> int:
    """Run until a signal or the parent's end; return the exit code.

    1. Read the ledger and bind both ports: what cannot be had ends it here.
    2. Open both doors, then say so in one line.
    3. At the end free whoever waits, and finish the line in hand.
    """
    stop_sign = StopSign(exit_on_eof=options.exit_on_eof)
    ledger = Ledger(options.ledger, fsync=options.fsync)
    faults = FaultBook()
    http = _listener(options.http_port)
    smtp = _listener(options.smtp_port)
    _http_server(http, options=options, ledger=ledger, faults=faults).start()
    _smtp_server(smtp, options=options, ledger=ledger, faults=faults).start()
    places = Places(
        http=f"http://{HOST}:{_port(http)}", smtp_host=HOST, smtp_port=_port(smtp)
    )
    announce(options, places)
    stop_sign.wait()
    faults.clear()
    ledger.close()
    return 0


def _http_server(
    listener: socket.socket, *, options: Options, ledger: Ledger, faults: FaultBook
) -> HttpServer:
    twilio = Twilio(
        ledger=ledger,
        account_sid=options.twilio_account_sid,
        auth_token=options.twilio_auth_token,
    )
    meta = Meta(
        access_token=options.whatsapp_access_token,
        number_id=options.whatsapp_phone_number_id,
    )
    resend = Resend(ledger=ledger, api_key=options.resend_api_key)
    vonage = Vonage(
        api_key=options.vonage_api_key, api_secret=options.vonage_api_secret
    )
    teller = Teller(_secrets(options))
    return HttpServer(
        listener,
        routes=[
            Route(re.compile("/2010-04-01/"), twilio),
            Route(META_PATH, meta),
            Route(VONAGE_PATH, vonage),
            Route(RESEND_PATH, resend),
            Route(re.compile("/hooks/."), Hooks()),
        ],
        reception=Reception(ledger=ledger, faults=faults, teller=teller),
        control=Control(ledger=ledger, faults=faults, teller=teller).answer,
    )


def _secrets(options: Options) -> Secrets:
    return Secrets(
        base_url=(options.webhooks_url or "").rstrip("/"),
        twilio_auth_token=options.twilio_auth_token or "",
        whatsapp_app_secret=options.whatsapp_app_secret or "",
        vonage_signature_secret=options.vonage_signature_secret or "",
        resend_webhook_secret=options.resend_webhook_secret or "",
    )


def _smtp_server(
    listener: socket.socket, *, options: Options, ledger: Ledger, faults: FaultBook
) -> SmtpServer:
    login = None
    if options.smtp_user is not None:
        login = (options.smtp_user, options.smtp_password or "")
    room = MailRoom(
        ledger=ledger,
        faults=faults,
        login=login,
        starttls=_tls(options.smtp_starttls_cert, key=options.smtp_key),
    )
    tls = _tls(options.smtp_tls_cert, key=options.smtp_key)
    return SmtpServer(listener, room=room, tls=tls)


def _tls(certificate: Path | None, *, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        problem = f"The certificate {certificate} cannot be used: {error}."
        raise StartError(problem) from error
    return context


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        raise StartError(f"Port {port} cannot be had: {error}.") from error


def _port(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port
