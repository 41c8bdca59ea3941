"""A figure before, after, and where it differs."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image, ImageFilter

WIDTH = 900  # pixels of a picture in the comparison
DIFFERS = 3  # of 255 in any channel: figures are drawn the same to the byte, so little is needed
MARK = (200, 30, 30)


def pictures(before: str, after: str) -> tuple[bytes, bytes, bytes, float]:
    """Before, after, and after in grey with what differs in red, as PNG of the same size.

    Parameters
    ----------
    before, after : PNG in base64, as a figure's data holds it.

    Returns
    -------
    three PNG, and the share of their area that is marked.
    """
    a, b = _opened(before), _opened(after)
    size = (max(a.width, b.width), max(a.height, b.height))
    a, b = _on_paper(a, size), _on_paper(b, size)
    apart = np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16)).max(axis=2) > DIFFERS
    # a blur by 3 pixels leaves something wherever anything within 3 pixels differs
    mask = Image.fromarray(apart.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(3))
    mask = mask.point(lambda value: 255 * (value > 0))
    grey = Image.blend(b.convert("L").convert("RGB"), Image.new("RGB", size, "white"), 0.6)
    marked = Image.composite(Image.new("RGB", size, MARK), grey, mask)
    marked = Image.blend(marked, b, 0.3)
    return _png(a), _png(b), _png(marked), float(np.asarray(mask, bool).mean())


def _opened(png: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode("".join(png.split())))).convert("RGB")
    if image.width <= WIDTH:
        return image
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.BOX)


def _on_paper(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    paper = Image.new("RGB", size, "white")
    paper.paste(image)
    return paper


def _png(image: Image.Image) -> bytes:
    """Few colours are enough to see what changed, and keep the page small."""
    buffer = io.BytesIO()
    image.quantize(48, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        buffer, "PNG", compress_level=7
    )
    return buffer.getvalue()
