/* What two runs are called, and which stands first. */

/** Say of each of two runs which it is. */
export function nameRuns(stepper) {
  const { abreast, pair, views } = stepper;
  const made = madeOf(stepper);
  const names = views.length < 2 ? [] : made.length ? made : titlesOf(views);
  views.forEach((view, i) => view.call(names[i] ?? ""));
  // one below the other: what the reader made comes first
  pair.classList.toggle("latest", views.length > 1 && made.length > 0 && !abreast);
}

/** What two runs are, if the second was made of the first. */
function madeOf({ editing, surgery }) {
  if (surgery.words.length) return ["before surgery", "after surgery"];
  return editing.offer?.changes.length ? ["before the last edit", "as edited"] : [];
}

/** Their titles, where these tell them apart. */
function titlesOf(views) {
  const [first, second] = views.map(({ run }) => run.title);
  return first && second && first !== second ? [first, second] : ["first", "second"];
}
