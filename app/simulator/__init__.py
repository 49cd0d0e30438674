"""A faithful fake of the providers over real HTTP and SMTP, for tests and users.

It knows nothing of Bellhop but the clock and the errors. A request is read by
`http_server.py` or `smtp_session.py`, meets a fault of `faults.py` or its provider's
rules, becomes a line of `ledger.py` and only then gets its answer. What a provider
sends back on its own (receipts, inbound messages) belongs in one more file beside
`hooks.py`, fed by what the ledger took.
"""
