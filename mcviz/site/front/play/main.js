/* The explorer as one page: a stored picture at once, and every control as soon as Python is there.
 *
 * The address holds all that is chosen, by the names that the app's addresses have. What it means is for Python to say.
 */

import { mount } from "../stepper.js";
import { Controls } from "./controls.js";
import { lacking, Python } from "./python.js";
import { stored } from "./stored.js";

const node = (id) => document.getElementById(id);
const { runs, first, megabytes, longest, ...told } = JSON.parse(node("site").textContent);
const base = new URL(`../${told.parts.place}`, location).href;
const worker = new URL("worker.js", import.meta.url).href;
const parts = { ...told.parts, base, worker };
/** Parameters that a stored picture can follow. */
const FOLLOWED = ["v", "run", "step", "head"];
/** Milliseconds until it is said that something is computed. */
const SOON = 150;

let chosen = new URLSearchParams(location.search);
/** What was chosen since, and not answered yet: Python says what follows from it. */
let pending = {};
const controls = new Controls(node("controls"), (name, text) => change({ [name]: text }));
let stepper;
/** The run on screen carries what the stepper shows of every token. */
let whole = true;
/** Where the reader has come to rest since Python was asked. */
let since = {};
let brought = false;
/** What the stored picture is of, if that is all that the address asks for: Python need not compute it again. */
let complete = null;
/** Python has been here. */
let had = false;
/** The controls of the picture on screen. */
let held = null;
const LIVE = "Live: this browser computes what you choose, and sends nothing anywhere.";

/** Where the picture came to stand that was asked for at `left`: the reader who has gone on meanwhile is not called back. */
function draw(payload, { step, head }, left) {
  const stays = left?.step === step && left.head === head;
  if (!stays) since = {};
  if (stepper) stepper.open(payload, stays ? stepper.state : { step, head });
  else stepper = mount(node("stepper"), payload, { step, head, keys: document, live: true, onRest: rest, onAsk: edit });
}

/** The reader has come to rest: the address follows, and so do states that did not come with the picture. */
async function rest({ step, head }, moved) {
  if (moved && !brought) remember((since = { step, head }));
  // where something is computed, a picture comes that is rested at again; what was asked for is not overtaken
  if (whole || !python.live || python.busy || stepper.views.every(({ run }) => run.knows(step))) return;
  try {
    const answer = await python.ask({ said: { online: step } });
    if (answer) stepper.attach(answer.payload);
  } catch (error) {
    refuse(error.message);
  }
}

/** Write into the address what it can carry of all that is chosen, and where the reader is. */
function remember(at) {
  for (const [name, value] of Object.entries({ v: 1, ...at })) chosen.set(name, value);
  const carried = [...chosen].filter(([, text]) => text.length <= longest);
  history.replaceState(null, "", `?${new URLSearchParams(carried)}`);
}

function say(id, text) {
  node(id).textContent = text;
  node(id).hidden = !text;
}

/** Say why there is no picture; "" for one that there is. */
function refuse(why = "") {
  say("refused", why ? `This cannot be shown. ${why}` : "");
}

/** Show what was answered, or why there is no picture: then the last one stays. */
function show({ said, payload }, left) {
  refuse(said.refused);
  if (said.controls) {
    held = said.controls;
    controls.show(held, python.live);
    say("about", said.about);
    say("remark", said.remark);
    say("problems", said.problems.map((problem) => `This could not be read. ${problem}`).join(" "));
  }
  node("stepper").classList.toggle("stale", Boolean(said.refused));
  if (said.refused) return;
  say("title", said.title);
  say("untrained", said.untrained);
  say(
    "diverged",
    said.diverged_at === null ? "" : `This run diverged: from token ${said.diverged_at} on, the output is not finite.`,
  );
  whole = said.whole;
  draw(payload, said, left);
  stepper.offer(said.offers ?? {});
}

/** The reader has edited the sequence in the picture. */
async function edit(request) {
  const said = await answered({ said: { parameters: Object.fromEntries(chosen), changes: pending, request } }, true);
  const overtaken = { problem: "Something else was asked for meanwhile." };
  stepper.asking.answer({ answered: request.number, ...(said ?? overtaken) });
}

/** Ask Python for the screen after these changes. */
async function change(changes) {
  for (const [name, text] of Object.entries(changes)) {
    delete pending[name]; // what is chosen last is made last
    pending[name] = text;
  }
  brought = false;
  await answered(
    { said: { parameters: Object.fromEntries(chosen), changes: pending } },
    Object.keys(pending).length > 0,
  );
}

async function answered(message, moved, transfer = []) {
  const soon = setTimeout(() => node("status").replaceChildren("Computing …"), SOON);
  const left = stepper?.state;
  since = {};
  try {
    const answer = await python.ask(message, transfer);
    if (!answer) return null;
    complete = null;
    show(answer, left);
    if (moved && answer.said.parameters) {
      chosen = new URLSearchParams(answer.said.parameters);
      pending = {};
      remember(since);
    }
    node("status").replaceChildren(LIVE);
    return answer.said;
  } catch (error) {
    refuse(error.message);
    return { problem: error.message };
  } finally {
    clearTimeout(soon);
  }
}

const python = new Python(parts, {
  progress(loaded) {
    const [come, all] = [loaded, parts.bytes].map((bytes) => (bytes / 2 ** 20).toFixed(1));
    node("progress").value = loaded / parts.bytes;
    tell(loaded < parts.bytes ? `: ${come} of ${all} MB.` : ": starting.");
  },
  live() {
    had = true;
    node("progress").hidden = true;
    node("retry").hidden = true;
    node("brought").disabled = false;
    document.documentElement.dataset.live = "yes";
    keep();
    if (complete) {
      controls.show(complete.controls, true);
      stepper.offer(complete.offers);
      node("status").replaceChildren(LIVE);
      python.prepare(Object.fromEntries(chosen));
    } else void change({});
  },
  hashes(name, hashes) {
    stepper?.hashes.take(name, hashes);
  },
  failed(message) {
    node("progress").hidden = true;
    node("retry").hidden = false;
    node("brought").disabled = true;
    delete document.documentElement.dataset.live;
    pending = {}; // so that what it failed at is not the first thing that it is asked again
    if (held) controls.show(held, false);
    stepper?.offer({});
    let words = "Python did not come, so the settings stay as they are; the stored picture can be stepped through.";
    if (had) words = "Python has ended, so the settings stay as they are; the picture can be stepped through.";
    if (!stepper) words = "Neither the stored picture nor Python came.";
    node("status").replaceChildren(`${words} (${message})`);
  },
});

/** Let the browser keep all this, for when there is no network: it does so for addresses that it trusts. */
function keep() {
  navigator.serviceWorker?.register(new URL("../kept.js", location).href).catch(() => {});
}

/** Say what there is until Python is. */
function tell(come) {
  const picture = had ? "The picture stays." : stepper ? "Stored picture." : "The stored picture did not come.";
  node("status").replaceChildren(`${picture} Python is on its way to this browser${come}`);
}

/** The picture first, which is small, and then Python, which draws one too. */
async function begin() {
  node("retry").hidden = true;
  refuse();
  if (!stepper) await open();
  node("progress").hidden = false;
  tell(".");
  python.start();
}

/** Show the stored picture of the run that is asked for, if it comes. */
async function open() {
  const run = runs.includes(chosen.get("run")) ? chosen.get("run") : first;
  const found = await stored(run).catch(() => null);
  if (!found) return;
  const { offers, ...about } = found.about;
  const { payload } = found;
  const at = Object.fromEntries(FOLLOWED.filter((name) => chosen.has(name)).map((name) => [name, chosen.get(name)]));
  const step = Number(at.step ?? -1) >= 0 ? Number(at.step) : about.step;
  show({ said: { ...about, step, head: Number(at.head ?? 0) }, payload });
  const others = [...chosen.keys()].filter((name) => !FOLLOWED.includes(name));
  const plain = [...chosen].every(([name, text]) => (name === "run" ? text === run : /^\d+$/.test(text)));
  if (about.whole && plain && !others.length && (chosen.get("v") ?? "1") === "1") complete = { ...about, offers };
  say("remark", others.length ? "This is the run as it is at first. What your link asks for comes with Python." : "");
}

node("settings").open = matchMedia("(min-width: 900px)").matches;
node("retry").addEventListener("click", begin);
// Enter in a field is a choice, not a new page
node("controls").addEventListener("submit", (event) => event.preventDefault());
node("brought").addEventListener("change", async () => {
  const [file] = node("brought").files;
  if (!file) return;
  if (file.size > megabytes * 2 ** 20) {
    refuse(`file: expected at most ${megabytes} MB, got ${Math.ceil(file.size / 2 ** 20)} MB`);
    return;
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  brought = true;
  await answered({ file: bytes }, false, [bytes.buffer]);
});

const lacks = lacking();
if (lacks) {
  node("status").replaceChildren(
    `This browser is too old to run Python (it lacks ${lacks}). Chrome and Edge from version 95, Firefox from 114 and ` +
      "Safari from 16.4 do.",
  );
} else {
  await begin();
}
