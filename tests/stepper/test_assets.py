"""The front end joined into one text, beside its modules as a browser loads them."""

import base64
import http.server
import re
import threading
from functools import partial

import pytest

from mcviz import MCConfig
from mcviz.stepper import assets, payload
from tests.stepper.examples import library

SCRIPTS, STYLES = (sorted(assets.FRONT.rglob(f"*{suffix}")) for suffix in (".js", ".css"))
NAMED = re.compile(r"^(export )?(?:default )?(?:async )?(?:function|class|const|let) (\w+)", re.M)


def names(path) -> list[tuple[bool, str]]:
    """What stands at the top level of a module, and whether it is exported."""
    return [(bool(exported), name) for exported, name in NAMED.findall(path.read_text(encoding="utf-8"))]


def test_every_file_is_joined():
    assert sorted({*assets.in_order(assets.MAIN), *assets.in_order(assets.NUMBERS)}) == SCRIPTS
    assert sorted(assets.in_order(assets.STYLE)) == STYLES


def test_a_module_stands_after_what_it_imports():
    order = assets.in_order(assets.MAIN)
    for path in order:
        assert all(order.index(needed) < order.index(path) for needed in assets.imports(path))


def test_a_circle_of_imports_is_named(tmp_path):
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\n')
    with pytest.raises(ValueError, match=r"a\.js → b\.js → a\.js"):
        assets.in_order(tmp_path / "a.js")


def test_names_are_unique_across_modules():
    """They share one scope in the joined text."""
    found = [name for path in SCRIPTS for _, name in names(path)]
    assert len(found) > 100
    assert sorted(found) == sorted(set(found))


def test_what_is_exported_is_imported():
    imported = {
        name.strip()
        for path in SCRIPTS
        for block in re.findall(r"^import \{([^}]*)\}", path.read_text(encoding="utf-8"), re.M)
        for name in block.split(",")
    }
    exported = {
        name
        for path in SCRIPTS
        if path not in (assets.MAIN, assets.NUMBERS)
        for is_exported, name in names(path)
        if is_exported
    }
    assert exported == imported - {""}


def test_nothing_of_modules_is_left_in_the_joined_text():
    text = assets.script()
    assert not re.search(r"^import\b", text, re.M)
    assert re.findall(r"^export .*", text, re.M) == [
        "export default function host(component) {",
        "export { decode, format, mount, openPage };",
    ]
    assert len(text.encode()) < 150_000  # a widget has two seconds to begin
    assert re.findall(r"^export .*", assets.script(assets.NUMBERS), re.M) == [
        "export default function bring({ data }) {"
    ]
    assert len(assets.script(assets.NUMBERS).encode()) < 6_000  # it comes with every payload
    assert "@import" not in assets.style()


def test_modules_are_short():
    assert all(path.read_text(encoding="utf-8").count("\n") <= 300 for path in [*SCRIPTS, *STYLES])


def test_every_rule_of_the_style_stands_under_the_class():
    """Nor does it name a class that no script gives."""
    rules = re.sub(r"/\*.*?\*/", "", assets.style(), flags=re.S)
    selectors = [s.strip() for s in re.findall(r"([^{}]+)\{", rules) if not s.strip().startswith("@")]
    assert len(selectors) > 100
    assert all(part.strip().startswith(".mcviz") for s in selectors for part in re.split(r",(?![^(]*\))", s))
    classes = {name for s in selectors for name in re.findall(r"\.([a-z][\w-]*)", s)} - {"mcviz"}
    said = {word for path in SCRIPTS for word in re.findall(r"[\w-]+", path.read_text(encoding="utf-8"))}
    assert classes <= said


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the modules with the type that browsers ask for."""

    extensions_map = {".js": "text/javascript", ".html": "text/html"}  # noqa: RUF012

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def served(tmp_path):
    """The address of the front end's folder."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=assets.FRONT)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


_SEEN = """async ([module, style, text]) => {
  document.body.innerHTML = "<style></style><div style='width: 1200px'></div>";
  document.querySelector("style").textContent = style;
  const front = await import(module);
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const { runs } = front.decode(bytes);
  const root = document.querySelector("div");
  const seen = () => [root.outerHTML, ...[...root.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL())];
  const frames = async (n) => { while (n--) await new Promise(requestAnimationFrame); };
  const stepper = front.mount(root, bytes, { step: 3 });
  const states = [];
  for (const to of [{}, { step: 40 }, { step: 135, segment: 2 }, { head: 1, segment: -1 }]) {
    stepper.go(to);
    await frames(3);
    states.push(seen());
  }
  root.dispatchEvent(new KeyboardEvent("keydown", { key: "n" }));
  await frames(3);
  states.push(seen());
  stepper.destroy();
  return {
    exports: Object.keys(front).sort(),
    decoded: JSON.stringify(runs, (name, value) => (ArrayBuffer.isView(value) ? [...value] : value)),
    formatted: [0, 0.25, -1234.5, 1e-9, NaN].map(front.format),
    widget: Object.keys(front.default()),
    states,
  };
}"""


@pytest.mark.browser
def test_the_joined_text_does_what_the_modules_do(chromium, served):
    run = base64.b64encode(payload.pack(library(), library(MCConfig(aggregator="grm")))).decode()
    joined = "data:text/javascript;base64," + base64.b64encode(assets.script().encode()).decode()
    page = chromium.new_page()
    page.goto(f"{served}/style/main.css")  # any page of the server's
    seen = [page.evaluate(_SEEN, [module, assets.style(), run]) for module in (f"{served}/main.js", joined)]
    page.close()
    modules, text = seen
    assert modules["exports"] == ["decode", "default", "format", "mount", "openPage"]
    assert modules["widget"] == ["initialize", "render"]
    assert len({str(state) for state in modules["states"]}) == 5
    assert len(modules["states"][0]) > 20
    assert modules == text


@pytest.mark.browser
def test_every_token_has_a_column_and_every_column_a_token(chromium, served):
    """Where there are as many columns as tokens, in fewer, and back."""
    page = chromium.new_page()
    page.goto(f"{served}/style/main.css")
    skipped = page.evaluate(
        """async (module) => {
          const { column } = await import(module);
          const skipped = [];
          for (let many = 2; many < 400; many++) {
            for (const columns of [many, Math.ceil(many / 2), Math.ceil(many / 7)]) {
              const found = new Set(Array.from({ length: many }, (_, n) => column(n, many, columns)));
              if (found.size !== columns || Math.max(...found) !== columns - 1) skipped.push([many, columns]);
            }
          }
          return skipped;
        }""",
        f"{served}/drawing/canvas.js",
    )
    page.close()
    assert skipped == []


@pytest.mark.browser
def test_hashes_that_come_behind_are_those_of_their_payload_alone(chromium, served):
    page = chromium.new_page()
    page.goto(f"{served}/style/main.css")
    known = page.evaluate(
        """async (module) => {
          const { Hashes } = await import(module);
          const runs = [{}, {}];
          const hashes = new Hashes({ id: "2", views: runs.map((run) => ({ run })) });
          const known = hashes.known();
          hashes.take("1", ["a", "b"]);
          const before = runs.map(({ hash }) => hash ?? null);
          hashes.take("2", ["c", "d"]);
          await known;
          return [before, runs.map(({ hash }) => hash)];
        }""",
        f"{served}/stepper/hashes.js",
    )
    page.close()
    assert known == [[None, None], ["c", "d"]]
