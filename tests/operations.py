"""Every operation of the HTTP API, as its description must tell them."""

from __future__ import annotations

from tests.door import API

WEBHOOKS = "twilio/status twilio/inbound whatsapp vonage/status vonage/inbound resend"
#: What is not part of the API: pages and files for a browser.
PAGES = {
    "/api/v1/openapi.json",
    "/api/docs",
    "/api/docs/{file}",
    *(f"{API}/webhooks/{path}" for path in WEBHOOKS.split()),
    "/static/{filename}",
}
#: Pages that customers reach from their messages.
BEHIND_LINKS = {"/b/", "/u/"}
#: One of the texts that we send.
TEMPLATE = f"{API}/templates/{{kind}}/{{channel}}/{{language}}"
#: Every operation of CONTRACT section 4 that this version has.
OPERATIONS = {
    ("get", f"{API}/services"),
    ("post", f"{API}/services"),
    ("get", f"{API}/services/{{service_id}}"),
    ("patch", f"{API}/services/{{service_id}}"),
    ("get", f"{API}/services/{{service_id}}/availability"),
    ("get", f"{API}/bookings"),
    ("post", f"{API}/bookings"),
    ("get", f"{API}/bookings/{{booking_id}}"),
    ("post", f"{API}/bookings/{{booking_id}}/verify-payment"),
    ("post", f"{API}/bookings/{{booking_id}}/confirm"),
    ("post", f"{API}/bookings/{{booking_id}}/cancel"),
    ("post", f"{API}/bookings/{{booking_id}}/reschedule"),
    ("post", f"{API}/bookings/{{booking_id}}/complete"),
    ("post", f"{API}/bookings/{{booking_id}}/no-show"),
    ("post", f"{API}/verifications"),
    ("post", f"{API}/verifications/{{verification_id}}/check"),
    ("get", f"{API}/notifications"),
    ("post", f"{API}/notifications"),
    ("get", f"{API}/notifications/{{notification_id}}"),
    ("post", f"{API}/notifications/{{notification_id}}/retry"),
    ("post", f"{API}/notifications/{{notification_id}}/cancel"),
    ("post", f"{API}/notifications/retry"),
    ("post", f"{API}/notifications/cancel"),
    ("get", f"{API}/queues"),
    ("patch", f"{API}/queues/{{name}}"),
    ("post", f"{API}/queues/{{name}}/pause"),
    ("post", f"{API}/queues/{{name}}/resume"),
    ("post", f"{API}/queues/{{name}}/purge"),
    ("get", f"{API}/workers"),
    ("get", f"{API}/schedule"),
    ("post", f"{API}/schedule/{{job}}/run"),
    ("get", f"{API}/tasks"),
    ("post", f"{API}/tasks"),
    ("get", f"{API}/tasks/{{task_id}}"),
    ("post", f"{API}/tasks/{{task_id}}/retry"),
    ("post", f"{API}/tasks/{{task_id}}/cancel"),
    ("post", f"{API}/task-groups"),
    ("get", f"{API}/task-groups/{{group_id}}"),
    ("get", f"{API}/costs"),
    ("get", f"{API}/templates"),
    *((method, TEMPLATE) for method in ("get", "put", "delete")),
    ("get", f"{TEMPLATE}/versions"),
    ("post", f"{TEMPLATE}/versions/{{version}}/publish"),
    ("post", f"{TEMPLATE}/rollback"),
    ("post", f"{TEMPLATE}/migrate"),
    ("post", f"{TEMPLATE}/preview"),
    ("get", f"{API}/inbox"),
    ("post", f"{API}/inbox/{{entry_id}}/done"),
    ("get", f"{API}/consents"),
    ("post", f"{API}/consents"),
    ("get", f"{API}/customers/export"),
    ("post", f"{API}/customers/erase"),
    ("get", "/healthz"),
    ("get", "/readyz"),
}
#: POSTs that say all by their path.
WITHOUT_BODY = {
    f"{API}/notifications/{{notification_id}}/retry",
    f"{API}/notifications/{{notification_id}}/cancel",
    f"{API}/queues/{{name}}/resume",
    f"{API}/schedule/{{job}}/run",
    f"{API}/inbox/{{entry_id}}/done",
    f"{API}/tasks/{{task_id}}/retry",
    f"{API}/tasks/{{task_id}}/cancel",
    f"{TEMPLATE}/versions/{{version}}/publish",
    f"{TEMPLATE}/rollback",
}
