"""The door in several processes ([smtp] workers): all take mail at the same ports and leave it in one store.

The gateway that was started keeps everything else: the desk, delivery, the pages. It starts the workers, hears how they
are, and starts one again that is gone. A worker that hears no more from it lets its clients finish and ends.
"""
