"""Cookies, tokens and links: random, shown once; the database holds only what recognises them."""

from __future__ import annotations

import hashlib
import secrets

BYTES = 32


def new_secret(prefix: str = "") -> tuple[str, str]:
    """A secret of 256 random bits for its owner, and its digest to be kept.

    A prefix says what it is to people, and to tools that look for secrets where none should be.
    """
    secret = prefix + secrets.token_urlsafe(BYTES)
    return secret, digest(secret)


def digest(secret: str) -> str:
    """SHA-256 in hex. No salt, no stretching: what is this random cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
