"""Hostile survey answers, names and labels stay text: nothing of them runs in a real browser."""

import json

import nbformat.v4 as v4
import pages_made as made
import pytest

from analysis.show import Answer, NotAvailable, Prose
from analysis.text import escape
from workbench.publish import index
from workbench.publish import page as publish
from workbench.publish import page as sanitize
from workbench.publish.publication import write_page
from workbench.run.record import Ran

RUN = "window.hacked=1"
CORPUS = [
    f"<script>{RUN}</script>",
    f"</title></style></script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'"><img src=x onerror={RUN}>',
    f"' onmouseover='{RUN}' autofocus onfocus='{RUN}' x='",
    f"<svg onload={RUN}><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><script>{RUN}</script></svg>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={RUN}>",
    f"<iframe src='javascript:{RUN}'></iframe><iframe srcdoc='<script>parent.{RUN}</script>'>",
    f"<a href='javascript:{RUN}'>押す</a><a href='jav&#x09;ascript:{RUN}'>押す</a>",
    f"<a href='data:text/html,<script>{RUN}</script>'>押す</a>",
    f"<object data='javascript:{RUN}'></object><embed src='javascript:{RUN}'>",
    f"<form action='javascript:{RUN}'><button>押す</button></form>",
    f"<details open ontoggle={RUN}><summary>x</summary></details>",
    f"<body onload={RUN}><meta http-equiv=refresh content='0;javascript:{RUN}'>",
    "<base href='https://evil.invalid/'><link rel=stylesheet href='https://evil.invalid/x.css'>",
    "<img src='https://evil.invalid/x.png'><video poster='https://evil.invalid/x.png'>",
    "<style>@import 'https://evil.invalid/x.css';body{display:none}</style>",
    "<p style='position:fixed;inset:0;background:url(https://evil.invalid/x)'>x</p>",
    f"[押す](javascript:{RUN}) ![x](https://evil.invalid/x.png) <javascript:{RUN}>",
    f"[押す][1]\n\n[1]: javascript:{RUN}",
    f"```html\n<script>{RUN}</script>\n```",
    f"`</code><script>{RUN}</script>`",
    f"$</span><script>{RUN}</script>$",
    "![](x){onerror=alert(1)} {{ 7*7 }} {% raw %} ${7*7} ]]> --> &lt;script&gt;",
    f'\\"-{RUN}-\\" \u2028 \u202e \x00 {"A" * 200}',
]
INERT = """() => {
  const bad = [];
  for (const e of document.querySelectorAll('*')) {
    if (['SCRIPT','IFRAME','OBJECT','EMBED','FORM','SVG','LINK','BASE','VIDEO'].includes(
        e.tagName.toUpperCase())) bad.push(e.tagName);
    for (const a of e.attributes) {
      if (/^on/i.test(a.name)) bad.push(a.name);
      if (['href','src','action'].includes(a.name)
          && /^[\\s\\u0000-\\u0020]*(javascript|vbscript|data:text.html)/i.test(a.value))
        bad.push(a.value);
      if (a.name === 'style') bad.push(a.value);
    }
  }
  return bad;
}"""


def notebook(text):
    """A notebook in which a hostile text stands wherever one can stand."""
    html_, markdown = {"text/html": f"<td>{text}</td>"}, {"text/markdown": text}
    ragged = [
        v4.new_output("display_data", data={**html_, "text/plain": "x"}),
        v4.new_output("display_data", data=markdown),
        v4.new_output("display_data", data={"text/plain": text}),
        v4.new_output("display_data", data={"image/svg+xml": text, "text/plain": text}),
        v4.new_output("display_data", data={"application/javascript": text, "text/plain": "x"}),
        v4.new_output("stream", name="stdout", text=text),
        v4.new_output("error", ename=text, evalue=text, traceback=[text]),
    ]
    figure = made.figure(
        text, title=text, alt=text, denominator=text, source=text, caption=text, csv=text
    )
    rows = [[text, text, "1"], [text, "b", "2"], *[["c", text, text]] * 5]
    table = made.table(
        rows, name=text, title=text, caption=text, notes=[text], labels=(text, text, text), csv=text
    )
    things = [Answer(text), Prose(escape(text)), Prose(text), NotAvailable(text, text)]
    return [
        v4.new_markdown_cell(f"# {text}\n\n{text}"),
        v4.new_markdown_cell(f"## {text}\n\n| {text} | b |\n|---|---|\n| 1 | {text} |"),
        made.code(text, *things, figure, table, outputs=ragged),
    ]


def hostile_run(reports, texts):
    """Every kind of page with hostile texts wherever one can stand, in heads the last of them."""
    entries = []
    for at, text in enumerate(texts):
        folder = reports / f"run{at}"
        titles = {"ja": text, "en": text}
        context = {
            **made.CONTEXT,
            **dict.fromkeys(("as_of", "commit", "command", "site"), text),
            "wave_title": titles,
            "publisher": titles,
            "parameters": {"by": text},
            "before": [{"finished": text, "status": "ok", "data_sha256": text}],
        }
        failed = Ran("02_b", titles, "02_b.html", "", status="failed", error=text)
        write_page(failed, folder, context)
        about = {"title": titles, "error": text}
        entries += [
            {"name": "01_a", **about, "status": "ok", "error": "", "html": "01_a.html"},
            {"name": "02_b", **about, "status": "failed", "html": "02_b.html"},
        ]
        run = {"wave": text, "as_of": text, "audience": "internal", "language": "ja"}
        run |= {"wave_title": titles, "finished": text, "status": "ok", "notebooks": []}
        (folder / "run.json").write_text(json.dumps(run))
    cells = [cell for text in texts for cell in notebook(text)]
    book = made.write(folder / "notebooks" / "01_a.ipynb", *cells, title=titles)
    publish.export(book, folder / "01_a.html", context=context)
    index.write_index(folder, entries, context)
    index.write_waves(reports)
    return [*reports.rglob("*.html")]


@pytest.fixture(scope="module")
def tab(chromium):
    """One tab for all texts: a new one for each would cost more than what is tried in it."""
    with chromium.new_context() as context:
        context.set_offline(True)
        page = context.new_page()
        page.faults = []
        page.on("dialog", lambda dialog: (page.faults.append("dialog"), dialog.dismiss()))
        page.on("request", lambda asked: page.faults.append(asked.url))
        yield page


# all on one page of each kind; each on every kind of page with the slow tests
TOGETHER = [pytest.param(CORPUS, id="all")]
TOGETHER += [pytest.param([t], id=str(at), marks=pytest.mark.slow) for at, t in enumerate(CORPUS)]


@pytest.mark.browser
@pytest.mark.parametrize("texts", TOGETHER)
def test_nothing_hostile_runs_loads_or_leaves_its_place(tab, tmp_path, texts):
    files = hostile_run(tmp_path, texts)
    assert len(files) == 3 + len(texts)
    for file in files:
        policy = "Content-Security-Policy"  # taken off: the cleaning must hold without it
        written = file.read_text(encoding="utf-8").replace(policy, "none", 1)
        file.write_text(written, encoding="utf-8")
        tab.faults.clear()
        tab.goto(file.as_uri())
        assert [f for f in tab.faults if f != file.as_uri() and "data:image" not in f] == []
        assert tab.evaluate("window.hacked === undefined")
        assert tab.evaluate(INERT) == []
        expected = 2 if file.parent == tmp_path else 3
        assert tab.evaluate("document.querySelectorAll('main, footer, h1').length") == expected


@pytest.mark.browser
def test_the_policy_alone_stops_what_the_cleaning_would_miss(chromium, tmp_path):
    page = publish.page_context(made.CONTEXT, title="題")
    file = tmp_path / "page.html"
    body = f"<script>{RUN}</script><img src='https://evil.invalid/x.png' onerror='{RUN}'>"
    file.write_text(publish.whole(body, page), encoding="utf-8")
    with chromium.new_context() as context:
        opened = context.new_page()
        asked = []
        opened.on("requestfinished", lambda request: asked.append(request.url))
        opened.goto(file.as_uri())
        assert opened.evaluate("window.hacked === undefined")
        assert asked == [file.as_uri()]


def test_what_an_answer_says_can_still_be_read(tmp_path):
    text = "<b>町長</b> & 「A<B」"
    target = tmp_path / "page.html"
    cells = [made.code("f()", Answer(text), Prose(escape(text)), made.table([[text, "1"]]))]
    publish.export(made.write(tmp_path / "b.ipynb", *cells), target, context=made.CONTEXT)
    assert target.read_text(encoding="utf-8").count("&lt;b&gt;町長&lt;/b&gt; &amp; 「A&lt;B」") == 3


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("<p onclick='x'>a</p>", "<p>a</p>"),
        ("<a href='https://example.org/x'>a</a>", '<a href="https://example.org/x">a</a>'),
        ("<a href='#s1'>a</a>", '<a href="#s1">a</a>'),
        ("<a href='http://example.org'>a</a>", "<a>a</a>"),
        ("<a href=' JaVaScRiPt:x'>a</a>", "<a>a</a>"),
        ("<td style='color:red' class='x' id='main'>a</td>", "a"),
        ("<style>p{}</style><svg><text>b</text></svg>c", "c"),
    ],
)
def test_only_what_a_report_needs_is_left(given, left):
    assert sanitize.sanitize(given) == left
