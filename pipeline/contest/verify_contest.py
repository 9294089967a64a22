"""Check a contest's folder without the program that made it: Python 3.11 and the package `cryptography` are enough.

    python verify_contest.py CONTEST [--head "ID NUMBER HEAD"]... [--receipt FILE]...

Give it every head that was published and every receipt that a team took home: a ledger written anew from its first line
is in order by itself, and only they tell. It prints a sentence a finding and exits with 1, or facts to compare with
what you were told (keys of the desk and of officials) and exits with 0. Points are judged anew by `contest verify`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Event = dict[str, Any]
FIELDS = {"body": dict, "contest": str, "key": str, "kind": str, "prev": str, "seq": int, "sig": str, "t_ms": int}
OBJECTS = ("box", "canonical", "commitments", "diff", "manifest", "object", "plan", "sha256")  # name objects in bodies
TWO = ("appeal-decision", "clock-void", "final", "manual", "overrule", "panel-void", "rejudge-apply", "rejudge-cancel")
STAGES = {"seal": (0, 1), "open": (1, 2), "submission": (2, 2), "close": (2, 3), "reveal": (3, 4)}  # of a field
SELF_EVIDENT = re.compile(r"events\.jsonl|mirror\.toml|objects/.*|heads/.*|\.lock.*|(.*/)?\.[^/]+\.aside(\.[^/.]*)?")
FORMAT, TRUTH, LARGEST = "qianliyan-target-1", "qianliyan-truth-1", 256 * 1024 * 1024
BAD = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OSError)


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(path: Path) -> str:
    whole = path.is_file() and not path.is_symlink() and path.stat().st_size <= LARGEST
    return sha256(path.read_bytes()).hexdigest() if whole else "missing, a link, or too large"


def signed(key: str, data: bytes, signature: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), data)
    except (InvalidSignature, *BAD):
        return False
    return True


def event_of(line: bytes) -> Event:
    event = json.loads(line.decode())
    if canonical(event) != line or {k: type(v) for k, v in event.items()} != FIELDS:
        raise ValueError("no event in canonical form")
    said = canonical({k: event[k] for k in FIELDS if k != "sig"})
    return {**event, "head": sha256(line).hexdigest(), "line": line, "said": said}


def root(leaves: list[bytes]) -> bytes:
    """Merkle tree of RFC 6962 over hashed leaves: it parts at the largest power of two below their number."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root(leaves[:half]) + root(leaves[half:])).digest()


class Checker:
    """The checks, and what they remember from event to event; `n` is the number of an event's line, from 1."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.found, self.events = folder, list[str](), list[Event]()
        self.desks, self.nonces, self.stages = set[str](), set[str](), dict[str, int]()
        self.officials, self.seals = dict[str, tuple[str, str]](), dict[str, tuple[str, list[str], str]]()
        self.objects = {p.name: p for p in sorted((folder / "objects").glob("*/[!.]*"))}

    def check_chain(self, data: bytes) -> None:
        """Each line's form, contest, number, link, time, key and signature."""
        *lines, torn = data.split(b"\n")
        for n, line in enumerate(lines, 1):
            try:
                event = event_of(line)
                body, key = event["body"], event["key"]
                self.desks |= {body["desk"]["key"]} if n == 1 else set()
            except BAD:
                return self.found.append(f"line {n}: damaged or changed; what follows it was not checked")
            last = self.events[-1] if n > 1 else {"contest": body.get("id"), "head": "0" * 64, "t_ms": 0}
            faults = (
                (event["contest"] != last["contest"], f"it belongs to another contest, {event['contest']}"),
                (event["seq"] != n - 1, f"it is event {event['seq']}; a line was deleted, moved or inserted"),
                (event["prev"] != last["head"], "it does not follow the line before; one of the two was changed"),
                (event["t_ms"] < last["t_ms"], "its time is before that of the line before"),
                (key not in self.desks, f"signed by no desk of this contest, but {key[:16]}"),
                (not signed(key, event["said"], event["sig"]), "its signature does not fit; it was changed"),
            )
            self.found += [f"line {n}: {fault}" for is_so, fault in faults if is_so]
            self.desks |= {body["key"]} if event["kind"] == "machine" and "key" in body else set()
            self.events.append(event)
        if torn or not lines:
            self.found.append(f"line {len(lines) + 1}: the ledger ends in {len(torn)} bytes that are no whole line")

    def check_objects(self, n: int, event: Event) -> None:
        """What an event names is there; whether it fits its name is checked for all objects together."""
        body, changes = event["body"], event["body"].get("changes", {})
        named = [body.get(k) for k in OBJECTS] + [*body.get("rules", {}).values(), *changes.get("rules", {}).values()]
        for name in {v for v in named if isinstance(v, str)} - self.objects.keys():
            self.found.append(f"line {n}: the object {name[:64]}, which it names, is missing")

    def check_fields(self, n: int, event: Event) -> None:
        """Each field's order of events, its seal's root, and what was revealed against what was sealed."""
        kind, body = event["kind"], event["body"]
        field, (due, after) = f"{body['leg']}/{body['field']}", STAGES[kind]
        if self.stages.get(field, 0) != due:
            self.found.append(f"line {n}: `{kind}` of {field} out of order: seal, open, submissions, close, reveal")
        self.stages[field] = after
        if kind == "seal":
            listed = sorted(json.loads(self.objects[body["commitments"]].read_bytes())["commitments"])
            self.seals[field] = (body["rules_digest"], listed, body["survey"]["truth_digest"])
            leaves = [sha256(b"\x00" + bytes.fromhex(c)).digest() for c in listed]
            if len(leaves) != body["count"] or root(leaves).hex() != body["root"]:
                self.found.append(f"line {n}: the commitments published for {field} are not those under its root")
        if kind == "reveal":
            told, (rules, sealed, truth) = json.loads(self.objects[body["object"]].read_bytes()), self.seals[field]
            beside = {**{k: body[k] for k in ("leg", "field")}, "contest": event["contest"], "rules_digest": rules}
            entries = [{"format": FORMAT, "salt": t["salt"], "target": t["target"], **beside} for t in told["targets"]]
            honest = all(t["decoy"] == (list(t["target"]) == ["decoy"]) for t in told["targets"])
            plain = {"format": TRUTH, "targets": [t["target"] for t in told["targets"] if not t["decoy"]]}
            surveyed = sha256(canonical({**plain, "truth_salt": told["truth_salt"]})).hexdigest() == truth
            if not (honest and surveyed) or sorted(sha256(canonical(e)).hexdigest() for e in entries) != sealed:
                self.found.append(f"line {n}: the targets revealed of {field} are not those that were sealed")

    def check_approvals(self, n: int, event: Event) -> None:
        """Who had to sign did, over these very words, was registered before, and each nonce counts once."""
        kind, words, roles = event["kind"], event["body"], ["judge"]
        if kind == "seal":
            kind, words, roles = "survey", {**words["survey"], "approved": words["surveyed"]}, ["judge", "surveyor"]
        if kind in (*TWO, "survey") or "approved" in words:
            said = {k: v for k, v in words.items() if k not in ("approved", "clock_back_ms")}
            data = canonical({"approves": kind, "body": said, "contest": event["contest"]})
            given, least = words["approved"], 1 if kind == "panel-entry" else 2
            fit = {a["key"] for a in given if signed(a["key"], data, a["sig"])}
            if not least <= len(fit) == len(given) or any(self.officials.get(k, "?")[0] not in roles for k in fit):
                self.found.append(f"line {n}: `{kind}` lacks the signatures of {least} registered officials")
            if words["nonce"] in self.nonces or not re.fullmatch("[0-9a-f]{32}", words["nonce"]):
                self.found.append(f"line {n}: the signatures under `{kind}` were used before, or can be again")
            self.nonces.add(words["nonce"])
        self.officials |= {words["key"]: (words["role"], words["name"])} if kind == "official" else {}

    def check_final(self, n: int, event: Event) -> None:
        """It was signed over the line before; all files that it lists are there and unchanged, and no others."""
        listed = event["body"]["manifest"]
        there = [p for p in self.folder.rglob("*") if p.is_symlink() or p.is_file()]
        added = {name for p in there if not SELF_EVIDENT.fullmatch(name := p.relative_to(self.folder).as_posix())}
        changed = {name for name, digest in listed.items() if digest_of(self.folder / name) != digest}
        changed |= {"events.jsonl"} if event["body"]["head"] != event["prev"] else set()
        odd = sorted(changed | (added - listed.keys()))
        self.found += [f"{name}: missing, changed or added since the contest was made final" for name in odd]

    def check_all(self, heads: list[str], receipts: list[Path]) -> None:
        """All of that, and that every published head is one of this ledger's, and every receipt one of its lines."""
        self.check_chain((self.folder / "events.jsonl").read_bytes())
        bad = [p for name, p in self.objects.items() if digest_of(p) != name or p.parent.name != name[:2]]
        self.found += [f"objects/{p.parent.name}/{p.name}: damaged; it does not fit its name" for p in bad]
        some = {**dict.fromkeys(STAGES, self.check_fields), "final": self.check_final}
        for n, event in enumerate(self.events, 1):
            for check in filter(None, (self.check_objects, some.get(event["kind"]), self.check_approvals)):
                try:
                    check(n, event)
                except BAD:
                    self.found.append(f"line {n}: `{event['kind']}`, or an object that it names, is not in its form")
        own = [p.read_text("utf-8").split("\n\n")[0] for p in sorted((self.folder / "heads").glob("[!.]*.txt"))]
        known = {(e["contest"], str(e["seq"]), e["head"]) for e in self.events}
        odd = [t for t in [*own, *heads] if (*t.split()[:2], "".join(t.split()[2:])) not in known]
        self.found += [f"head {t!r}: of no event here; lines were changed or cut off since" for t in odd]
        lines, files = {e["line"] for e in self.events}, sorted((self.folder / "receipts").glob("[!.]*.json"))
        odd = [p.name for p in [*files, *receipts] if p.read_bytes().rstrip() not in lines]
        self.found += [f"receipt {name}: of no line here; it was changed, or the ledger since" for name in odd]


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("contest", type=Path)
    words.add_argument("--head", action="append", default=[])
    words.add_argument("--receipt", action="append", default=[], type=Path)
    asked = words.parse_args()
    checker = Checker(asked.contest)
    try:
        checker.check_all(asked.head, asked.receipt)
    except BAD as why:
        checker.found.append(f"{asked.contest}: cannot be checked to its end ({why})")
    facts = [f"{e['body']['desk']['key']}  desk of contest {e['contest']}" for e in checker.events[:1]]
    facts += [f"{key}  {role} {name}" for key, (role, name) in checker.officials.items()]
    facts += [f"{e['head']}  head of event {e['seq']}, the last: all is in order" for e in checker.events[-1:]]
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a console may not know every character
    for line in checker.found or facts:
        print("".join(c if c.isprintable() else "?" for c in line))
    return 1 if checker.found else 0


if __name__ == "__main__":
    sys.exit(main())
