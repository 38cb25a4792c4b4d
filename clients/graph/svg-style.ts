/** The colours and type of a program's graph; light and dark by the reader's own setting. */
export const svgStyle = `
svg { --paper: #fff; --ink: #1b1f24; --quiet: #5b6570; --line: #c3cad1; --card: #fff; --agent: #0b62b8; --tool: #19733a;
  --loop: #8a5a00; --loop-soft: #fff8e8; --many: #6b4bb0; --many-soft: #f6f3fd; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { svg { --paper: #14171a; --ink: #e6e9ec; --quiet: #9aa5b0; --line: #4a545e; --card: #1f252a;
  --agent: #6fb3f2; --tool: #5fc884; --loop: #e6b450; --loop-soft: #241f14; --many: #b79df2; --many-soft: #1e1b29; } }
text { font: 13px ui-sans-serif, system-ui, "Segoe UI", Roboto, sans-serif; fill: var(--ink); }
.paper { fill: var(--paper); }
.title { font-size: 18px; font-weight: 650; }
.card { fill: var(--card); stroke: var(--line); }
.optional { stroke-dasharray: 5 4; }
.edge { stroke: none; fill: var(--tool); } .edge.agent { fill: var(--agent); }
.name { font: 600 14px ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
.role { font-size: 12.5px; } .place, .note { font-size: 11.5px; fill: var(--quiet); }
.use { font-size: 11.5px; font-weight: 600; fill: var(--agent); font-variant-numeric: tabular-nums; }
.badge { font-size: 12.5px; font-weight: 650; fill: var(--many); }
.box { stroke-width: 1.2; } .box.loop { fill: var(--loop-soft); stroke: var(--loop); } .box.ensemble { fill: var(--many-soft); stroke: var(--many); }
.boxlabel { font-size: 12.5px; font-weight: 600; } .boxlabel.loop { fill: var(--loop); } .boxlabel.ensemble { fill: var(--many); }
.terminal { fill: var(--ink); } .ends { fill: var(--paper); font-weight: 600; }
.flow { fill: none; stroke: var(--quiet); stroke-width: 1.4; } .flow.choice { stroke-dasharray: 4 4; } .flow.back { stroke: var(--loop); }
.head path { fill: var(--quiet); } .head.back path { fill: var(--loop); }
`;
