"""What providers tell us: who signed it, and what it says; one file a provider.

Pure: called by `web/webhooks.py` with the raw request. Nothing is believed before its
signature fits.
"""
