"""A faithful fake of the providers over real HTTP and SMTP, for tests and users."""
