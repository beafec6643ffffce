"""The desk's window: pages over HTTP. Today the customer's answer to a verification letter."""
