"""Where decisions become facts: loads what handlers know, asks them in order, applies what they say in one commit."""
