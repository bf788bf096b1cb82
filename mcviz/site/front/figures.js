/* Figures: each is fetched and drawn by Plotly when it comes into view, in the reader's scheme. */

import { whenSeen } from "./arrivals.js";
import { el } from "./dom.js";
import { fetched } from "./fetched.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const options = { displaylogo: false, responsive: true, modeBarButtons: [["toImage"]] };
let coming;

/** Plotly, which is large, and comes with the first figure. */
function plotly() {
  coming ??= new Promise((come, fail) => {
    const script = el("script", { src: new URL("plotly.js", import.meta.url).href });
    script.addEventListener("load", () => come(globalThis.Plotly));
    script.addEventListener("error", () => fail(new Error("plotly.js")));
    document.head.append(script);
  }).catch((error) => {
    coming = undefined;
    throw error;
  });
  return coming;
}

async function draw(figure) {
  const theme = dark.matches ? "dark" : "light";
  const [Plotly, response] = await Promise.all([plotly(), fetched(`${figure.dataset.figure}-${theme}.json`)]);
  const { data, layout } = await response.json();
  const bare = { ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
  await Plotly.react(figure.querySelector(".drawing"), data, bare, options);
}

const again = whenSeen(document.querySelectorAll("[data-figure]"), draw);
dark.addEventListener("change", again);

/** A link to one claim opens it. */
function opened() {
  const wanted = document.getElementById(location.hash.slice(1));
  if (wanted?.localName === "details") wanted.open = true;
}
addEventListener("hashchange", opened);
opened();
