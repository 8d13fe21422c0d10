// The webcam as a model's input: frame after frame, as fast as it is answered.

import { button, el } from "../panels/dom";

export interface Camera {
  readonly element: HTMLElement;
  readonly toggle: HTMLElement;
  readonly running: boolean;
  frame(): Promise<Blob | null>;
}

const SIDE = 320;

export function camera(ready: () => void, failed: (text: string) => void): Camera {
  const video = el("video", { muted: true, playsinline: true, hidden: true, "aria-label": "Webcam" });
  const canvas = document.createElement("canvas");
  let stream: MediaStream | null = null;
  const stop = (): void => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.hidden = true;
    toggle.setAttribute("aria-pressed", "false");
  };
  const start = async (): Promise<void> => {
    try {
      // Undefined where the page came neither over TLS nor from this machine.
      const devices = navigator.mediaDevices as MediaDevices | undefined;
      if (!devices) throw new Error("a webcam needs TLS, or a server on this machine");
      stream = await devices.getUserMedia({ video: { width: 640, height: 480 } });
    } catch (error) {
      failed(`The webcam can't be used: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    video.srcObject = stream;
    await video.play();
    video.hidden = false;
    toggle.setAttribute("aria-pressed", "true");
    ready();
  };
  const toggle = button("Webcam", () => (stream ? stop() : void start()), { className: "small", attributes: { "aria-pressed": "false" } });
  return {
    element: video,
    toggle,
    get running() {
      return stream !== null;
    },
    frame() {
      if (!stream || video.videoWidth === 0) return Promise.resolve(null);
      const side = Math.min(video.videoWidth, video.videoHeight);
      canvas.width = canvas.height = SIDE;
      const [left, top] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
      canvas.getContext("2d", { willReadFrequently: true })?.drawImage(video, left, top, side, side, 0, 0, SIDE, SIDE);
      return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
    },
  };
}
