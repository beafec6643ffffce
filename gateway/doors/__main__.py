"""`python -m gateway.doors WORDS FILES`: what the gateway starts for each worker, with the numbers of two sockets."""

import socket
import sys

from gateway import memory
from gateway.console.edge import guarded, run

if __name__ == "__main__":
    memory.spare()
    from gateway.doors.worker import serve

    words, files = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    guarded(lambda: run(lambda: serve(words, files)))
