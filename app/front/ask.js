/* The memories that a question can read, as rows: first to choose one, then with what the run made of them. */

const PERCENT = 100;

/** `data`: rows {segment, name, words, online, taken, gate, number, answer}, the one picked (-1: none yet), and colours. */
export default function ask({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".ask");
  for (const [name, colour] of Object.entries(data.colours)) root.style.setProperty(`--${name}`, colour);
  const told = data.picked >= 0;
  root.classList.toggle("told", told);
  root.replaceChildren(
    ...data.rows.map((row) => draw(row, data.picked, (segment) => setTriggerValue("pick", segment))),
  );
}

function draw(row, picked, pick) {
  const told = picked >= 0;
  const open = !told && !row.online;
  const mine = row.segment === picked;
  const right = row.answer.length > 0;
  const node = element(open ? "button" : "div", "row");
  if (open) {
    node.type = "button";
    node.addEventListener("click", () => pick(row.segment));
    node.setAttribute("aria-label", `Open ${row.name}: ${row.words.join(" ")}`);
  }
  node.dataset.segment = row.segment;
  node.classList.toggle("online", row.online);
  node.classList.toggle("shut", told && !row.taken);
  node.classList.toggle("mine", mine);
  node.classList.toggle("right", mine && right);
  const words = element("span", "words");
  row.words.forEach((word, place) => {
    const one = element("span", row.answer.includes(place) ? "word answer" : "word", word);
    words.append(one, " ");
  });
  node.append(element("span", "name", mine ? `${row.name} · you ${right ? "✓" : "✗"}` : row.name), words);
  if (told) node.append(weight(row));
  return node;
}

/** The gate of a row as a bar and a number; what was not read has none. */
function weight(row) {
  const node = element("span", "weight");
  if (!row.taken) return Object.assign(node, { textContent: "not read" });
  const bar = element("i", "bar");
  bar.style.width = `${PERCENT * row.gate}%`;
  const track = element("span", "track");
  track.append(bar);
  node.append(track, element("span", "number", row.number));
  return node;
}

function element(tag, name, text = "") {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
}
