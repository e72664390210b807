"""Which passwords nobody may choose: those that are tried first. Pure.

Length is what protects most, and is looked at elsewhere (`models.sessions`). What is looked at here is what guessers
know of anybody: their name, the most common passwords, and rows of keys.
"""

import re

from ari_app.routing.directory import Agent

DISTINCT = 5
"""Different characters that a password has at least."""
BESIDES = 5
"""Characters that it has at least besides the agent's own names."""
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "qsdfghjklm",
)
_COMMON = frozenset(
    {
        "access", "adminadmin", "administrator", "asterisk", "baseball", "bienvenue", "callcenter", "callcentre",
        "callcontrol", "changeit", "changeme", "charlie", "computer", "corvette", "dragon", "dragonfly", "facebook",
        "football", "freedom", "hallo", "hallowelt", "iloveyou", "internet", "jordan", "killer", "letmein", "liverpool",
        "login", "loulou", "lovely", "manchester", "master", "mercedes", "michael", "michelle", "monkey", "motdepasse",
        "mustang", "mypassword", "newpassword", "ninja", "pass", "passe", "passpass", "passw", "passwd", "password",
        "passwort", "princess", "qazwsx", "samsung", "schatz", "secret", "shadow", "soleil", "sommer", "starwars",
        "summer", "sunshine", "superman", "supervisor", "support", "temp", "test", "testtest", "trustno", "trustnoone",
        "user", "username", "welcome", "whatever", "willkommen", "winter", "zaq", "zaqwsx", "zaqxsw",
    }
)  # fmt: skip
_AROUND = "0123456789!?.,*#$_-"
_LEET = str.maketrans("0134578@$!", "oleasrbasi")


def weakness(password: str, agent: Agent) -> str | None:
    """Why this agent may not have this password; None where they may."""
    plain = password.lower()
    if len(set(plain)) < DISTINCT:
        return f"must have at least {DISTINCT} different characters"
    own = {agent.id.lower(), *re.findall(r"\w{3,}", agent.name.lower()), (agent.phone or "").lower()} - {""}
    rest = plain
    for name in sorted(own, key=len, reverse=True):
        rest = rest.replace(name, "")
    if len(rest) < BESIDES:
        return "must not be made of your own name or number"
    if _common(plain) or _common(rest):
        return "is one of those that are tried first"
    return None


def _common(text: str) -> bool:
    """Whether it is a word that everybody takes, perhaps with figures around it, or a row of keys."""
    begun = text.rstrip(_AROUND).lstrip(_AROUND)
    words = {re.sub(r"[^a-z]", "", word) for word in (text, begun, begun.translate(_LEET))}
    inside = re.sub(r"[\W_]", "", text)
    return not words.isdisjoint(_COMMON) or any(
        _is_row(part, inside) for part in (*_ROWS, *(row[::-1] for row in _ROWS))
    )


def _is_row(row: str, text: str) -> bool:
    """Whether nearly all of it is a piece of this row of keys."""
    longest = max(n for n in range(len(text) + 1) if any(text[i : i + n] in row for i in range(len(text) - n + 1)))
    return len(text) - longest < DISTINCT - 1 and longest >= DISTINCT
