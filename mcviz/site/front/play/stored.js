/* A picture that was stored when the site was built. */

import { fetched, unpacked } from "../fetched.js";

/** What the page knows of the run called `name`, and the bytes of its picture. */
export async function stored(name) {
  const [about, payload] = await Promise.all([
    fetched(`first/${name}.json`).then((response) => response.json()),
    unpacked(`first/${name}.z`),
  ]);
  return { about, payload };
}
