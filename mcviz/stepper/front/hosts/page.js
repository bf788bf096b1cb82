/* A single HTML file. */

import { el } from "../drawing/dom.js";
import { mount } from "../stepper/stepper.js";

/** Unpack what is written in the file, and keep the state in its address. */
export async function openPage(root, text) {
  let bytes;
  try {
    bytes = await unpacked(text);
  } catch {
    const words = "This run cannot be shown: the data in this file are damaged.";
    root.replaceChildren(el("p", { class: "problem", role: "alert" }, words));
    return undefined;
  }
  const stepper = mount(root, bytes, {
    ...address(),
    keys: document,
    onRest: (state, moved) => moved && remember(state),
  });
  const remember = ({ step, head, segment }) => {
    const marks = [...stepper.bookmarks].sort((a, b) => a - b).join(".");
    history.replaceState(null, "", `#step=${step}&head=${head}&segment=${segment}${marks && `&marks=${marks}`}`);
  };
  addEventListener("hashchange", () => stepper.go(address(), { quiet: true }));
  globalThis.stepper = stepper;
  return stepper;
}

/** The bytes of a payload that was deflated and written in base 64. */
async function unpacked(text) {
  const characters = atob(text.trim());
  const packed = new Uint8Array(characters.length);
  for (let i = 0; i < packed.length; i++) packed[i] = characters.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Where to stand, as the address says. */
function address() {
  const values = new URLSearchParams(location.hash.slice(1));
  const number = (name, otherwise) => (values.has(name) ? Number(values.get(name)) || 0 : otherwise);
  const marks = (values.get("marks") ?? "").split(".").filter(Boolean).map(Number).filter(Number.isInteger);
  return { step: number("step", 0), head: number("head", 0), segment: number("segment", -1), bookmarks: marks };
}
