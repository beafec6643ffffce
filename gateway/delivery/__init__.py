"""The way out: letters from the outbox to the customer's mail server."""
