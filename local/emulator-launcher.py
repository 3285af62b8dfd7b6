"""Runs MiniStack in the foreground until told to stop or until its starter is gone.

The starter holds the other end of standard input: when it dies, however suddenly, the pipe closes, the data folder (the working
directory) is removed and the whole process group (the emulator and its Lambda workers) ends, so that nothing is left.
"""

import os
import shutil
import signal
import sys
import threading


def end_with_starter() -> None:
    while os.read(0, 4096):
        pass
    shutil.rmtree(os.getcwd(), ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


threading.Thread(target=end_with_starter, daemon=True).start()

from ministack.app import main  # noqa: E402  (the watch comes first)

sys.argv = ["ministack"]
main()
