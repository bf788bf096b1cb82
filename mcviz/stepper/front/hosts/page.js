/* A single HTML file. */

import { el } from "../drawing/dom.js";
import { mount } from "../stepper/stepper.js";

/** Unpack what is written in the file, and keep the state in its address. `first` says where to begin, if that does not. */
export async function openPage(root, text, first = {}) {
  if (!("DecompressionStream" in globalThis)) {
    const words =
      "This browser is too old for this page: it cannot unpack what is stored in it (it lacks DecompressionStream). " +
      "The file is whole. Chrome and Edge from version 80, Firefox from 113 and Safari from 16.4 open it.";
    root.replaceChildren(el("p", { class: "problem", role: "alert" }, words));
    return undefined;
  }
  let bytes;
  try {
    bytes = await unpacked(text);
  } catch {
    const words = "This run cannot be shown: the data in this file are damaged.";
    root.replaceChildren(el("p", { class: "problem", role: "alert" }, words));
    return undefined;
  }
  const stepper = mount(root, bytes, {
    ...first,
    ...address(),
    keys: document,
    onRest: (state, moved) => moved && remember(state),
    onPresent: () => remember(stepper.state),
  });
  const remember = ({ step, head, segment, frame }) => {
    const marks = [...stepper.bookmarks].sort((a, b) => a - b).join(".");
    const large = stepper.presenting ? "&present=1" : "";
    const film = frame === undefined ? "" : `&frame=${frame}`;
    const at = `#step=${step}&head=${head}&segment=${segment}${film}${marks && `&marks=${marks}`}${large}`;
    history.replaceState(null, "", at);
  };
  addEventListener("hashchange", () => {
    const { step = 0, head = 0, segment = -1, frame = 0, present = false } = address();
    stepper.go({ step, head, segment, frame }, { quiet: true });
    stepper.present(present);
  });
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
  const said = ["step", "head", "segment", "frame"].filter((name) => values.has(name));
  const marks = (values.get("marks") ?? "").split(".").filter(Boolean).map(Number).filter(Number.isInteger);
  return {
    ...Object.fromEntries(said.map((name) => [name, Number(values.get(name)) || 0])),
    bookmarks: marks,
    ...(values.has("present") ? { present: values.get("present") === "1" } : {}),
  };
}
