"""Twilio's Programmable Messaging: sending SMS and WhatsApp, and looking them up."""
