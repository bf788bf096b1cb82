/* Elements of the page. Text reaches it through text nodes alone. */

/** An element: attributes by name, handlers by `on…`. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Write text only where it changed: layout is what costs. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

export function place(node, style) {
  for (const [name, value] of Object.entries(style)) if (node.style[name] !== value) node.style[name] = value;
}

/** How much larger an element stands on the page than it was laid out. */
export function zoomOf(node) {
  return node.currentCSSZoom ?? (node.offsetWidth ? node.getBoundingClientRect().width / node.offsetWidth : 1);
}

/** Pressing and dragging on `node` calls `to` with where: x, the width of the node, y. */
export function drag(node, to) {
  const move = (event) => {
    const [box, zoom] = [node.getBoundingClientRect(), zoomOf(node)];
    const x = Math.max(0, Math.min(box.width - 0.01, event.clientX - box.left));
    to(x / zoom, box.width / zoom, (event.clientY - box.top) / zoom);
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    node.setPointerCapture(event.pointerId);
    move(event);
  });
  node.addEventListener(
    "pointermove",
    (event) => event.buttons & 1 && node.hasPointerCapture(event.pointerId) && move(event),
  );
}
