"""This customer centre's journey, one file per step. Each imports only gateway.desk.handler."""
