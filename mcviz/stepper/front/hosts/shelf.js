/* Payloads that came to a page of Streamlit's, for the views there. */

import { open } from "../data/payload.js";

const PAYLOADS_KEPT = 6;
const PARTS_KEPT = 40;
/** Components of one page share its globals. A payload may come before or after the view that wants it. */
export const shared = (globalThis[Symbol.for("mcviz")] ??= {
  payloads: new Map(),
  parts: new Map(),
  online: new Map(),
  waiting: new Set(),
  views: new WeakMap(),
});

/** Keep the bytes of a payload, and tell the views. */
export function keepPayload(bytes) {
  const { id, online, film } = open(bytes).header;
  const kept = online ? shared.online : film ? shared.parts : shared.payloads;
  kept.delete(id);
  kept.set(id, bytes);
  for (const old of [...kept.keys()].slice(0, film ? -PARTS_KEPT : -PAYLOADS_KEPT)) kept.delete(old);
  for (const wake of shared.waiting) wake();
}
