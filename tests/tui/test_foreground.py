"""Work on the loop stands back from a key until the screen shows what it changed."""

import asyncio

from tui_tracker.core.foreground import QUIET
from tui_tracker.engine.turns import stand_back
from tui_tracker.tui.foreground import Foreground


async def test_work_waits_for_the_paint_that_a_key_asked_for() -> None:
    foreground, done = Foreground(), list[str]()

    async def work() -> None:
        QUIET.set(foreground.quiet)
        await stand_back()
        done.append("work")

    foreground.key_came()
    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        for _ in range(20):
            await asyncio.sleep(0)
        done.append("paint")
        foreground.painted()
    assert done == ["paint", "work"]


async def test_a_key_that_paints_nothing_holds_work_up_only_once() -> None:
    foreground = Foreground()
    foreground.key_came()
    await foreground.quiet()
    again = asyncio.ensure_future(foreground.quiet())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert again.done()


async def test_without_a_screen_work_only_lets_others_have_their_turns() -> None:
    async with asyncio.timeout(10):
        await stand_back()
