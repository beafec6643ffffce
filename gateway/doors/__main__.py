"""`python -m gateway.doors NUMBER`: what the gateway starts for each worker. NUMBER: of the socket it speaks on."""

import socket
import sys

from gateway.console.edge import guarded, run
from gateway.doors.worker import serve

if __name__ == "__main__":
    guarded(lambda: run(lambda: serve(socket.socket(fileno=int(sys.argv[1])))))
