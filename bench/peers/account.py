"""The account at the provider that every contestant sends from."""

ACCOUNT = "AC" + "0" * 32
TOKEN = "token"
SENDER = "+14155550199"
