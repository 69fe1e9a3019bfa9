"""The time limit that many share."""

import asyncio

import pytest

from tui_tracker.api.patience import Patience


async def test_only_what_takes_too_long_is_ended() -> None:
    patience, never = Patience(), asyncio.Event()

    async def held(most_s: float) -> str:
        try:
            with patience.watched(most_s):
                await never.wait()
        except TimeoutError:
            return "late"
        return "done"

    late, done = asyncio.create_task(held(0.02)), asyncio.create_task(held(60.0))
    assert await late == "late"
    assert not done.done()
    never.set()
    assert await done == "done"
    with patience.watched(0.02):
        pass
    async with asyncio.timeout(10):
        while patience._timer is not None:  # noqa: ASYNC110 - what is waited for is a timer of the loop
            await asyncio.sleep(0)


async def test_a_cancellation_from_elsewhere_stays_one() -> None:
    patience = Patience()

    async def held() -> None:
        with patience.watched(60.0):
            await asyncio.Event().wait()

    task = asyncio.create_task(held())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not patience._waiting
