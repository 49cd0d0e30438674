"""Signatures of webhooks: the vectors of the senders' own kits, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from app.channels.webhooks import meta, resend, twilio, vonage

# --- Twilio (token and parameters of its Python kit's tests) -------------------------

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = {
    "CallSid": ["CA1234567890ABCDE"],
    "Caller": ["+14158675309"],
    "Digits": ["1234"],
    "From": ["+14158675309"],
    "To": ["+18005551212"],
}
TWICE = {
    "Sid": ["CA123"],
    "SidAccount": ["AC123"],
    "Digits": ["5678", "1234", "1234"],
}
STOP = {
    "AccountSid": ["AC" + 32 * "0"],
    "ApiVersion": ["2010-04-01"],
    "Body": ["STOP"],
    "From": ["+14155550100"],
    "MessageSid": [f"SM{1:032}"],
    "SmsSid": [f"SM{1:032}"],
    "SmsMessageSid": [f"SM{1:032}"],
    "NumMedia": ["0"],
    "NumSegments": ["1"],
    "OptOutType": ["STOP"],
    "SmsStatus": ["received"],
    "To": ["+14155550199"],
}
BODY = b'{"property": "value", "boolean": true}'
DIGEST = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"


@pytest.mark.parametrize(
    ("url", "form", "body", "signature"),
    [
        (URL, CALL, b"", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL, TWICE, b"", "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        (f"{URL}&bodySHA256={DIGEST}", {}, BODY, "a9nBmqA0ju/hNViExpshrM61xv4="),
        (URL, CALL, b"", "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (URL.replace("https", "http"), CALL, b"", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        (
            "http://mycompany.com:1234/myapp.php?foo=1&bar=2",
            CALL,
            b"",
            "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
        ),
        (
            "https://notify.example.com/webhooks/twilio/inbound",
            STOP,
            b"",
            "NstCsE5rYe+0c1l2tEyPQy7LvnM=",
        ),
    ],
)
def test_twilios_own_signatures_are_believed(
    url: str, form: dict[str, list[str]], body: bytes, signature: str
) -> None:
    assert twilio.is_signed(
        url=url, form=form, body=body, signature=signature, auth_token="12345"
    )


@pytest.mark.parametrize(
    "signature", ["", "RSOYDt4T1cUTdK1PDd93/VVr8B9=", "ünsigned", "\u2028"]
)
def test_a_wrong_signature_of_twilio_is_refused(signature: str) -> None:
    assert not twilio.is_signed(
        url=URL, form=CALL, body=b"", signature=signature, auth_token="12345"
    )


def test_a_body_that_was_changed_does_not_fit_its_digest() -> None:
    assert not twilio.is_signed(
        url=f"{URL}&bodySHA256={DIGEST}",
        form={},
        body=BODY.replace(b"true", b"false"),
        signature="a9nBmqA0ju/hNViExpshrM61xv4=",
        auth_token="12345",
    )


def test_blank_fields_are_signed_too() -> None:
    told = "ToCity=&Body=Hi"
    form = parse_qs(told, keep_blank_values=True)
    without = parse_qs(told)
    signature = twilio._signature(URL, form, "12345")

    def fits(read: dict[str, list[str]]) -> bool:
        return twilio.is_signed(
            url=URL, form=read, body=b"", signature=signature, auth_token="12345"
        )

    assert fits(form)
    assert not fits(without)


# --- Meta -----------------------------------------------------------------------------

EMPTY = b'{"object":"whatsapp_business_account","entry":[]}'
META = "sha256=523505d20f6a97026a425949264490ca97eab5d4ba6cd6a0f56f7557599d7f7b"


def test_metas_signature_is_believed() -> None:
    assert meta.is_signed(body=EMPTY, signature=META, app_secret="app_secret_test")


@pytest.mark.parametrize(
    ("body", "signature"),
    [(EMPTY + b" ", META), (EMPTY, META[7:]), (EMPTY, ""), (EMPTY, "sha256=ü")],
)
def test_a_wrong_signature_of_meta_is_refused(body: bytes, signature: str) -> None:
    assert not meta.is_signed(
        body=body, signature=signature, app_secret="app_secret_test"
    )


# --- Vonage (parameters of its Ruby and Python kits' tests) ---------------------------

AGAIN = {
    "message-timestamp": "2013-11-21 15:27:30",
    "messageId": "020000001B0FE827",
    "msisdn": "14843472194",
    "text": "Test again",
    "timestamp": "1385047698",
    "to": "13239877404",
    "type": "text",
}
THEN = datetime.fromtimestamp(1385047698, tz=UTC)
PLAIN = {"param1": "value1", "param2": "value2", "timestamp": "1234567890"}


@pytest.mark.parametrize(
    ("parameters", "secret", "signature"),
    [
        (
            AGAIN,
            "my_secret_key_for_testing",
            "DDB8397C2B90AAC7F3882D306475C9A5058C92322EEF43C92B298B6E0FC0D330",
        ),
        (AGAIN, "my_secret_key_for_testing", "d2e7b1dc968737c5998ad624e02f90b7"),
        (AGAIN, "my_secret_key_for_testing", "DDEBD46008C2D4E93CCE578A332A52D5"),
        (
            PLAIN,
            "signature_secret",
            "280c4320703dbc98bfa22db676655ed2acfbfe8792b062ff7622e67f1183c287",
        ),
        (PLAIN, "signature_secret", "724c2bf6ca423c36e20631b11d1c5753"),
    ],
)
def test_vonages_own_signatures_are_believed(
    parameters: dict[str, str], secret: str, signature: str
) -> None:
    now = datetime.fromtimestamp(int(parameters["timestamp"]), tz=UTC)

    assert vonage.is_signed({**parameters, "sig": signature}, secret=secret, now=now)


@pytest.mark.parametrize(
    ("change", "later"),
    [
        ({"text": "Test  again"}, timedelta(0)),
        ({"sig": ""}, timedelta(0)),
        ({"sig": "ü" * 64}, timedelta(0)),
        ({"timestamp": "soon"}, timedelta(0)),
        ({}, timedelta(hours=26)),
    ],
)
def test_what_vonage_did_not_sign_or_signed_long_ago_is_refused(
    change: dict[str, str], later: timedelta
) -> None:
    signed = "DDB8397C2B90AAC7F3882D306475C9A5058C92322EEF43C92B298B6E0FC0D330"

    assert not vonage.is_signed(
        {**AGAIN, "sig": signed, **change},
        secret="my_secret_key_for_testing",
        now=THEN + later,
    )


# --- Resend (Svix) --------------------------------------------------------------------

SVIX = {
    "svix-id": "msg_1",
    "svix-timestamp": "1700000000",
    "svix-signature": "v1,ipJIX1G+02PKAykXC0sgAJljTw01ncjgQPkzT3hZR2I=",
}
SECRET = "whsec_dGVzdF9zZWNyZXRfa2V5"
DELIVERED = b'{"type":"email.delivered"}'
AT = datetime.fromtimestamp(1700000000, tz=UTC)


def signed(
    *,
    body: bytes = DELIVERED,
    secret: str = SECRET,
    later: timedelta = timedelta(0),
    **headers: str,
) -> bool:
    return resend.is_signed(
        body=body, headers={**SVIX, **headers}, secret=secret, now=AT + later
    )


def test_resends_signature_is_believed() -> None:
    assert signed()
    assert signed(**{"svix-signature": f"v1,AAAA v2,x {SVIX['svix-signature']}"})
    assert signed(later=timedelta(seconds=300))


def test_what_resend_did_not_sign_or_signed_long_ago_is_refused() -> None:
    assert not signed(body=DELIVERED + b" ")
    assert not signed(**{"svix-id": "msg_2"})
    assert not signed(**{"svix-signature": "v1"})
    assert not signed(**{"svix-signature": "v1,ü"})
    assert not signed(**{"svix-timestamp": "now"})
    assert not signed(secret="whsec_no base 64")
    assert not signed(later=timedelta(seconds=301))
    assert not signed(later=timedelta(seconds=-301))


def test_with_an_empty_key_nobody_signs() -> None:
    told = f"{SVIX['svix-id']}.{SVIX['svix-timestamp']}.".encode() + DELIVERED
    digest = base64.b64encode(hmac.new(b"", told, hashlib.sha256).digest()).decode()

    assert not signed(secret="whsec_", **{"svix-signature": f"v1,{digest}"})
