/* Steppers in notebooks: each takes the place of its picture when that is seen, which in a fold is when it opens. */

import { whenSeen } from "./arrivals.js";
import { el } from "./dom.js";
import { unpacked } from "./fetched.js";
import { mount } from "./stepper.js";

async function bring(figure) {
  const payload = await unpacked(figure.dataset.run);
  const root = el("div", {});
  figure.replaceChildren(root);
  mount(root, payload, JSON.parse(figure.dataset.place));
}

// a browser that unpacks nothing keeps the pictures
if ("DecompressionStream" in globalThis) whenSeen(document.querySelectorAll("figure.stepper"), bring);
