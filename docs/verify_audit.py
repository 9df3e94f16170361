#!/usr/bin/env python3
"""Verify a pgveil audit log with nothing but its files and the public key. Python 3 standard library only.

    verify_audit.py DIR 'NAME+HASH+BASE64' [REMEMBERED_CHECKPOINT_FILE ...]

Written from docs/audit.md, not from pgveil's code, so that an auditor need not trust the vendor's binary.
Exit: 0 ok, 1 altered, 2 incomplete, 3 usage.
"""
import base64, hashlib, json, os, re, sys

# Ed25519 verification, RFC 8032 section 5.1.7 (not constant time: it handles nothing secret).
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

def recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x

def point(b):
    n = int.from_bytes(b, "little")
    y, sign = n & ((1 << 255) - 1), n >> 255
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)

def add(p, q):
    a, b, c, d = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0]), 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)

def mul(n, p):
    q = (0, 1, 1, 0)
    while n:
        q, p, n = add(q, p) if n & 1 else q, add(p, p), n >> 1
    return q

BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))

def signature_ok(public, message, sig):
    a, r, s = point(public), point(sig[:32]), int.from_bytes(sig[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(sig[:32] + public + message).digest(), "little") % L
    left, right = mul(s, BASE), add(r, mul(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0

def open_checkpoint(note, key):
    """The origin, size and root of a signed note, or an exception."""
    name, key_hash, public = key
    text, _, signatures = note.rstrip("\n").rpartition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        dash, signer, b64 = line.split(" ")
        raw = base64.b64decode(b64, validate=True)
        if dash == "\u2014" and signer == name and raw[:4] == key_hash:
            if len(raw) == 68 and signature_ok(public, text.encode(), raw[4:]):
                origin, size, root = text.split("\n")[:3]
                return origin, int(size), base64.b64decode(root, validate=True)
    raise ValueError("not signed by " + name)

def main(folder, verifier, *remembered):
    altered, incomplete = [], []
    name, hash_hex, b64 = verifier.split("+", 2)
    raw = base64.b64decode(b64, validate=True)
    key_hash = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    if raw[0] != 1 or len(raw) != 33 or key_hash.hex() != hash_hex:
        raise ValueError("not a verifier key")
    key, signed, origin = (name, key_hash, raw[1:]), [], None
    for path in (os.path.join(folder, "checkpoint"),) + remembered:
        try:
            with open(path, encoding="utf-8", newline="") as f:
                cp = open_checkpoint(f.read(), key)
            origin = origin or cp[0]
            if cp[0] != origin:
                raise ValueError("is of another log, " + cp[0])
            signed.append(cp[1:])
        except (OSError, ValueError) as e:
            altered.append(f"{path}: {e}")
    covered = signed[0][0] if signed else 0

    seq, peaks, sessions = 0, [], {}  # peaks: (level, hash), the tree's edge
    def compare():
        for size, root in signed:
            if size == seq:
                h = hashlib.sha256(b"").digest() if not peaks else peaks[-1][1]
                for _, left in reversed(peaks[:-1]):
                    h = hashlib.sha256(b"\x01" + left + h).digest()
                if h != root:
                    altered.append(f"the first {size} lines are not those that were signed")
    def event(line):
        ev = json.loads(line)
        if ev["seq"] != seq:
            altered.append(f"line {seq} says that it is number {ev['seq']}")
        kind, number = ev["kind"], ev.get("n", 0)
        if kind in ("statement.decided", "statement.refused"):
            s = sessions.setdefault(ev["session"], {"n": 0, "open": set()})
            if number != s["n"] + 1:
                altered.append(f"line {seq} is statement {number} of its session, after statement {s['n']}")
            s["n"] = number
            if kind == "statement.decided":
                s["open"].add(seq)
        elif kind in ("statement.done", "statement.lost"):
            try:
                sessions[ev["session"]]["open"].remove(ev["decided"])
            except KeyError:
                incomplete.append(f"line {seq} ends a statement that was not begun")
        ended = list(sessions) if kind in ("log.opened", "log.closed") else [ev["session"]] if kind == "session.end" else []
        for s in (sessions.pop(i) for i in ended if i in sessions):
            incomplete.extend(f"the statement that line {i} decided has no end" for i in s["open"])
    compare()
    files = sorted(f for f in os.listdir(folder) if re.fullmatch(r"\d{6}-\d{12}\.jsonl", f))
    for i, name in enumerate(files):
        if name != f"{i + 1:06}-{seq:012}.jsonl":
            altered.append(f"{name} is not the segment that should come here")
        with open(os.path.join(folder, name), "rb") as f:
            for line in f:
                if not line.endswith(b"\n"):
                    (altered if i < len(files) - 1 else incomplete).append(f"{name} ends in the middle of a line")
                    break
                try:
                    event(line)
                except (ValueError, KeyError, TypeError, AttributeError):
                    altered.append(f"line {seq} is not an event")
                h, level = hashlib.sha256(b"\x00" + line[:-1]).digest(), 0
                while peaks and peaks[-1][0] == level:
                    h, level = hashlib.sha256(b"\x01" + peaks.pop()[1] + h).digest(), level + 1
                peaks.append((level, h))
                seq += 1
                compare()
    altered.extend(f"there are {seq} lines, but {n} were signed: the end is missing" for n, _ in signed if n > seq)
    if seq > covered:
        incomplete.append(f"the last {seq - covered} lines are not signed")
    incomplete.extend(f"the statement that line {i} decided has no end" for s in sessions.values() for i in s["open"])
    print(f"{origin}: {seq} events, {covered} signed, {len(signed) - 1} remembered checkpoints compared")
    print(*[f"ALTERED: {t}" for t in altered], *[f"incomplete: {t}" for t in incomplete], sep="\n")
    return 1 if altered else 2 if incomplete else 0

if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (TypeError, ValueError, IndexError) as e:
        print(__doc__, e, sep="\n")
        sys.exit(3)
