/* Bytes in, runs out. */

import { fail, open, readArrays } from "./payload.js";
import { Run } from "./run.js";

/** `{runs, difference, film}` of a payload's bytes. Throws an Error that says what is wrong with them. */
export function decode(source) {
  try {
    return assemble(open(source));
  } catch (error) {
    if (error.message.startsWith("payload: ")) throw error;
    return fail("its parts do not fit together");
  }
}

function assemble({ header, bytes }) {
  if (!Array.isArray(header?.runs) || !header.runs.length || typeof header.arrays !== "object") {
    fail("its header holds no run");
  }
  // frames of a film say what they have not in common with the first of them
  if (header.film) header.runs = header.runs.map((meta) => ({ ...header.runs[0], ...meta }));
  const groups = readArrays(header, bytes);
  const runs = header.runs.map((meta, i) => new Run(meta, groups[i] ?? {}));
  return {
    id: header.id,
    glossary: header.glossary ?? {},
    runs: header.film ? runs.slice(0, 1) : runs,
    film: header.film && { ...header.film, frames: runs },
    difference: header.difference && { ...header.difference, arrays: groups.difference },
  };
}
