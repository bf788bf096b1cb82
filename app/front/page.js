/* What a page asks of the browser around it: to hear when it turns dark or light, as figures are drawn for one of them;
 * and a history in which each entry is a state of the reader's.
 *
 * Streamlit pushes an entry whenever a script changes the address. What only follows from where the reader is (a token
 * at rest, the parameters of a page that was just opened) takes the place of the entry that stands. Back and Forward
 * to another claim lead to the top, where it then stands.
 *
 * On a telephone the pages are listed in a drawer over the page: it shuts once one is chosen.
 */

/** Where the reader rests: no state of its own. */
const RESTS = ["step", "head", "segment"];
const HOOKED = Symbol.for("mcviz.history");
const LISTED = '[data-testid="stSidebarNavLink"]';
const SHUT = '[data-testid="stSidebarCollapseButton"] button';
const views = new WeakMap();

/** `data`: whether the run was drawn on a dark ground. An element has the ground's colour, and tells when it turns. */
export default function page({ parentElement, data, setTriggerValue }) {
  const ground = parentElement.querySelector(".ground");
  if (!views.has(ground)) ground.addEventListener("transitionend", follow);
  views.set(ground, { ...views.get(ground), drawn: data.dark, setTriggerValue });
  follow({ target: ground });
  keepHistory();
}

function follow({ target }) {
  const view = views.get(target);
  const now = isDark(getComputedStyle(target).backgroundColor);
  const asked = view.asked;
  view.asked = now === view.drawn ? undefined : now;
  // once: where the run still takes the ground for another, one more would, too
  if (view.asked !== undefined && view.asked !== asked) view.setTriggerValue("dark", now);
}

/** Whether a colour, as `rgb(r, g, b)`, is a dark one. */
function isDark(colour) {
  const [r, g, b] = colour.match(/[\d.]+/g).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b < 128;
}

function keepHistory() {
  if (history[HOOKED]) return;
  history[HOOKED] = true;
  const push = history.pushState.bind(history);
  let claim = named();
  history.pushState = (state, title, to) => {
    const next = new URL(to ?? location.href, location.href);
    if (follows(new URL(location.href), next)) history.replaceState(state, title, to);
    else push(state, title, to);
    claim = named();
  };
  addEventListener("popstate", () => {
    if (named() && named() !== claim) document.querySelector(".stMain")?.scrollTo(0, 0);
    claim = named();
  });
  addEventListener("click", ({ target }) => {
    if (target.closest?.(LISTED)) document.querySelector(SHUT)?.click();
  });
}

/** The claim that the address names. */
function named() {
  return new URLSearchParams(location.search).get("claim");
}

/** Whether an address says no more than the one before it. */
function follows(now, next) {
  if (now.pathname !== next.pathname) return false;
  return !now.searchParams.has("v") || at(now) === at(next);
}

function at(url) {
  const chosen = new URLSearchParams(url.search);
  for (const name of RESTS) chosen.delete(name);
  chosen.sort();
  return chosen.toString();
}
