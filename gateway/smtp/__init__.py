"""The door: an aiosmtpd server that says 250 only after the mail is on disk."""
