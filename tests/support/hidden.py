"""Everything that can be read out of a published folder, by whoever takes the trouble."""

import base64
import gzip
import hashlib
import html
import io
import re
import urllib.parse
import zipfile
import zlib
from pathlib import Path

BASE64 = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")
PNG = b"\x89PNG\r\n\x1a\n"
DEEPEST = 6


def contents(folder: Path):
    """Each (place, bytes) of a folder: names, files, and what is packed in them, each once."""
    seen: set[bytes] = set()
    for file in sorted(folder.rglob("*")):
        place = file.relative_to(folder).as_posix()
        yield place, place.encode()
        if file.is_file():
            yield from unpacked(place, file.read_bytes(), seen)


def unpacked(place: str, content: bytes, seen: set[bytes], deep: int = 0):
    """The content itself, and its text unescaped and all that is packed in it, each once."""
    mark = hashlib.sha256(content).digest()
    if mark in seen or deep > DEEPEST:
        return
    seen.add(mark)
    if content[:8] != PNG:
        yield place, BASE64.sub(b"", content)
    for inner, part in _parts(content):
        yield from unpacked(f"{place} > {inner}", part, seen, deep + 1)


def _parts(content: bytes):
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield "comment", archive.comment
            for info in archive.infolist():
                yield "name", info.filename.encode() + info.extra + info.comment
                yield info.filename, archive.read(info)
        return
    if content[:2] == b"\x1f\x8b":
        yield "gz", gzip.decompress(content)
        return
    if content[:8] == PNG:
        yield from _chunks(content)
        return
    for at, found in enumerate(BASE64.finditer(content)):
        packed = found[0].rstrip(b"=")
        packed = packed[: len(packed) // 4 * 4 + (len(packed) % 4 if len(packed) % 4 > 1 else 0)]
        yield f"base64 {at}", base64.b64decode(packed + b"=" * (-len(packed) % 4))
    text = content.decode("utf-8", "ignore")
    text = re.sub(BASE64.pattern.decode(), "", text)
    for name, plain in (("unescaped", html.unescape(text)), ("url", urllib.parse.unquote(text))):
        if plain != text:
            yield name, plain.encode()
    if re.search(r"\\u[0-9a-f]{4}", text):
        told = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), text)
        yield "json", told.encode("utf-8", "surrogatepass")


def _chunks(png: bytes):
    """What a PNG says beside its pixels."""
    at = 8
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4]), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + size]
        at += size + 12
        if kind in (b"IHDR", b"IDAT", b"PLTE", b"IEND"):
            continue
        yield kind.decode(), body
        if kind in (b"zTXt", b"iTXt", b"iCCP"):
            for start in range(len(body)):
                try:
                    yield f"{kind.decode()} {start}", zlib.decompress(body[start:])
                    break
                except zlib.error:
                    continue


def found(folder: Path, needles) -> list[str]:
    """Where which of the needles stand; numbers only where no digit stands beside them."""
    packed = {}
    for needle in needles:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "cp932"):
            try:
                packed.setdefault(needle.encode(encoding), needle)
            except UnicodeEncodeError:
                continue
    hits = []
    for place, content in contents(folder):
        for needle in (n for n in packed if n in content):
            if not packed[needle].isdigit() or _stands_alone(needle, content):
                hits.append(f"{packed[needle]} in {place}")
    return hits


def _stands_alone(number: bytes, content: bytes) -> bool:
    """Whether it is a number there, and no part of a longer one, of a hash or of a drawing."""
    return bool(re.search(rb"(?<![0-9A-Za-z.])" + number + rb"(?![0-9A-Za-z.])", content))
