// What is on the faces of boxes. A face's numbers travel as flat varyings; cells are found by arithmetic.

import { ARRIVING } from "../layout/timetable";
import { BYTES_WIDE, QUANTS_WIDE } from "./texels";

/** Texels of parameters that a box has; scene/params.ts writes them, the vertex shader reads them. */
export const PARAM_TEXELS = 11;

export const MODE = { blank: 0, values: 1, picture: 2, heatMap: 3, heatPicture: 4, curves: 5 } as const;
/** Sides of a box in the order in which their vertices lie. */
export const SIDE = { front: 0, right: 1, top: 2, rest: 3 } as const;

export const VERTEX = /* glsl */ `
in vec3 position;
in vec2 place;
in vec2 which;
uniform mat4 scene;
uniform highp sampler2D params;
uniform float wave;
out vec2 at;
flat out int side;
flat out int box;
flat out vec4 p0, p1, p2, p3, p4, p5, p6, p7, p8, p9;
flat out float begun;
flat out vec3 p10;
vec4 param(int i) { return texelFetch(params, ivec2(i, box), 0); }
void main() {
  at = place;
  box = int(which.x + 0.5);
  side = int(which.y + 0.5);
  p0 = param(0); p1 = param(1); p2 = param(2); p3 = param(3); p4 = param(4);
  p5 = param(5); p6 = param(6); p7 = param(7); p8 = param(8); p9 = param(9);
  begun = wave - param(10).x;
  p10 = param(10).yzw;
  gl_Position = scene * vec4(position, 1.0);
}`;

export const FRAGMENT = /* glsl */ `
precision highp float;
precision highp int;
precision highp sampler2D;
in vec2 at;
flat in int side;
flat in int box;
// p0 codes' offset, quants' offset, mode, end of the colour scale (0: each channel its own; of heat: the code of zero)
// p1 columns, rows, maps, gap          p2 cells down, cells across, step of map, step of y
// p3 step of x; quants: map, y, x      p4 quants' divisor, brightness of an empty face, fade, opacity of heat
// p5 picture or mean map: offset, height, width, channels or end of scale
// p6 heat: offset, height, width, end of scale
// p7 sheets, side's offset, top's offset, contrast   p8 side's height, top's width, clamp's bounds
// p9 kind's colour                     p10 mask's offset (negative: none) and length, whether values have both signs
flat in vec4 p0, p1, p2, p3, p4, p5, p6, p7, p8, p9;
// How long ago the forward pass came to this box.
flat in float begun;
flat in vec3 p10;
uniform sampler2D codes, quants, maps, sheets;
uniform vec3 background, gap, paper, ink, accent;
uniform float dark, fine;
out vec4 colour;

float code(int i) {
  return floor(texelFetch(codes, ivec2(i & ${BYTES_WIDE - 1}, i >> ${Math.log2(BYTES_WIDE)}), 0).r * 255.0 + 0.5);
}
vec3 ramp(float t, int row) {
  return texelFetch(maps, ivec2(int(floor(min(abs(t), 1.0) * 255.0 + 0.5)), row), 0).rgb;
}
// Stripes of some pixels, that what is no number be seen for what it is without its colour too.
vec3 hatched(vec3 plain, float slope) {
  float spot = mod(gl_FragCoord.x + slope * gl_FragCoord.y, 6.0);
  return spot < 2.0 ? mix(plain, dark > 0.5 ? vec3(0.0) : vec3(1.0), 0.55) : plain;
}
vec3 padding() {
  return hatched(mix(background, dark > 0.5 ? vec3(1.0) : vec3(0.0), 0.16), 1.0);
}
bool padded(int step, float steps) {
  if (p10.x < 0.0) return false;
  return code(int(p10.x) + int((float(step) + 0.5) / steps * p10.y)) < 0.5;
}
// What a code is worth, and the value at the end of its scale.
vec2 worth(ivec3 cell, float c) {
  int q = int(p0.y) + int(floor((float(cell.x) + 0.5) / p4.x)) * int(p3.y) + cell.y * int(p3.z) + cell.z * int(p3.w);
  vec2 pair = texelFetch(quants, ivec2(q & ${QUANTS_WIDE - 1}, q >> ${Math.log2(QUANTS_WIDE)}), 0).rg;
  vec2 ends = clamp(vec2(pair.y, pair.y + 252.0 * pair.x), p8.z, p8.w);
  float end = p0.w > 0.0 ? p0.w : max(max(abs(ends.x), abs(ends.y)), 1e-30);
  return vec2(clamp(c < 252.5 ? pair.y + pair.x * c : (c < 254.5 ? 1e38 : -1e38), p8.z, p8.w), end);
}
float codeOf(ivec3 cell) {
  return code(int(p0.x) + cell.x * int(p2.z) + cell.y * int(p2.w) + cell.z * int(p3.x));
}
bool isNan(float c) { return c > 252.5 && c < 253.5; }
// Infinities that the clamp leaves are loud.
bool isInfinite(float c) { return (c > 253.5 && c < 254.5 && p8.w > 3.3e38) || (c > 254.5 && p8.z < -3.3e38); }
const vec3 NAN = vec3(1.0, 0.0, 1.0), INFINITE = vec3(0.0, 1.0, 0.0);
vec3 values(vec2 uv) {
  vec2 tile = uv * p1.xy;
  vec2 corner = floor(tile);
  float map = corner.y * p1.x + corner.x;
  vec2 inside = (tile - corner - p1.w) / (1.0 - 2.0 * p1.w);
  if (map >= p1.z) return mix(background, p9.rgb, 0.08);
  if (any(lessThan(inside, vec2(0.0))) || any(greaterThanEqual(inside, vec2(1.0)))) return gap;
  ivec3 cell = ivec3(int(map), ivec2(inside * vec2(p2.y, p2.x)).yx);
  float c = codeOf(cell);
  if (padded(cell.x * int(p2.x) + cell.y, p1.z * p2.x)) return padding();
  if (isNan(c)) return hatched(NAN, 1.0);
  if (isInfinite(c)) return hatched(INFINITE, -1.0);
  vec2 value = worth(cell, c);
  float t = value.x / value.y;
  return ramp(t, t < 0.0 ? 1 : 0);
}
#ifdef CURVES
// A curve a channel, time to the right: where a pixel spans several steps, from the least to the largest of them.
vec3 curves(vec2 uv, float wide, float tall) {
  float lane = floor(uv.y * p1.y), steps = p2.y;
  float place = (uv.y * p1.y - lane - p1.w) / (1.0 - 2.0 * p1.w), pixel = tall * p1.y / (1.0 - 2.0 * p1.w);
  if (place < 0.0 || place > 1.0) return gap;
  float middle = uv.x * steps, reach = max(wide * steps, 0.02);
  float from = clamp(middle - 0.5 - 0.5 * reach, 0.0, steps - 1.0), to = clamp(middle - 0.5 + 0.5 * reach, 0.0, steps - 1.0);
  int first = int(floor(from)), last = int(ceil(to)), stride = max(1, (last - first) / 24);
  int here = int(clamp(middle, 0.0, steps - 0.5));
  if (padded(here, steps)) return padding();
  float low = 1e9, high = -1e9, before = 0.0;
  bool odd = false;
  float kind = 0.0;
  for (int i = first; i <= last; i += stride) {
    ivec3 cell = ivec3(int(lane), 0, i);
    float c = codeOf(cell);
    if (isNan(c) || isInfinite(c)) { odd = odd || i == here || stride > 1; kind = c; continue; }
    vec2 value = worth(cell, c);
    float v = clamp(value.x / value.y, -1.0, 1.0);
    // At the pixel's edges the curve is between two steps.
    float at0 = float(i) < from ? from : float(i) > to ? to : float(i);
    if (i > first) {
      float slope = v - before;
      float a = before + slope * clamp(from - float(i - stride), 0.0, float(stride)) / float(stride);
      float b = before + slope * clamp(to - float(i - stride), 0.0, float(stride)) / float(stride);
      low = min(low, min(a, b)); high = max(high, max(a, b));
    } else if (last == first || at0 == float(i)) { low = min(low, v); high = max(high, v); }
    before = v;
  }
  if (odd) return isNan(kind) ? hatched(NAN, 1.0) : hatched(INFINITE, -1.0);
  // Up is more: zero lies in the middle of values of both signs, else at the foot; a little is left free above and below.
  float zero = p10.z > 0.5 ? 0.5 : 0.96, unit = p10.z > 0.5 ? 0.46 : 0.9;
  float top = zero - high * unit, bottom = zero - low * unit;
  float away = max(max(top - place, place - bottom), 0.0) / pixel;
  bool positive = place < zero;
  float inside = positive ? step(top, place) : step(place, bottom);
  vec3 plain = mix(background, ramp(0.0, 0), 0.5);
  vec3 area = mix(plain, ramp(0.4, positive ? 0 : 1), 0.75 * inside * step(high < low ? 1.0 : 0.0, 0.5));
  vec3 line = ramp(0.8, high + low >= 0.0 ? 0 : 1);
  vec3 seen = mix(area, mix(background, dark > 0.5 ? vec3(1.0) : vec3(0.0), 0.35), clamp(1.0 - abs(place - zero) / pixel, 0.0, 1.0) * 0.5);
  return mix(seen, line, clamp(1.4 - away, 0.0, 1.0));
}
#endif
vec3 pixel(vec2 uv) {
  ivec2 cell = ivec2(clamp(uv, 0.0, 0.99999) * p5.zy);
  int i = int(p5.x) + (cell.y * int(p5.z) + cell.x) * int(p5.w);
  float r = code(i);
  return (p5.w > 2.0 ? vec3(r, code(i + 1), code(i + 2)) : vec3(r)) / 255.0;
}
#ifdef HEAT
float heatAt(ivec2 cell) {
  cell = clamp(cell, ivec2(0), ivec2(p6.zy) - 1);
  float c = code(int(p6.x) + cell.y * int(p6.z) + cell.x);
  return c > 252.5 ? 0.0 : (c - p0.w) * p6.w;
}
float heatSmooth(vec2 uv) {
  vec2 spot = uv * p6.zy - 0.5;
  ivec2 low = ivec2(floor(spot));
  vec2 part = spot - floor(spot);
  return mix(mix(heatAt(low), heatAt(low + ivec2(1, 0)), part.x), mix(heatAt(low + ivec2(0, 1)), heatAt(low + ivec2(1, 1)), part.x), part.y);
}
float veil(float h) {
  return p4.w * smoothstep(0.08, 0.62, abs(h));
}
// What speaks against the class has a ramp of its own.
vec3 warmth(float h) {
  return ramp(h, h < 0.0 ? 3 : 2);
}
vec3 heatPicture(vec2 uv) {
  vec3 picture = pixel(uv);
  float light = dot(picture, vec3(0.299, 0.587, 0.114));
  vec3 dim = mix(picture, vec3(light), 0.75) * (dark > 0.5 ? 0.62 : 0.95);
  if (p6.y < 0.5) return dim;
  float h = heatSmooth(uv);
  return mix(dim, min(warmth(h) * (0.72 + 0.48 * light), 1.0), veil(h));
}
vec3 heatMap(vec2 uv) {
  ivec2 cell = ivec2(clamp(uv, 0.0, 0.99999) * p5.zy);
  float c = code(int(p5.x) + cell.y * int(p5.z) + cell.x);
  vec3 grey = c > 252.5 ? vec3(1.0, 0.0, 1.0) : mix(paper, ink, pow(clamp(c * p5.w, 0.0, 1.0), 0.8));
  if (p6.y < 0.5) return grey;
  float h = heatAt(ivec2(clamp(uv, 0.0, 0.99999) * p6.zy));
  return mix(grey, warmth(h), veil(h));
}
#endif
// A loop that is run once or not at all: software renderers work through both sides of an if, but not through loops
// that no pixel is in.
#define WHEN(condition) for (bool go = (condition); go; go = false)
vec3 front(vec2 uv) {
  int mode = int(p0.z + 0.5);
  vec3 seen = mix(background, p9.rgb, p4.y);
  WHEN(mode == 1) seen = values(uv);
  WHEN(mode == 2) seen = pixel(uv);
#ifdef HEAT
  WHEN(mode == 3) seen = heatMap(uv);
  WHEN(mode == 4) seen = heatPicture(uv);
#endif
  return seen;
}
// Inside a cell one place is enough. Across edges of cells that are larger than a pixel, each cell counts by its share
// of the pixel; where cells are smaller, nine places stand for all of them, four while the picture moves.
vec3 averaged(vec2 uv, vec2 dx, vec2 dy) {
  bool grid = p0.z < 1.5;
  vec2 cells = grid ? vec2(p2.y, p2.x) : p5.zy;
  vec2 tiles = grid ? p1.xy : vec2(1.0);
  float gap0 = grid ? p1.w : 0.0, inner = 1.0 - 2.0 * gap0;
  vec2 unit = inner / (tiles * cells);
  vec2 reach = (abs(dx) + abs(dy)) / unit;
  vec2 spot = (fract(uv * tiles) - gap0) * cells / inner;
  vec2 edge = floor(spot + 0.5);
  vec2 low = clamp((edge - spot) / reach + 0.5, 0.0, 1.0);
  vec2 most = gap0 > 0.0 ? min(vec2(1.0), 2.0 * gap0 * cells / inner) : vec2(1.0);
  bvec2 across = bvec2(low.x > 0.0 && low.x < 1.0, low.y > 0.0 && low.y < 1.0);
  bool many = any(greaterThan(reach, most));
  vec2 share = mix(vec2(1.0), low, vec2(across));
  vec2 before = mix(vec2(0.0), edge - spot - 0.01, vec2(across)), after = edge - spot + 0.01;
  int wide = across.x ? 2 : 1, count = many ? (fine > 0.5 ? 9 : 4) : wide * (across.y ? 2 : 1);
  vec3 sum = vec3(0.0);
  for (int i = 0; i < count; i++) {
    vec2 upper = vec2(wide == 2 ? i & 1 : 0, wide == 2 ? i >> 1 : i);
    vec2 weight = mix(share, 1.0 - share, upper);
    vec2 spread = fine > 0.5 ? (vec2(i % 3, i / 3) - 1.0) / 3.0 : vec2(i & 1, i >> 1) * 0.5 - 0.25;
    vec2 place = many ? uv + dx * spread.x + dy * spread.y : uv + mix(before, after, upper) * unit;
    sum += (many ? 1.0 / float(count) : weight.x * weight.y) * front(clamp(place, 0.0, 0.999999));
  }
  return sum;
}
vec3 sheet(vec2 uv, float step, bool upper) {
  float count = max(p7.x, 1.0);
  float spot = clamp(uv.x, 0.0, 0.9999) * count;
  int s = int(spot);
  vec3 kind = p9.a > 0.5 ? texelFetch(sheets, ivec2(s, box), 0).rgb : p9.rgb;
  float offset = upper ? p7.z : p7.y, size = upper ? p8.y : p8.x;
  float bright = 0.5;
  if (offset >= 0.0 && size > 0.5) bright = pow(min(code(int(offset) + s * int(size) + int(clamp(uv.y, 0.0, 0.9999) * size)) / 252.0, 1.0), 0.6);
  bright = mix(0.5, bright, p7.w);
  vec3 low = dark > 0.5 ? mix(background, kind, 0.38) : mix(background, kind, 0.5);
  vec3 high = dark > 0.5 ? mix(kind, vec3(1.0), 0.18) : kind * 0.86;
  // Between sheets a thin shadow, where a sheet is wide enough to show it.
  float crease = smoothstep(0.35, 0.0, abs(step) * count) * smoothstep(0.86, 0.97, fract(spot)) * (count > 1.0 ? 0.35 : 0.0);
  return mix(low, high, bright) * (dark > 0.5 ? (upper ? 0.92 : 0.62) : (upper ? 1.0 : 0.84)) * (1.0 - crease);
}
vec3 deck(vec2 uv, float step, bool upper) {
  int count = abs(step) * p7.x < 0.3 || fine < 0.5 ? 1 : 3;
  vec3 sum = vec3(0.0);
  for (int i = 0; i < count; i++) sum += sheet(uv + vec2(step * (float(i) + 0.5 - 0.5 * float(count)) / 3.0, 0.0), step, upper);
  return sum / float(count);
}
void main() {
  vec3 seen = mix(background, p9.rgb, dark > 0.5 ? 0.24 : 0.4);
  // Slopes must be known before ways part.
  vec2 dx = dFdx(at), dy = dFdy(at);
  WHEN(side == 0 && p0.z < 4.5) seen = averaged(at, dx, dy);
#ifdef CURVES
  WHEN(side == 0 && p0.z > 4.5) seen = curves(at, abs(dx.x) + abs(dy.x), abs(dx.y) + abs(dy.y));
#endif
  WHEN(side == 1 || side == 2) seen = deck(at, dx.x + dy.x, side == 2);
  // The forward pass fills the face from left to right; what it has not come to stands in the dark.
  float filled = (begun - ${ARRIVING.toFixed(2)}) / ${(1 - ARRIVING).toFixed(2)}, place = side == 0 ? at.x : side == 1 ? 1.0 : 0.5;
  if (begun < 1.2) {
    float ahead = smoothstep(-0.01, 0.01, place - filled), edge = side == 0 && filled < 1.0 ? smoothstep(0.06, 0.0, abs(place - filled)) : 0.0;
    seen = mix(mix(seen, mix(background, p9.rgb, side == 0 ? 0.07 : 0.13), ahead), accent, 0.7 * edge);
  }
  colour = vec4(mix(seen, background, p4.z), 1.0);
}`;
