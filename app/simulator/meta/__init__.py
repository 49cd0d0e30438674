"""Meta's WhatsApp Cloud API: sending texts and templates."""
