from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tui_tracker.tui.times import UTC_ZONE, Zone, local_zone, short_offset

BERLIN = Zone(ZoneInfo("Europe/Berlin"), "local")


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_utc_is_plain() -> None:
    assert UTC_ZONE.minute(instant("2025-10-26T00:30")) == "00:30"
    assert UTC_ZONE.second(instant("2025-10-26T00:30:07")) == "00:30:07"
    assert UTC_ZONE.minute(None) == "–"


def test_an_hour_that_comes_twice_shows_its_offset() -> None:
    assert BERLIN.minute(instant("2025-10-26T00:30")) == "02:30+02"
    assert BERLIN.minute(instant("2025-10-26T01:30")) == "02:30+01"
    assert BERLIN.minute(instant("2025-10-25T23:59")) == "01:59"
    assert BERLIN.minute(instant("2025-10-26T02:00")) == "03:00"


def test_half_hour_shifts_are_seen_too() -> None:
    lord_howe = Zone(ZoneInfo("Australia/Lord_Howe"), "local")
    assert lord_howe.minute(instant("2025-04-05T14:45")) == "01:45+11"
    assert lord_howe.minute(instant("2025-04-05T15:15")) == "01:45+10:30"


@pytest.mark.parametrize(
    ("offset_ms", "text"), [(0, "+00"), (7_200_000, "+02"), (19_800_000, "+05:30"), (-12_600_000, "-03:30")]
)
def test_offsets_are_short(offset_ms: int, text: str) -> None:
    assert short_offset(offset_ms) == text


def test_the_zone_is_taken_from_tz() -> None:
    zone = local_zone({"TZ": ":Europe/Berlin"})
    assert zone.minute(instant("2025-07-01T12:00")) == "14:00"
    assert zone.name == "local"


def test_without_data_it_is_utc_and_says_so(tmp_path: Path) -> None:
    for zone in (local_zone({"TZ": "Nowhere/Land"}), local_zone({}, tmp_path / "absent")):
        assert zone.minute(instant("2025-07-01T12:00")) == "12:00"
        assert zone.name.startswith("UTC (")


def test_the_zone_is_read_from_the_system_file(tmp_path: Path) -> None:
    broken = tmp_path / "localtime"
    broken.write_bytes(b"no zone")
    assert local_zone({}, broken).name.startswith("UTC (")


def test_a_rule_instead_of_a_name_is_left_to_the_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        zone = local_zone()
        assert zone.minute(instant("2025-07-01T12:00")) == "14:00"
        assert zone.minute(instant("2025-12-01T12:00")) == "13:00"
    finally:
        monkeypatch.undo()
        time.tzset()
