"""What must survive: the database, the mails kept, the requests, the letters waiting to go out."""
