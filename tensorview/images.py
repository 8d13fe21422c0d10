"""Image files -> 8-bit pixels, upright, on white, in the size asked for."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tensorview.errors import InputError, first_line

MOST_PIXELS = 100_000_000
"""A picture with more pixels than this is refused before it is decoded."""


def read(path: str | Path, channels: int) -> np.ndarray:
    """The pixels of an image file: uint8 (H, W, channels) for 1 (grey), 3 (RGB) or 4 (RGBA) channels.

    The camera's rotation (EXIF) is applied, transparency is laid on white (for 1 and 3 channels), 16-bit samples are
    scaled to 8, and of an animation the first frame is taken. Raises InputError for what can't be read.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    path = Path(path)
    _keep_quiet()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; the limit below is ours
            with Image.open(path) as opened:
                width, height = opened.size
                if width * height > MOST_PIXELS:
                    raise InputError(
                        f"{path} has {width}×{height} pixels, more than the {MOST_PIXELS:,} that tensorview reads"
                    )
                if getattr(opened, "n_frames", 1) > 1:
                    opened.seek(0)
                upright = ImageOps.exif_transpose(opened)
                image = _eight_bit(upright if upright is not None else opened)
                pixels = np.asarray(_in_mode(image, {1: "L", 3: "RGB", 4: "RGBA"}[channels]))
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; expected an image, .npy or .npz file") from None
    except UnidentifiedImageError:
        raise InputError(f"{path} is no image that Pillow can read; expected an image, .npy or .npz file") from None
    except Image.DecompressionBombError as error:
        raise InputError(f"{path} has more than the {MOST_PIXELS:,} pixels that tensorview reads") from error
    except Exception as error:  # decoders raise many kinds for damaged files: OSError, SyntaxError, struct.error, ...
        reason = getattr(error, "strerror", None) or first_line(error)
        raise InputError(f"{path} could not be read as an image: {reason}") from error
    return pixels[..., None] if pixels.ndim == 2 else pixels


def resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """The whole picture in another size: bilinear, with the filter widened on shrinking so that nothing aliases.

    pixels: uint8 (H, W, 1|3|4); the result is uint8 (height, width, same channels).
    """
    from PIL import Image

    if pixels.shape[:2] == (height, width):
        return pixels
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    resized = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    return resized[..., None] if resized.ndim == 2 else resized


def _keep_quiet() -> None:
    """Pillow logs what it also raises; where nobody handles its log, Python would print that beside our own line."""
    logger = logging.getLogger("PIL")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _eight_bit(image: Any) -> Any:
    """Pictures with 16-bit, 32-bit or float samples as 8-bit grey; others as they are."""
    from PIL import Image

    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image).astype(np.float64)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    if image.mode == "F":
        scale = 255.0 if low >= 0 and high <= 1 else 1.0 if low >= 0 and high <= 255 else None
    else:
        scale = 255.0 / 65535.0 if low >= 0 and high <= 65535 else None
    if scale is None:  # no usual range: the darkest becomes black, the brightest white
        values, scale = values - low, 255.0 / (high - low)
    return Image.fromarray(np.clip(np.rint(values * scale), 0, 255).astype(np.uint8))


def _in_mode(image: Any, mode: str) -> Any:
    from PIL import Image

    transparent = "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "La", "RGBa")
    if transparent and mode != "RGBA":
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image).convert("RGB")
    return image.convert(mode)
