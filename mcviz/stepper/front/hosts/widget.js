/* Jupyter. */

import { el } from "../drawing/dom.js";
import { mount } from "../stepper/stepper.js";

/** Jupyter: `step`, `head` and `segment` are traits of the model, followed both ways. */
export function renderWidget({ model, el: root }) {
  const at = () => ({ step: model.get("step"), head: model.get("head"), segment: model.get("segment") });
  let timer = 0;
  const follow = (state) => {
    for (const [name, value] of Object.entries(state)) model.set(name, value);
    clearTimeout(timer);
    timer = setTimeout(() => model.save_changes(), 60);
  };
  const node = el("div", {});
  root.append(node);
  const ask = ({ step }) => {
    if (stepper.views.some(({ run }) => !run.knows(step))) model.send({ online: step });
  };
  const stepper = mount(node, model.get("payload"), { ...at(), onChange: follow, onRest: ask, live: true });
  const take = (message, buffers) => stepper.attach(buffers[0]);
  const move = () => stepper.go(at(), { quiet: true });
  const reopen = () => stepper.open(model.get("payload"), at());
  model.on("change:step change:head change:segment", move);
  model.on("change:payload", reopen);
  model.on("msg:custom", take);
  return () => {
    model.off("change:step change:head change:segment", move);
    model.off("change:payload", reopen);
    model.off("msg:custom", take);
    clearTimeout(timer);
    stepper.destroy();
  };
}
