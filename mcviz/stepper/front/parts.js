/* The parts of the view, from top to bottom as the data flow: the one place where they are named.
 *
 * A part shows one thing about one run. To add one, write a file in parts/ and name its class below.
 *
 *   constructor(view)     makes `node`; `view` has `run`, `at`, `colours`, `bookmarks`, whether it is `playing` and `live`
 *                         (somebody answers for numbers that the payload lacks), `explain(at)`, the equation of the
 *                         number picked last, `go({step, head, segment})`; `edit`, what the host offers to whom
 *                         wants another token, and `write()`, which opens its editor; `surgery`, what can be done to
 *                         checkpoints
 *   node                  its element, made once
 *   resize(room)          optional; the room changed, or the colours: {stage, side, narrow, height, window}, the width
 *                         in pixels of the main column beside its labels, that of the side column, whether there is
 *                         little of it, whether the window is tall, low or short, and its height. Comes before the
 *                         first `paint`
 *   paint(run, at)        show token at.t, head at.h, and inspected segment at.i (-1: the online memory)
 *   static explains       optional; the numbers that it lets a reader pick, by kind: kind -> (run, at, pick) ->
 *                         {key, lines}, the name of an equation in `run.equations`, and its lines with numbers filled in
 *
 * Any element in it can be pointed at. It has then one or more of
 *
 *   element.hint(x, y)    the text to show for a place in it
 *   element.pick(x, y)    what a click there picks: {kind, ...}, a kind that a part explains or {kind: "inspect", i}
 *   element.move(dr, dc)  where a cursor moved by so many cells stands now, as [x, y]
 */

import { Details } from "./parts/details.js";
import { Equation } from "./parts/equation.js";
import { GateMap } from "./parts/gate_map.js";
import { Memories } from "./parts/memories/memories.js";
import { Output } from "./parts/output.js";
import { Story } from "./parts/story.js";
import { Tokens } from "./parts/tokens.js";

export const PARTS = { main: [Tokens, Story, Memories, Output, GateMap], side: [Equation, Details] };

/** How to explain a number, by the kind of its pick. */
export const EXPLANATIONS = Object.assign(
  {},
  ...Object.values(PARTS)
    .flat()
    .map((Part) => Part.explains),
);
