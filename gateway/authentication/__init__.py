"""Whose mail is this, by DNS: iprev, SPF, DKIM, ARC and DMARC, one file each, and check.py that asks them all."""
