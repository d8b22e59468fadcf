"""Makes a small, sharpened copy of one photo: python thumb.py PHOTO TARGET SIZE"""

import sys

from PIL import Image, ImageFilter, ImageOps

source, target, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Image.open(source) as photo:
    picture = ImageOps.exif_transpose(photo).convert("RGB")
picture.thumbnail((size, size), Image.Resampling.LANCZOS)
picture.filter(ImageFilter.UnsharpMask(radius=1.5, percent=80)).save(target)
print(f"{source}: {picture.width} x {picture.height}")
