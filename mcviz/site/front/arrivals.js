/* What comes when it is seen. Where it does not come that is said, and it can be asked for again. */

import { el } from "./dom.js";

/** How far off it is seen already. */
const NEAR = "300px";

/** Calls `bring(node)` for each of `nodes` when it comes into view. Gives a function that brings all those anew. */
export function whenSeen(nodes, bring) {
  const seen = new Set();
  const watch = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        watch.unobserve(target);
        seen.add(target);
        void come(target, bring);
      }
    },
    { rootMargin: NEAR },
  );
  for (const node of nodes) watch.observe(node);
  return () => seen.forEach((node) => void come(node, bring));
}

async function come(node, bring) {
  node.querySelector(".missing")?.remove();
  try {
    await bring(node);
  } catch (error) {
    const again = el("button", {}, "Try again");
    again.addEventListener("click", () => come(node, bring));
    const said = `This did not come to your browser (${error.message}).`;
    node.append(el("p", { class: "missing", role: "alert" }, said, " ", again));
  }
}
