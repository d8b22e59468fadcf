"""Merges: lays the small pictures of all subtasks out on one sheet."""

import math
from pathlib import Path

from PIL import Image

GAP = 12

pictures = [Image.open(path) for path in sorted(Path("/work/parts").glob("*/out/*.png"), key=lambda path: path.name)]
columns = math.ceil(math.sqrt(len(pictures)))
width = max(picture.width for picture in pictures) + GAP
height = max(picture.height for picture in pictures) + GAP
sheet = Image.new("RGB", (columns * width + GAP, math.ceil(len(pictures) / columns) * height + GAP), "white")
for number, picture in enumerate(pictures):
    sheet.paste(picture, (GAP + number % columns * width, GAP + number // columns * height))
sheet.save("out/sheet.png")
print(f"{len(pictures)} pictures on one sheet of {sheet.width} x {sheet.height}")
