"""Routing: what the fake exchange answers to a path, with rows spoiled by faults."""

import json
from collections.abc import Sequence

from tests.support.fake_kraken_faults import TRANSPORT, Fault, Faults, spoil_asset_pairs, spoil_ohlc, spoil_ticker
from tests.support.fake_kraken_http import HttpRequest, HttpResponse
from tests.support.fake_kraken_listing import Listing
from tests.support.fake_kraken_wire import (
    INTERVALS,
    WireMarket,
    envelope,
    error_body,
    join_rows,
    status_result,
    time_result,
)

_PREFIX = "/0/public/"


class Answers:
    """Answers of one market under the faults in force."""

    def __init__(self, market: WireMarket, faults: Faults) -> None:
        self._market = market
        self._faults = faults

    def good(self, path: str, query: dict[str, str], at_ms: int) -> HttpResponse:
        """What the exchange says at an instant when nothing goes wrong: for checks after the fact."""
        return HttpResponse(self._body(f"{_PREFIX}{path}", query, at_ms, []))

    def answer(self, request: HttpRequest, path: str, at_ms: int, faults: Sequence[Fault]) -> HttpResponse:
        """The answer to one request; faults of the transport are left to the sender."""
        if request.method not in ("GET", "POST", "HEAD"):
            return HttpResponse(b"", 405)
        return HttpResponse(self._body(path, request.query, at_ms, faults))

    def _body(self, path: str, query: dict[str, str], at_ms: int, faults: Sequence[Fault]) -> bytes:
        data = [fault for fault in faults if fault.name not in TRANSPORT]
        match path.removeprefix(_PREFIX) if path.startswith(_PREFIX) else "":
            case "Time":
                return envelope(time_result(at_ms))
            case "SystemStatus":
                return envelope(status_result(at_ms))
            case "AssetPairs":
                return self._asset_pairs(data)
            case "Ticker":
                return self._ticker(query, at_ms, data)
            case "OHLC":
                return self._ohlc(query, at_ms, data)
            case _:
                return error_body("EGeneral:Unknown method")

    def _extra(self, faults: Sequence[Fault]) -> list[Listing]:
        names = {fault.name for fault in faults}
        added = {"new_pairs": self._market.reserve, "hostile_names": self._market.hostile}
        return [listing for name, listings in added.items() if name in names for listing in listings]

    def _asset_pairs(self, faults: Sequence[Fault]) -> bytes:
        entries = self._market.asset_pairs(self._extra(faults))
        spoiled: dict[str, object] = {**entries}
        for fault in faults:
            if fault.name not in ("new_pairs", "hostile_names"):
                spoiled |= spoil_asset_pairs(entries, fault)
        return envelope(json.dumps(spoiled, separators=(",", ":")))

    def _ticker(self, query: dict[str, str], at_ms: int, faults: Sequence[Fault]) -> bytes:
        extra = self._extra(faults)
        listings = [*self._market.listings, *extra]
        asked = query.get("pair")
        if asked is not None:
            tradeable = {listing.id for listing in (*listings, *self._market.reserve)}
            found = [self._market.find(name) for name in asked.split(",")]
            listings = [listing for listing in found if listing is not None and listing.id in tradeable]
            if len(listings) < len(found):
                return error_body("EQuery:Unknown asset pair")
        rows = self._market.ticker_rows(at_ms, listings, other_venue=asked is None)
        for fault in faults:
            if fault.name not in ("new_pairs", "hostile_names"):
                rows = spoil_ticker(rows, fault)
        return envelope(join_rows(rows))

    def _ohlc(self, query: dict[str, str], at_ms: int, faults: Sequence[Fault]) -> bytes:
        listing = self._market.find(query.get("pair", ""))
        if listing is None or not listing.display:
            return error_body("EQuery:Unknown asset pair")
        interval, since = query.get("interval", "1"), query.get("since", "0")
        if not interval.isdigit() or int(interval) not in INTERVALS or not since.isdigit():
            return error_body("EGeneral:Invalid arguments")
        rows = self._market.ohlc_rows(listing, int(interval), at_ms)
        open_s = at_ms // 60_000 // int(interval) * int(interval) * 60
        kept = [row for row in rows[:-1] if int(row[1 : row.index(",")]) > int(since)] + rows[-1:]
        for fault in faults:
            kept = spoil_ohlc(kept, fault)
        last = open_s - int(interval) * 60
        return envelope(f'{{{json.dumps(self._market.key(listing))}:[{",".join(kept)}],"last":{last}}}')
