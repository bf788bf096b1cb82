/* Jupyter, and what else hosts anywidgets. */

import { el } from "../drawing/dom.js";
import { mount } from "../stepper/stepper.js";

const PLACE = ["step", "head", "segment", "frame"];

/** A widget: one model, and its views. Frames of a film that grows come as messages: who views it later wants them too. */
export function widget() {
  const frames = [];
  const keep = ({ model }) => {
    model.on("msg:custom", (message, buffers) => "film" in message && frames.push(buffers[0]));
    model.on("change:payload", () => frames.splice(0));
  };
  return { initialize: keep, render: (host) => renderWidget(host, frames) };
}

/** Where the reader stands are traits of the model, followed both ways. */
function renderWidget({ model, el: root }, frames) {
  const at = () => Object.fromEntries(PLACE.map((name) => [name, model.get(name)]));
  let timer = 0;
  const follow = (state) => {
    for (const [name, value] of Object.entries(state)) model.set(name, value);
    clearTimeout(timer);
    timer = setTimeout(save, 60);
  };
  const save = () => {
    clearTimeout(timer);
    model.save_changes();
  };
  const node = el("div", {});
  root.append(node);
  const rest = ({ step, frame }, moved) => {
    if (moved) save();
    if (stepper.views.some(({ run }) => !run.knows(step))) model.send({ online: step, frame });
  };
  const stepper = mount(node, model.get("payload"), {
    ...at(),
    onChange: follow,
    onRest: rest,
    live: true,
    offers: model.get("offers"),
    onAsk: (request) => model.send({ request }),
  });
  for (const later of frames) stepper.open(later);
  if (frames.length) stepper.go(at(), { quiet: true });
  const take = (message, buffers) => {
    if ("answered" in message) stepper.asking.answer(message);
    else if ("film" in message) stepper.open(buffers[0]);
    else stepper.attach(buffers[0]);
  };
  const move = () => stepper.go(at(), { quiet: true });
  const reopen = () => stepper.open(model.get("payload"), at());
  // one name at a time: a host that speaks anywidget knows no more
  const hears = [
    ...PLACE.map((name) => [`change:${name}`, move]),
    ["change:payload", reopen],
    ["change:offers", () => stepper.offer(model.get("offers"))],
    ["msg:custom", take],
  ];
  for (const [name, hear] of hears) model.on(name, hear);
  return () => {
    for (const [name, hear] of hears) model.off(name, hear);
    clearTimeout(timer);
    stepper.destroy();
  };
}
