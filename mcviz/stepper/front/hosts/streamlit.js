/* Streamlit: the numbers come in one component, and where to stand in another. */

import { mount } from "../stepper/stepper.js";
import { Live } from "./live.js";
import { shared } from "./shelf.js";

/** What Streamlit lays over the top of its pages. */
const HEADER = "68px";
const HOST = { keys: document, live: true };
/** Bookmarks are the reader's, in this window: they stay when the page is loaded again. */
const BOOKMARKS = "mcviz.bookmarks";

function bookmarked() {
  try {
    return JSON.parse(sessionStorage.getItem(BOOKMARKS) ?? "[]").filter(Number.isInteger);
  } catch {
    return [];
  }
}

function onBookmarks(tokens) {
  try {
    sessionStorage.setItem(BOOKMARKS, JSON.stringify(tokens));
  } catch {
    // a window that may keep nothing goes without
  }
}

/** Tell Streamlit where the reader rests. What changes in one task it sends as one, and then runs no more than our part of
 * the page: until it is sent, `holdPresses` holds what is pressed elsewhere. */
function tell(view, state) {
  view.setStateValue("selection", { ...state, after: view.command });
  view.telling = true;
  setTimeout(() => (view.telling = false));
}

function holdPresses(view, root) {
  const hold = (event) => {
    const [target, ...around] = event.composedPath();
    if (!view.telling || around.includes(root)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    setTimeout(() => target.dispatchEvent(new MouseEvent("click", event)));
  };
  addEventListener("click", hold, { capture: true, signal: view.stop.signal });
}

/** Called again whenever Python says something new; the stepper in `parentElement` stays. A film comes in parts. */
export function serve({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".mcviz");
  let view = shared.views.get(root);
  if (!view) {
    view = { stepper: null, parts: [], online: null, command: -1, live: null, stop: new AbortController() };
    shared.views.set(root, view);
  }
  Object.assign(view, { setStateValue, setTriggerValue });
  view.data = data;
  for (const name of ["spotlight", "hides"]) {
    if (data[name]) root.dataset[name] = data[name];
    else delete root.dataset[name];
  }
  const onRest = (state, moved) => moved && tell(view, state);
  const onPresent = (on) => view.setStateValue("present", on);
  const onAsk = (request) => view.setTriggerValue("request", request);
  root.style.setProperty("--top", HEADER);
  const update = () => {
    const { payload, parts = [payload], film, command, step, head, segment, frame, live } = view.data;
    const { present = false, offers = {}, answered = 0, problem } = view.data;
    // what is fetched is as new as what was brought, or newer
    const fetched = Boolean(live && view.live?.works && view.film === film);
    const missing = fetched ? [] : parts.filter((part) => !view.parts.includes(part));
    const found = missing.map((part) => shared.payloads.get(part) ?? shared.parts.get(part));
    if (!found.every(Boolean)) return;
    const commanded = command !== view.command;
    if (found.length) {
      const begins = view.film !== film;
      const at = view.stepper && !commanded ? view.stepper.state : { step, head, segment, frame };
      const [bytes, ...more] = found;
      if (view.stepper) view.stepper.open(bytes, at);
      else {
        const bookmarks = bookmarked();
        const hears = { onRest, onPresent, onBookmarks, onAsk };
        view.stepper = mount(root, bytes, { ...at, bookmarks, present, offers, answered, ...hears, ...HOST });
        holdPresses(view, root);
      }
      for (const part of more) view.stepper.open(part);
      if (begins && more.length) view.stepper.go(at, { quiet: true });
      view.online = null;
    } else if (commanded) view.stepper.go({ step, head, segment, frame }, { quiet: true });
    if (view.presented !== present) view.stepper.present((view.presented = present));
    Object.assign(view, { film, command });
    if (!fetched) view.parts = parts;
    if (view.live?.address !== live || view.live?.ended) {
      view.live?.end();
      view.live = live ? new Live(live, view.stepper) : null;
    }
    if (JSON.stringify(offers) !== JSON.stringify(view.stepper.asking.offers)) view.stepper.offer(offers);
    view.stepper.asking.answer({ answered, problem });
    const online = shared.online.get(payload);
    if (online && online !== view.online) view.stepper.attach(online);
    view.online = online;
  };
  shared.waiting.delete(view.update);
  view.update = update;
  shared.waiting.add(update);
  update();
  return () => {
    shared.waiting.delete(view.update);
    view.live?.end();
    view.stop.abort();
    view.stepper?.destroy();
    shared.views.delete(root);
  };
}
