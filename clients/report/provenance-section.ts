/** Where the figures come from: the run, the plan, models and revisions, benchmarks with version, source and licence. */
import type { ReportData } from '../../workflows/evaluation/report-data.ts';
import { count, money } from './figures.ts';
import { type Markup, markup } from './markup.ts';

export function provenanceSection(data: ReportData): Markup {
  const { provenance, usage } = data;
  const facts: (readonly [string, string | undefined])[] = [
    ['Run', provenance.run],
    ['Written', provenance.createdAt],
    ['Plan (sha256)', provenance.plan],
    ['Seed', String(provenance.seed)],
    ['Git commit', provenance.gitCommit],
    [
      'Versions',
      Object.entries(provenance.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    [
      'LLM use',
      `${count(usage.llmCalls)} calls, ${count(usage.tokensIn)} tokens in (${count(usage.tokensCached)} cached), ${count(usage.tokensOut)} out, $${money(usage.costUsd)}`,
    ],
  ];
  const divergent = data.items.filter(({ divergences }) => divergences > 0).length;
  if (divergent > 0)
    facts.push(['Divergent', `${count(divergent)} executions took another way when they were resumed`]);
  return markup`<dl>${facts.filter(([, value]) => value).map(([name, value]) => markup`<dt>${name}<dd>${value}`)}</dl>
<div class="scroll" tabindex="0" role="region" aria-label="Models"><table><caption>Drivers</caption><thead><tr><th scope="col">Name<th scope="col">Model<th scope="col">Revision<th scope="col">Kind</thead><tbody>${data.drivers.map(
    (driver) =>
      markup`<tr><th scope="row">${driver.name}<td>${driver.model}<td><code>${driver.revision}</code><td>${driver.simulated ? 'simulated' : 'real'}</tr>`,
  )}</tbody></table></div>
<div class="scroll" tabindex="0" role="region" aria-label="Benchmarks"><table><caption>Benchmarks</caption><thead><tr><th scope="col">Name<th scope="col">Version<th scope="col">Split<th scope="col" class="n">Items<th scope="col">Answers<th scope="col">Licence<th scope="col">Source and citation</thead><tbody>${data.benchmarks.map(
    (benchmark) =>
      markup`<tr><th scope="row">${benchmark.title}<td>${benchmark.version}<td>${benchmark.split}<td class="n">${count(benchmark.items)}${benchmark.size !== undefined && ` of ${count(benchmark.size)}`}<td>${benchmark.answerKind}<td>${benchmark.licence}<td>${benchmark.source}<br><span class="why">${benchmark.citation}</span>${benchmark.sha256 !== undefined && markup`<br><code>${benchmark.sha256.slice(0, 16)}</code>`}</tr>`,
  )}</tbody></table></div>
<details><summary>Input of the run</summary><pre>${JSON.stringify(provenance.input, null, 2)?.slice(0, 20_000) ?? ''}</pre></details>`;
}
