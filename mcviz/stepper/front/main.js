/* The stepper: one run of Memory Caching, token by token.
 *
 * It draws the numbers of a payload (mcviz/stepper/payload.py) and computes nothing but positions and colours.
 *
 *   payload -> data/ (decode, Run) -> view.js (the parts, drawn with drawing/) -> stepper/ (time, keys) -> hosts/
 *
 * Each file is an ES module. `mcviz.stepper.assets` joins them into one text, in which all of them share one scope: a
 * name at the top level of a module stands for one thing in all of them.
 */

import { decode } from "./data/decode.js";
import { format } from "./drawing/text.js";
import { openPage } from "./hosts/page.js";
import { serve } from "./hosts/streamlit.js";
import { widget } from "./hosts/widget.js";
import { mount } from "./stepper/stepper.js";

/** Streamlit calls with where to stand in the payload of a name (hosts/numbers.js brings it); anywidget with nothing. */
export default function host(component) {
  return component ? serve(component) : widget();
}

export { decode, format, mount, openPage };
