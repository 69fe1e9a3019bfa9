"""How a browser is known again, without the token in it."""

import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Final

NAME: Final = "crypto_tui"
DAYS: Final = 30


def value(token: str) -> str:
    """What the cookie holds: made of the token, so that it outlives the server and ends with the token."""
    return hmac.new(token.encode(), b"crypto-tui browser", "sha256").hexdigest()


def header(token: str, *, is_secure: bool) -> str:
    """The ``Set-Cookie`` that lets a browser in."""
    secure = "; Secure" if is_secure else ""
    return f"{NAME}={value(token)}; Path=/; Max-Age={DAYS * 86_400}; HttpOnly; SameSite=Strict{secure}"


def is_let_in(token: str, headers: Mapping[str, str]) -> bool:
    """Whether a request comes from a browser that was let in; anybody is where no token is wanted."""
    if not token:
        return True
    try:
        found = SimpleCookie(headers.get("cookie", "")[:4_096]).get(NAME)
    except CookieError:
        return False
    return found is not None and hmac.compare_digest(found.value.encode(), value(token).encode())
