"""The program, but that it loads no candles, and has a whole day behind it: what each minute costs by itself.

``many_sources --app`` runs it.
"""

import sys

from tests.benchmarks.whole_day import begin_full
from tui_tracker import __main__
from tui_tracker.sources import registry
from tui_tracker.sources.base import Source


def main() -> None:
    """Run the program with the arguments that were given."""
    create = registry.create

    def without_candles(*arguments: object, **more: object) -> Source:
        source = create(*arguments, **more)  # type: ignore[arg-type]
        source.history = ()  # type: ignore[misc]
        return source

    registry.create = without_candles
    begin_full()
    sys.argv[0] = "crypto-tui"
    __main__.run()


if __name__ == "__main__":
    main()
