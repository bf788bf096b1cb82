/* Figures: each is fetched and drawn by Plotly when it comes into view, in the reader's scheme. */

const dark = matchMedia("(prefers-color-scheme: dark)");
const options = { displaylogo: false, responsive: true, modeBarButtons: [["toImage"]] };

async function draw(figure) {
  const theme = dark.matches ? "dark" : "light";
  const response = await fetch(`${figure.dataset.figure}-${theme}.json`);
  const { data, layout } = await response.json();
  const bare = { ...layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
  await globalThis.Plotly.react(figure.querySelector(".drawing"), data, bare, options);
}

const seen = new Set();
const watch = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting || seen.has(target)) continue;
    seen.add(target);
    void draw(target);
  }
});
for (const figure of document.querySelectorAll("[data-figure]")) watch.observe(figure);
dark.addEventListener("change", () => seen.forEach(draw));

/** A link to one claim opens it. */
function opened() {
  const wanted = document.getElementById(location.hash.slice(1));
  if (wanted?.localName === "details") wanted.open = true;
}
addEventListener("hashchange", opened);
opened();
