/** The sources of the programs that ran, once each, with links from the items that used them. */
import type { ReportData } from '../../workflows/evaluation/report-data.ts';
import type { Detail } from './detail.ts';
import { clip, count } from './figures.ts';
import { shownPrograms } from './item-list.ts';
import { type Markup, markup } from './markup.ts';

export function programList(data: ReportData, detail: Detail): Markup {
  const shown = shownPrograms(data, detail);
  const used = new Set(data.items.map((item) => item.programSha256)).size;
  if (shown.length === 0) return markup`<p>No program source was recorded.</p>`;
  return markup`${shown.map((sha256) => program(sha256, data, detail))}${used > shown.length && markup`<p class="note">${count(shown.length)} of ${count(used)} programs are shown, the most used first; report.json has all.</p>`}`;
}

function program(sha256: string, data: ReportData, detail: Detail): Markup {
  const { id = '', source = '' } = data.programs[sha256] ?? {};
  const uses = data.items.filter((item) => item.programSha256 === sha256).length;
  return markup`<details class="program" id="p${sha256.slice(0, 12)}"><summary><strong>${id}</strong> <code>${sha256.slice(0, 12)}</code> ran ${count(uses)} times</summary><pre><code>${clip(source, detail.program)}</code></pre></details>
`;
}
