"""Frontdesk's mail machine: wires, bytes, DNS, disks and clocks. It would serve any customer centre."""
