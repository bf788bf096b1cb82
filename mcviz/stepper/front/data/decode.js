/* Bytes in, runs out. */

import { fail, open, readArrays } from "./payload.js";
import { Run } from "./run.js";

/** `{runs, difference}` of a payload's bytes. Throws an Error that says what is wrong with them. */
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
  const groups = readArrays(header, bytes);
  const runs = header.runs.map((meta, i) => new Run(meta, groups[i] ?? {}));
  return {
    id: header.id,
    glossary: header.glossary ?? {},
    runs,
    difference: header.difference && { ...header.difference, arrays: groups.difference },
  };
}
