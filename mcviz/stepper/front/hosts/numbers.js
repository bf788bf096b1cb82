/* Streamlit: what brings the numbers, and draws nothing. It is a script of its own, as it comes with each payload. */

import { keepPayload } from "./shelf.js";

export default function bring({ data }) {
  keepPayload(data);
}
