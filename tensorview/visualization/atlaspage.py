"""An activation atlas as one HTML file: the map, zoomed by wheel, fingers or keys, with what each cell speaks for."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tensorview.sheet import png

if TYPE_CHECKING:
    from tensorview.visualization.atlas import ActivationAtlas

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>@TITLE@</title>
<style>
html,body{margin:0;height:100%;background:#121721;color:#dde2eb;font:14px system-ui,sans-serif;overflow:hidden}
#map{position:absolute;inset:0;cursor:grab;touch-action:none;outline-offset:-3px}
#map:active{cursor:grabbing}
#map img{position:absolute;left:0;top:0;transform-origin:0 0;image-rendering:auto;user-select:none}
#told{position:absolute;left:12px;bottom:12px;max-width:calc(100% - 48px);padding:6px 12px;border-radius:8px;background:#1d2430;pointer-events:none}
h1{position:absolute;left:12px;top:10px;margin:0;padding:4px 10px;border-radius:8px;background:#1d2430cc;font-size:14px;font-weight:600;pointer-events:none}
</style></head><body>
<div id="map" tabindex="0" role="img" aria-label="@TITLE@"><img alt="" draggable="false" src="data:image/png;base64,@PICTURE@"></div>
<h1>@TITLE@</h1><div id="told" aria-live="polite">Wheel, pinch or + and − zoom; drag or arrow keys move.</div>
<script type="application/json" id="cells">@CELLS@</script>
<script>
const map = document.getElementById("map"), image = map.firstElementChild, told = document.getElementById("told");
const { cells, side, shape } = JSON.parse(document.getElementById("cells").textContent);
const [height, width] = shape, known = new Map(cells.map((cell) => [cell[0] + "," + cell[1], cell]));
let x = 0, y = 0, scale = 1;
const draw = () => { image.style.transform = `translate(${x}px,${y}px) scale(${scale})`; };
const home = () => { scale = Math.min(innerWidth / width, innerHeight / height); x = (innerWidth - width * scale) / 2; y = (innerHeight - height * scale) / 2; draw(); };
const zoom = (factor, cx, cy) => { const next = Math.min(20, Math.max(0.05, scale * factor)); x = cx - (cx - x) * next / scale; y = cy - (cy - y) * next / scale; scale = next; draw(); };
map.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY / 400), event.clientX, event.clientY); }, { passive: false });
const fingers = new Map();
map.addEventListener("pointerdown", (event) => { map.setPointerCapture(event.pointerId); fingers.set(event.pointerId, event); });
for (const end of ["pointerup", "pointercancel"]) map.addEventListener(end, (event) => fingers.delete(event.pointerId));
map.addEventListener("pointermove", (event) => {
  const cell = known.get(Math.floor((event.clientY - y) / scale / side[0]) + "," + Math.floor((event.clientX - x) / scale / side[1]));
  if (cell) told.textContent = `${cell[3]}: ${cell[2]} inputs`;
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const other = [...fingers.values()].find((item) => item.pointerId !== event.pointerId);
  if (other) {
    const far = (a) => Math.hypot(a.clientX - other.clientX, a.clientY - other.clientY);
    zoom(far(event) / (far(before) || 1), other.clientX, other.clientY);
  } else { x += event.clientX - before.clientX; y += event.clientY - before.clientY; draw(); }
  fingers.set(event.pointerId, event);
});
map.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
  if (by) { x += by[0]; y += by[1]; draw(); }
  else if (event.key === "+" || event.key === "=") zoom(1.25, innerWidth / 2, innerHeight / 2);
  else if (event.key === "-") zoom(0.8, innerWidth / 2, innerHeight / 2);
  else if (event.key === "0") home();
  else return;
  event.preventDefault();
});
addEventListener("resize", home);
home();
</script></body></html>
"""  # noqa: E501


def page(atlas: ActivationAtlas, labels: Sequence[str] | None) -> str:
    """The file's text. Names come from users and models: they go in as data, never as markup."""
    picture = atlas.picture()
    cells = [
        [int(row), int(column), int(atlas.counts[row, column]), atlas.label(int(label), labels)]
        for (row, column), label in zip(atlas.places, atlas.labels, strict=True)
    ]
    side = atlas.made.images.shape[1:3]
    data = json.dumps({"cells": cells, "side": side, "shape": picture.shape[:2]}).replace("<", "\\u003c")
    title = html.escape(f"{atlas.layer}: {len(atlas.points):,} inputs")
    shown = _PAGE.replace("@TITLE@", title).replace("@PICTURE@", base64.b64encode(png(picture)).decode())
    return shown.replace("@CELLS@", data)
