"""Correct rounding of roots of ratios, in integers."""

from math import isqrt, ldexp


def sqrt_ratio(numerator: int, denominator: int, exponent: int = 0) -> float:
    """Return √(numerator / denominator) · 2^exponent, correctly rounded (half to even).

    The ratio is scaled by a power of four to 109 bits or more, so that its integer root has at least 54 bits; a root
    that is not exact is made odd ("rounding to odd", Boldo and Melquiond 2008), after which the conversion to a double
    rounds as the real number would. The result must be in the range of normal doubles.

    Args:
        numerator: 0 or more.
        denominator: 1 or more.
        exponent: Power of two that the root is multiplied by.
    """
    if not numerator:
        return 0.0
    shift = (numerator.bit_length() - denominator.bit_length() - 109) // 2
    if shift > 0:
        quotient, rest = divmod(numerator, denominator << (2 * shift))
    else:
        quotient, rest = divmod(numerator << (-2 * shift), denominator)
    root = isqrt(quotient)
    if rest or root * root != quotient:
        root |= 1
    return ldexp(root, shift + exponent)
