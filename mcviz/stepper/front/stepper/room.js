/* What room there is: beside, in height, and how large a view is drawn for a class. */

/** The window, in pixels, in which it is laid out before it is made larger: of one run, and of two. */
const ROOM = [1100, 620];
const ROOM_OF_TWO = [1100, 860];

/** How many times larger it then is, so that it fills the window. */
export function larger(runs) {
  const [wide, high] = runs > 1 ? ROOM_OF_TWO : ROOM;
  return Math.max(1, Math.min(3, innerWidth / wide, innerHeight / high));
}

/** The width, in pixels, from which two runs stand beside each other: as in style/layout.css. */
const BOTH = 2 * 340 + 28;
/** The heights of windows from which all parts have room as they are, and from which they are lower; below they are
 * lower still. */
const [TALL, LOW] = [960, 760];

/** Whether two runs have room beside each other. */
export function isWide(width) {
  return width >= BOTH;
}

/** What a window of that height is for what there is to see: tall, low or short. */
export function heightOf(pixels) {
  if (pixels >= TALL) return "tall";
  return pixels >= LOW ? "low" : "short";
}
