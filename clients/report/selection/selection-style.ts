/** What the selection's page adds to the report's style: the heat map and a wider page. */
export const selectionStyle = `
main, header, footer { max-width: 1500px; }
.heat { display: flex; align-items: flex-start; } .heat > svg { flex: none; } .heat .scroll { margin: 0; flex: 0 1 auto; min-width: 0; }
.heat svg { display: block; } .heat text { font: 11px ui-sans-serif, system-ui, "Segoe UI", Roboto, sans-serif; fill: var(--ink); }
.heat .v { font-size: 9.5px; text-anchor: middle; font-variant-numeric: tabular-nums; pointer-events: none; } .heat .v.on { fill: var(--paper); }
.heat .l { text-anchor: end; } .heat .q { fill: var(--quiet); }
.heat rect { fill: var(--accent); } .heat .none { fill: var(--soft); }
.heat .pick { fill: none; stroke: var(--ink); stroke-width: 2; } .heat .near { fill: var(--ink); } .heat .near.on { fill: var(--paper); }
.heat .out, .key .out { stroke: var(--ink); stroke-width: 1; stroke-opacity: 0.55; } .heat .out.on { stroke: var(--paper); }
.key { display: flex; flex-wrap: wrap; gap: 6px 22px; align-items: center; margin: 10px 0 0; color: var(--quiet); font-size: 13px; }
.key svg { vertical-align: -3px; margin-right: 6px; } .key rect { fill: var(--accent); } .key .pick { fill: none; stroke: var(--ink); stroke-width: 2; } .key circle { fill: var(--ink); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(330px, 100%), 1fr)); gap: 14px 32px; margin: 18px 0 0; }
.facts b { display: block; font-size: 22px; font-weight: 650; font-variant-numeric: tabular-nums; } .facts p { margin: 0; color: var(--quiet); font-size: 14px; }
main table { min-width: 940px; }
.exemplar { color: var(--quiet); font-size: 13px; display: block; max-width: 52ch; }
@media (max-width: 700px) { main, header, footer { padding: 0 14px; } }
`;
