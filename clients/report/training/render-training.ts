/** The report of a training run as one HTML file: no script, no request to any server, every foreign text escaped. */
import { createHash } from 'node:crypto';
import { duration } from '../../../workflows/shared/progress-words.ts';
import { count, oneLine, percent } from '../figures.ts';
import { type Markup, markup, trusted } from '../markup.ts';
import { style } from '../style.ts';
import { lossChart } from './loss-chart.ts';
import { keptTo, type TrainingReport } from './report-data.ts';
import { timelineChart } from './timeline-chart.ts';

const css = `${style}.wide { overflow-x: auto; } .wide svg { max-width: none; } figure + .scroll { margin-top: 24px; } .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 18px 28px; margin: 20px 0 0; } .facts b { font-size: 20px; } .facts p { color: var(--quiet); font-size: 13.5px; margin: 0; }
.key { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; padding: 0; margin: 0 0 10px; color: var(--quiet); font-size: 13px; } .key svg { vertical-align: -1px; margin-right: 6px; } .bad { color: var(--wrong); }
`;

export async function renderTraining(report: TrainingReport, nowMs: number): Promise<string> {
  const { run, state, simulated, attempts, checkpoints, operations, notices, recipeText } = report;
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(css).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  const loss = await lossChart(report.curves, attempts);
  const timeline = await timelineChart(report, nowMs);
  return markup`${trusted('<!DOCTYPE html>')}
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${trusted(policy)}"><meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${run}${simulated && ' (simulated data)'}</title><style>${trusted(css)}</style></head>
<body><a class="skip" href="#main">Skip to the results</a>
<header><h1>Training</h1><p class="sub">${run}: recipe ${report.recipe} on dataset ${report.dataset}, ${state}</p>
${simulated && markup`<p class="banner" role="note"><strong>Simulated data.</strong> A simulated model made the dataset. The training is real; what the model learned says nothing about real tasks.</p>`}
${report.cause !== '' && markup`<p class="banner" role="note"><strong>${state}.</strong> ${oneLine(report.cause, 400)}</p>`}
<div class="facts">${facts(report, nowMs)}</div>
<nav aria-label="Sections"><ul><li><a href="#loss">Loss</a><li><a href="#attempts">Attempts</a><li><a href="#checkpoints">Checkpoints</a><li><a href="#operators">Operators</a><li><a href="#recipe">Recipe</a></ul></nav></header>
<main id="main">
<h2 id="loss">Loss</h2>${loss ? markup`<p class="note">The line is what the model learned; dashes are steps that were made once more after a restart. Marks name the attempt that began there.</p><figure class="wide">${loss}</figure>` : markup`<p class="note">No loss was told yet.</p>`}
<h2 id="attempts">Attempts</h2>${timeline ? markup`<ul class="key"><li>${swatch('var(--line)')}starting<li>${swatch('var(--accent)')}training<li>${swatch('var(--bar)')}made once more later<li>ticks: saves</ul><figure class="wide">${timeline}</figure>` : ''}${attemptTable(report, nowMs)}
${notices.length > 0 && markup`<h3>Notices</h3><ul>${notices.map(({ step, kind, text }) => markup`<li>step ${count(step)}, ${kind}: ${oneLine(text, 300)}`)}</ul>`}
<h2 id="checkpoints">Checkpoints</h2>${checkpoints.length === 0 ? markup`<p class="note">None was written.</p>` : checkpointTable(checkpoints)}
<h2 id="operators">Operators</h2>${operations.length === 0 ? markup`<p class="note">Nobody did anything.</p>` : operationTable(operations)}
<h2 id="recipe">Recipe</h2><pre>${recipeText}</pre>
</main><footer>Written by masgpt-temporal. This file makes no request to any server.</footer></body></html>
`.source;
}

function facts(report: TrainingReport, nowMs: number): Markup[] {
  const fact = (figure: string, text: string): Markup => markup`<div><b>${figure}</b><p>${text}</p></div>`;
  const { step, maxSteps, attempts, goodput, artefact, checkpoints } = report;
  const last = report.curves.at(-1)?.points.at(-1);
  const [first, latest] = [attempts[0], attempts.at(-1)];
  const wallMs = first && latest ? (latest.endedMs ?? nowMs) - first.startedMs : undefined;
  const verified = checkpoints.filter(({ state }) => state === 'verified').length;
  return [
    fact(`${count(step)}${maxSteps === null ? '' : ` of ${count(maxSteps)}`}`, 'steps'),
    ...(last ? [fact(last[1].toPrecision(3), `training loss at step ${count(last[0])}`)] : []),
    fact(count(attempts.length), attempts.length === 1 ? 'attempt' : 'attempts'),
    ...(wallMs === undefined ? [] : [fact(duration(wallMs / 1_000), 'from the first start to the last end')]),
    ...(goodput === null
      ? []
      : [fact(`${percent(goodput)} %`, 'goodput: share of that time in steps that count')]),
    fact(count(verified), 'verified checkpoints at hand'),
    ...(artefact === null ? [] : [fact(artefact.slice(0, 12), 'sha256 of the model, its first digits')]),
  ];
}

function swatch(colour: string): Markup {
  return trusted(
    `<svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" rx="2" fill="${colour}"/></svg>`,
  );
}

function attemptTable({ attempts }: TrainingReport, nowMs: number): Markup {
  const rows = attempts.map((attempt) => {
    const { epoch, host, fromStep, toStep, startedMs, steppingMs, endedMs, class: kind, cause } = attempt;
    const again = Math.max(0, toStep - keptTo(attempts, epoch));
    const failed = kind !== null && kind !== 'completed' && kind !== 'cancelled' && kind !== 'stopped';
    return markup`<tr><th scope="row">${epoch}<td>${host}<td class="n">${count(fromStep)}<td class="n">${count(toStep)}<td class="n">${again === 0 ? '' : count(again)}<td class="n">${steppingMs === null ? '' : duration((steppingMs - startedMs) / 1_000)}<td class="n">${duration(((endedMs ?? nowMs) - startedMs) / 1_000)}<td${failed && trusted(' class="bad"')}>${kind ?? 'runs'}<td>${oneLine(cause ?? '', 160)}</tr>`;
  });
  return table(
    'Attempts',
    ['Attempt', 'Host', '*From step', '*To step', '*Made again', '*To first step', '*Lasted', 'End', 'Cause'],
    rows,
  );
}

function checkpointTable(checkpoints: TrainingReport['checkpoints']): Markup {
  const rows = checkpoints.map(({ step, attempt, state, bytes, savedAt, digest, metrics, reason }) => {
    const told = Object.entries(metrics)
      .slice(0, 4)
      .map(([name, value]) => `${name} ${value.toPrecision(4)}`);
    return markup`<tr><th scope="row">${count(step)}<td class="n">${attempt}<td>${state}<td class="n">${bytes === 0 ? '' : `${(bytes / 2 ** 20).toPrecision(3)} MiB`}<td>${savedAt.toISOString().slice(0, 19)}<td><code>${digest?.slice(0, 12) ?? ''}</code><td>${told.join(', ')}<td>${oneLine(reason ?? '', 200)}</tr>`;
  });
  return table(
    'Checkpoints',
    ['Step', '*Attempt', 'State', '*Size', 'Saved (UTC)', 'Digest', 'Numbers', 'Reason'],
    rows,
  );
}

function operationTable(operations: TrainingReport['operations']): Markup {
  const rows = operations.map(
    ({ at, update, argument, by, identity, why }) =>
      markup`<tr><th scope="row">${at.toISOString().slice(0, 19)}<td>${update}<td><code>${oneLine(argument, 200)}</code><td>${oneLine(by || identity, 120)}<td>${oneLine(why, 500)}</tr>`,
  );
  return table('What operators did', ['At (UTC)', 'Update', 'Argument', 'Who', 'Why'], rows);
}

/** A star begins the heads of columns of numbers. */
function table(caption: string, heads: readonly string[], rows: readonly Markup[]): Markup {
  const head = heads.map((text) =>
    text.startsWith('*')
      ? markup`<th scope="col" class="n">${text.slice(1)}`
      : markup`<th scope="col">${text}`,
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><thead><tr>${head}</thead><tbody>${rows}</tbody></table></div>`;
}
