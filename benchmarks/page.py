"""Measures exported pages in headless Chromium: first frame, draw calls closed and open, draws while idle, memory."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from common import COFFEE, ROOT, export, pages, python, report

TOOLS = Path(__file__).resolve().parent / "tools"
UNFOLD = """(() => {
    const folded = '.tree [aria-expanded="false"] .chevron';
    for (let i = 0; i < 500 && document.querySelector(folded); i++) document.querySelector(folded).click();
    return window.tensorview.openAll();
})()"""
"""Every block one by one in the list, then every layer of the model open."""
BARE = """<!doctype html><title>bare</title><body style="margin:0;overflow:hidden">
<canvas width="1280" height="720" style="display:block"></canvas><script>
const canvas = document.querySelector("canvas"), gl = canvas.getContext("webgl2", {antialias: false, alpha: false});
const program = gl.createProgram();
for (const [kind, text] of [[gl.VERTEX_SHADER, `#version 300 es
    void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0, 1); }`],
  [gl.FRAGMENT_SHADER, `#version 300 es
    precision highp float; uniform float t; out vec4 c; void main() { c = vec4(t, 0.2, 0.3, 1); }`]]) {
  const shader = gl.createShader(kind);
  gl.shaderSource(shader, text); gl.compileShader(shader); gl.attachShader(program, shader);
}
gl.linkProgram(program); gl.useProgram(program);
const t = gl.getUniformLocation(program, "t");
let frames = 0, asked = false;
const draw = () => { asked = false; gl.uniform1f(t, (frames++ % 50) / 50); gl.drawArrays(gl.TRIANGLES, 0, 3); };
const ask = () => { if (!asked) { asked = true; requestAnimationFrame(draw); } };
canvas.addEventListener("pointermove", ask); ask();
window.tensorview = {stats: () => ({frames, visible: 1}), openAll: ask};
</script>"""
"""The yardstick: one triangle over the window, drawn anew whenever the pointer moves. No page of WebGL does less."""
KEPT = ("draw_calls_median", "draw_calls_max", "drawn_frames", "frame_ms_median", "frame_ms_p95", "js_ms_median")


def chromium() -> str:
    found = subprocess.run(["sh", str(ROOT / "scripts" / "chromium.sh")], capture_output=True, text=True, check=True)
    return found.stdout.split()[0]


def meter(page: Path, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """What measure.mjs says of a page, with the Node and the playwright-core that the playwright package brings."""
    import playwright

    driver = Path(playwright.__file__).parent / "driver"
    modules = folder / "node_modules"
    modules.mkdir(exist_ok=True)
    if not (modules / "playwright-core").exists():
        (modules / "playwright-core").symlink_to(driver / "package")
    command = [
        str(driver / "node"),
        str(TOOLS / "measure.mjs"),
        *("--url", page.as_uri(), "--modules", str(folder), "--chromium", chromium()),
        *("--seconds", str(options.seconds), "--size", options.size, "--ready", "window.tensorview?.stats()"),
        *("--phase", "closed=", "--phase", "open=window.tensorview.openAll()", "--phase", f"unfolded={UNFOLD}"),
        *("--probe", "window.tensorview.stats()"),
    ]
    if options.shots:
        command += ["--shots", str(Path(options.shots) / page.stem)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.startswith("{"):
        raise SystemExit(f"the meter failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def summary(found: dict[str, Any]) -> dict[str, Any]:
    phases = {}
    for name, phase in found.get("phases", {}).items():
        probe = phase.get("probe") or {}
        draws = phase.get("drag", {}).get("draw_calls_max")
        visible = probe.get("visible")
        phases[name] = {
            "frames_drawn_while_idle": phase.get("idle", {}).get("drawn_frames"),
            "draws_a_frame": draws,
            "visible_layers": visible,
            "draws_a_visible_layer": round(draws / visible, 2) if draws and visible else None,
            "dragging": {key: phase.get("drag", {}).get(key) for key in KEPT},
            "hovering": {key: phase.get("hover", {}).get(key) for key in (*KEPT, "move_handler_ms_median")},
            "js_heap_mb": phase.get("js_heap_after_gc_mb"),
            "error": phase.get("error"),
        }
    long = found.get("long_tasks_after_first_frame")
    return {
        "first_frame_ms": found.get("first_frame_ms"),
        "long_tasks": long,
        "phases": phases,
        "errors": found.get("errors"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="of measuring in each part (default: 3)")
    parser.add_argument("--size", default="1280x720", help="of the window (default: 1280x720)")
    parser.add_argument("--shots", help="a folder for screenshots")
    parser.add_argument("--models", nargs="*", default=[], help="of keras.applications, such as ResNet50 VGG16")
    parser.add_argument("--bare", action="store_true", help="a page with one triangle first, as a yardstick")
    parser.add_argument("--made-up", action="store_true", help="a chain of 1,000 layers of 100 channels too")
    parser.add_argument("page", nargs="*", type=Path, help="exported pages (default: LeNet and EfficientNet-Lite0)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = [path.resolve() for path in options.page]
        if options.bare:
            wanted.insert(0, folder / "bare.html")
            wanted[0].write_text(BARE, encoding="utf-8")
        for page, (model, source) in ({} if options.page else pages()).items():
            wanted.append(folder / f"{page}.html")
            export(model, source, wanted[-1])
        for large in options.models:
            wanted.append(folder / f"{large}.html")
            export(f"keras:{large}", COFFEE, wanted[-1], "--weights", "none")
        if options.made_up:
            wanted.append(folder / "made_up.html")
            lenet, pattern = ROOT / "tests" / "data" / "models" / "lenet_mnist.keras", folder / "lenet.tview"
            export(str(lenet), lenet.with_name("lenet_mnist_input.npy"), pattern, "--format", "tview")
            python(str(ROOT / "benchmarks" / "made_up.py"), str(wanted[-1]), "--pattern", str(pattern))
        report(**{path.stem: summary(meter(path, folder, options)) for path in wanted})


if __name__ == "__main__":
    main()
