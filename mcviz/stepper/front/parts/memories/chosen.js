/* Which memories have a card, where there are more of them than cards. */

/** The segments that get one of `slots` cards: the online memory, the inspected one and the answer's; then those read,
 *  largest gate and largest share in turn; then the most relevant, or the latest where nothing is compared. */
export function choose(run, { t, h, i }, slots) {
  if (slots >= run.N) return Array.from({ length: run.N }, (_, j) => j);
  const own = run.own[t];
  const all = Array.from({ length: own + 1 }, (_, j) => j);
  const [weigh, add] = [run.heaviest(t, h), run.a.shares ? run.strongest(t, h) : []];
  const relevant = all.sort((a, b) => (run.compares && run.score(t, h, b) - run.score(t, h, a)) || b - a);
  const wanted = new Set([
    own,
    ...asked(run, { t, i }),
    ...weigh.flatMap((one, n) => [one, add[n] ?? one]),
    ...relevant,
  ]);
  for (let j = own + 1; wanted.size < slots; j++) wanted.add(j);
  return [...wanted].slice(0, slots).sort((a, b) => a - b);
}

/** The memories that are shown whether they are read or not: the inspected one, and the one with the answer. */
function asked(run, { t, i }) {
  const answer = run.source(t);
  return [i, answer < 0 ? -1 : run.own[answer]].filter((j) => j >= 0 && j <= run.own[t]);
}

/** How many of the memories that there are at this token have a card, and why those. */
export function reason(run, { t, h, i }, shown) {
  const own = run.own[t];
  const read = run.memoriesRead(t, h);
  const there = shown.filter((j) => j <= own);
  if (there.length > own) return `all ${own + 1}; ${read.length} read`;
  const count = `${there.length} of ${own + 1}`;
  if (!read.every((j) => shown.includes(j))) {
    const by = [run.compares && "gate", run.a.shares && "share"].filter(Boolean).join(" or ");
    return `${count}; of ${read.length} read the largest by ${by}`;
  }
  const others = [...new Set(asked(run, { t, i }))].filter((j) => !read.includes(j));
  const named = others.map((j) => (j === i ? ", the inspected" : ", the answer’s")).join("");
  const rest = there.length > read.length + others.length;
  return `${count}: ${read.length} read${named}${rest ? `, then the ${run.compares ? "most relevant" : "latest"}` : ""}`;
}
