"""Pictures cropped to their middle square and resized, by a filter that neither rings at edges nor skips pixels."""

import numpy as np
from jaxtyping import UInt8


def square(picture, pixels: int | None):
    """A Pillow picture's middle square at `pixels` × `pixels`; the picture itself where `pixels` is None."""
    from PIL import Image

    if pixels is None:
        return picture
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    middle = picture.crop((left, top, left + side, top + side))
    return middle.resize((pixels, pixels), Image.Resampling.BILINEAR)  # Pillow widens the triangle when it shrinks


def squares(x: UInt8[np.ndarray, "n c h w"], pixels: int | None) -> UInt8[np.ndarray, "n c p q"]:
    """The same for a whole array, channel by channel."""
    from PIL import Image

    if pixels is None or x.shape[2:] == (pixels, pixels):
        return x
    planes = [np.asarray(square(Image.fromarray(plane), pixels)) for plane in x.reshape(-1, *x.shape[2:])]
    return np.stack(planes).reshape(*x.shape[:2], pixels, pixels)
