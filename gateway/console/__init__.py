"""What the command `frontdesk` does and shows, one file per purpose. Imported only by cli.py, when a command runs."""
