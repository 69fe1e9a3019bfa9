"""Orphans that come to the first process of a container are let go of, its own children are not touched."""

import subprocess
import sys

PROGRAM = """
import asyncio, ctypes, os, subprocess, sys
from tui_tracker.cli import reaping

PR_SET_CHILD_SUBREAPER = 36
if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
    sys.exit("not permitted")

async def main():
    own = subprocess.Popen(["sleep", "30"])
    subprocess.run(["sh", "-c", "sh -c 'exit 3' & sh -c 'exit 4' & exec true"], check=True)
    reaped, wait = [], os.waitpid

    def waitpid(pid, flags):
        reaped.append(pid)
        return wait(pid, flags)

    async def sleep(_):
        await asyncio.sleep(0.01)

    os.waitpid = waitpid

    task = asyncio.create_task(reaping.reap_orphans(sleep))
    async with asyncio.timeout(10):
        while len(reaped) < 2:
            await asyncio.sleep(0.01)
    task.cancel()
    os.waitpid = wait
    assert own.pid not in reaped
    assert own.poll() is None
    own.kill()
    assert own.wait() == -9

asyncio.run(main())
"""


def test_orphans_are_let_go_of() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=30)
    assert (run.returncode, run.stderr) == (0, "")
