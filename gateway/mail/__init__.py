"""What a mail is: bytes in, values out (RFC 5322, MIME). Pure: no clock, no socket, nothing else of ours."""
