"""Whose mail is this, by DNS: iprev, SPF, DKIM, ARC and DMARC, one file each; check.py asks them all, decision.py says
what the door does about it."""
