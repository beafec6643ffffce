"""Where decisions become facts: it loads what handlers know, asks them in order, and applies what they say in one commit."""
