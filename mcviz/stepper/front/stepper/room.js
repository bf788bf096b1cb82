/* How large a view is drawn for a class. */

/** The window, in pixels, in which it is laid out before it is made larger: of one run, and of two. */
const ROOM = [1100, 620];
const ROOM_OF_TWO = [1100, 860];

/** How many times larger it then is, so that it fills the window. */
export function larger(runs) {
  const [wide, high] = runs > 1 ? ROOM_OF_TWO : ROOM;
  return Math.max(1, Math.min(3, innerWidth / wide, innerHeight / high));
}
