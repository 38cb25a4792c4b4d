/** The page's style: system fonts, one accent, tables first, light and dark by the reader's own setting. */
export const style = `
:root { color-scheme: light dark; --paper: #fff; --soft: #f6f7f8; --ink: #1b1f24; --quiet: #5b6570; --line: #d9dee3;
  --accent: #0b62b8; --bar: #9cc3e6; --right: #19733a; --wrong: #b3261e; --fail: #8a5a00; --warn: #fff4d6; --warn-line: #d9a400; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --soft: #1c2125; --ink: #e6e9ec; --quiet: #9aa5b0; --line: #343b42;
  --accent: #6fb3f2; --bar: #2f5f8c; --right: #5fc884; --wrong: #ff8a80; --fail: #e6b450; --warn: #33290f; --warn-line: #9a7a18; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 ui-sans-serif, system-ui, "Segoe UI", Roboto, sans-serif; }
main, header, footer { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 36px; }
h1 { font-size: 27px; line-height: 1.25; margin: 0 0 4px; letter-spacing: -.01em; }
h2 { font-size: 19px; margin: 44px 0 12px; padding-top: 14px; border-top: 1px solid var(--line); letter-spacing: -.005em; }
h3 { font-size: 15px; margin: 0 0 8px; font-weight: 600; }
p { margin: 0 0 8px; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -9999px; } .skip:focus { left: 8px; top: 8px; background: var(--paper); padding: 8px; }
.sub, .note, .why, .use, caption, dt { color: var(--quiet); }
.banner { background: var(--warn); border: 1px solid var(--warn-line); border-radius: 6px; padding: 10px 14px; margin: 18px 0 0; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; padding: 0; margin: 16px 0 0; }
.scroll { overflow-x: auto; margin: 0 0 16px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 0 0 8px; font-size: 13.5px; }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); vertical-align: baseline; font-weight: 400; }
thead th { color: var(--quiet); font-size: 13px; border-bottom-color: var(--quiet); vertical-align: bottom; }
tbody th[scope=row] { font-weight: 550; }
.n { text-align: right; padding-right: 0; padding-left: 16px; white-space: nowrap; } .best { font-weight: 700; }
.n + :not(.n) { padding-left: 20px; }
.group th { font-weight: 650; padding-top: 18px; }
.interval { padding-left: 20px; white-space: nowrap; color: var(--quiet); } .interval svg { margin-right: 10px; vertical-align: -1px; }
.rail { stroke: var(--line); } .reach { stroke: var(--accent); stroke-width: 2; } .interval circle { fill: var(--accent); }
.tag { font-size: 11px; font-weight: 500; color: var(--accent); border: 1px solid currentColor; border-radius: 9px; padding: 0 7px; margin-left: 6px; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(500px, 100%), 1fr)); gap: 28px 32px; }
figure { margin: 0; min-width: 0; } figure svg { max-width: 100%; height: auto; display: block; } figcaption { font-weight: 600; margin-bottom: 8px; }
form { display: flex; flex-wrap: wrap; gap: 10px 14px; align-items: end; padding: 12px 0; position: sticky; top: 0; background: var(--paper); border-bottom: 1px solid var(--line); z-index: 1; }
form[hidden] { display: none; }
label { display: flex; flex-direction: column; font-size: 12.5px; color: var(--quiet); gap: 3px; } label.grow { flex: 1 1 180px; }
select, input { font: inherit; font-size: 14px; color: var(--ink); background: var(--soft); border: 1px solid var(--line); border-radius: 5px; padding: 5px 8px; min-width: 0; max-width: 220px; } label.grow input { max-width: none; }
output { color: var(--quiet); font-size: 13px; padding-bottom: 6px; }
summary { cursor: pointer; }
.q { border-bottom: 1px solid var(--line); content-visibility: auto; contain-intrinsic-size: auto 36px; }
.q > summary { display: grid; grid-template-columns: 44px 1fr auto; gap: 8px; padding: 7px 0; list-style: none; align-items: baseline; }
.q > summary::-webkit-details-marker { display: none; } .q > summary:hover { background: var(--soft); }
.q > summary i { color: var(--quiet); font-style: normal; text-align: right; font-variant-numeric: tabular-nums; }
.q > summary span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.q[open] { padding-bottom: 14px; } .q[open] > :not(summary) { margin-left: 52px; }
s { text-decoration: none; font-weight: 700; display: inline-block; min-width: 19px; text-align: center; }
s.r { color: var(--right); } s.w { color: var(--wrong); } s.f, s.p { color: var(--fail); }
.a { border-left: 2px solid var(--line); padding: 2px 0 2px 12px; margin-top: 12px; } .a p { margin: 0; } .a > p > s { margin-left: -4px; }
.use { font-size: 13px; } .gold { margin: 4px 0 0; } .why::before { content: "— "; } td .why::before { content: ""; }
pre { background: var(--soft); border-radius: 5px; padding: 10px 12px; margin: 6px 0; font: 12.5px/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 480px; overflow: auto; }
code { font: .9em ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; overflow-wrap: anywhere; } pre code { font: inherit; }
.reply { border-left: 3px solid var(--bar); } ol { padding-left: 22px; margin: 6px 0; }
.a details > summary, .program > summary { color: var(--quiet); font-size: 13.5px; padding: 2px 0; } .program { border-bottom: 1px solid var(--line); padding: 5px 0; }
:target > summary { background: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0 0 18px; font-size: 14px; } dd { margin: 0; overflow-wrap: anywhere; }
footer { padding-top: 28px; padding-bottom: 48px; color: var(--quiet); font-size: 13px; }
@media print { form, nav, .skip { display: none !important; } body { font-size: 11pt; } .q { content-visibility: visible; } }
`;
