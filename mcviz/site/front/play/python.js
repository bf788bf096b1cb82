/* The browser's Python as the page sees it: it comes, and then answers the latest question. */

/** What the browser lacks to run Python, in words; "" for one that has it all. */
export function lacking() {
  const needed = ["WebAssembly", "Worker", "DecompressionStream", "TransformStream", "BigInt64Array"];
  return needed.filter((name) => !(name in globalThis)).join(", ");
}

/** The line of a message that says what was wrong: Python's come with what led to it. */
function last(message) {
  return message.trim().split("\n").at(-1).slice(0, 600);
}

/** Python in a worker.
 *
 * `parts` says where it lies (`base`, `worker`, `packed`, `archives`); `host` hears of it: `progress(loaded)`, `live()`,
 * `failed(message)`, where it did not come or is no more, and `hashes(name, hashes)` of the runs on the picture of that
 * name, after it. A question that is overtaken while another is computed is never asked, and its answer is null. Where
 * Python has failed, questions fail with it, until it is started again.
 */
export class Python {
  constructor(parts, host) {
    this.parts = parts;
    this.host = host;
    this.live = false;
    this.failed = null;
    this.busy = null;
    this.next = null;
    this.count = 0;
  }

  /** Load it, or try again to. */
  start() {
    this.worker?.terminate();
    this.failed = null;
    // a worker of a blob keeps to the policy of this page
    const source = new Blob([`import ${JSON.stringify(this.parts.worker)};`], { type: "text/javascript" });
    const address = URL.createObjectURL(source);
    this.worker = new Worker(address, { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this.hear(data));
    this.worker.addEventListener("error", (event) => this.fail(event.message ?? "the worker did not start"));
    this.worker.postMessage({ parts: this.parts }, []);
  }

  /** Ask for an answer: `{said, payload}`, or null where a later question was asked meanwhile. */
  ask(message, transfer = []) {
    if (this.failed) return Promise.reject(this.failed);
    this.next?.settle(null);
    return new Promise((settle, reject) => {
      this.next = { id: ++this.count, message, transfer, settle, reject };
      this.turn();
    });
  }

  /** Let it compute what is shown already, so that its first answer is as quick as the next ones. */
  prepare(shown) {
    this.worker.postMessage({ shown }, []);
  }

  /** Put the latest question, once the last one is answered. */
  turn() {
    if (!this.live || this.busy || !this.next) return;
    this.busy = this.next;
    this.next = null;
    const { id, message, transfer } = this.busy;
    this.worker.postMessage({ id, ...message }, transfer);
  }

  hear({ kind, id, loaded, said, payload, message, name, hashes }) {
    if (kind === "progress") this.host.progress(loaded);
    else if (kind === "hashes") this.host.hashes(name, hashes);
    else if (kind === "live") {
      this.live = true;
      this.host.live();
      this.turn();
    } else if (kind === "ended" || !this.live) this.fail(message);
    else if (this.busy?.id === id) {
      const { settle, reject } = this.busy;
      this.busy = null;
      if (kind === "failed") reject(new Error(last(message)));
      else settle(this.next ? null : { said, payload });
      this.turn();
    }
  }

  fail(message) {
    this.worker.terminate();
    this.live = false;
    this.failed = new Error(last(message));
    for (const asked of [this.busy, this.next]) asked?.reject(this.failed);
    this.busy = this.next = null;
    this.host.failed(this.failed.message);
  }
}
