"""Ending the process; apart from the event loop, whose import takes longer than ``--help`` may."""

import logging
import os
import sys
import threading


def leave_if_threads_hang(code: int) -> None:
    """End the process now if a thread is left that the interpreter would wait for; else do nothing."""
    hanging = [t.name for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    if hanging:
        logging.getLogger(__name__).debug("not waiting for %s", ", ".join(hanging))
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
