// What benchmarks/live.py does in a page: each a function of its one argument.
({
  // Draws circles on the pad: answers and frames a second.
  async pen(seconds) {
    const pad = document.querySelector("canvas.pad"), box = pad.getBoundingClientRect();
    const send = (kind, t) => pad.dispatchEvent(new PointerEvent(kind, {
      bubbles: true, pointerId: 1,
      clientX: box.left + box.width * (0.5 + 0.3 * Math.cos(t)),
      clientY: box.top + box.height * (0.5 + 0.3 * Math.sin(t * 1.3)),
    }));
    send("pointerdown", 0);
    const found = await this.count(seconds, (t) => send("pointermove", t / 300));
    send("pointerup", 0);
    return found;
  },
  // Watches a webcam that runs.
  film(seconds) {
    return this.count(seconds, () => undefined);
  },
  async count(seconds, step) {
    let answers = 0;
    const own = window.fetch;
    window.fetch = async (...asked) => {
      const got = await own(...asked);
      if (String(asked[0]).includes("/runs?")) answers++;
      return got;
    };
    const pause = () => new Promise((resolve) => setTimeout(resolve, 8));
    for (const end = performance.now() + 1000; performance.now() < end; await pause()) step(performance.now());
    answers = 0;
    const begun = performance.now(), before = window.tensorview.stats().frames;
    for (; performance.now() - begun < seconds * 1000; await pause()) step(performance.now());
    const took = (performance.now() - begun) / 1000;
    window.fetch = own;
    return { answers: answers / took, frames: (window.tensorview.stats().frames - before) / took };
  },
  // Opens a layer: milliseconds until its values have come, and until the frame that shows them is drawn.
  async look(node) {
    performance.clearResourceTimings();
    const begun = performance.now(), drawn = [];
    let frames = window.tensorview.stats().frames;
    window.tensorview.select(node);
    while (performance.now() - begun < 3000) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = window.tensorview.stats().frames;
      if (now !== frames) drawn.push(performance.now() - begun);
      frames = now;
    }
    const parts = performance.getEntriesByType("resource").filter((one) => /runs.*blobs/.test(one.name));
    const fetched = parts.length > 0 ? Math.max(...parts.map((one) => one.responseEnd)) - begun : null;
    window.tensorview.select(null);
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { fetched, bytes: parts.reduce((all, one) => all + one.encodedBodySize, 0), pixels: drawn.at(-1) ?? null };
  },
})
