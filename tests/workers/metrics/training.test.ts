/**
 * Metrics of trainings, as a worker serves them while it launches and watches real (stand-in) trainers: their values, their names by
 * Prometheus' conventions, and that docs/metrics.md, the alerts and the dashboard name what is there.
 */
import { readFile } from 'node:fs/promises';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerLastPoll } from '../../../workers/metrics/last-poll.ts';
import { serveMetrics, type ServedMetrics } from '../../../workers/metrics/serve-metrics.ts';
import { registerTrainingAttempts } from '../../../workers/metrics/training-attempts.ts';
import { registerTrainingRuns } from '../../../workers/metrics/training-runs.ts';
import { type Fault, type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly values: readonly { readonly value: number; readonly labels: Readonly<Record<string, unknown>> }[];
}

const registry = new Registry();
let parts: TrainingParts;
let workers: AsyncDisposable;
let served: ServedMetrics;

beforeAll(async () => {
  parts = await trainingParts();
  await parts.addDataset('rows', '{"messages":[]}\n');
  const { database, client } = parts;
  const observer = registerTrainingAttempts(registry, database);
  const namespace = 'default';
  registerTrainingRuns(registry, { client, database, namespace, watched: observer.watched });
  const service = client.workflowService as unknown as Parameters<typeof registerLastPoll>[1]['service'];
  registerLastPoll(registry, { service, namespace, queues: [parts.taskQueue], identity: 'nobody' });
  served = await serveMetrics(registry, '127.0.0.1:0');
  workers = await parts.startWorkers({ observer });
});

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await served?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
});

async function start(name: string, faults: readonly Fault[], options: { stepS?: number } = {}) {
  await parts.addRecipe(name, { maxSteps: 40, saveSteps: 10, ...options, faults });
  return parts.start(name, { dataset: 'rows', recipe: name });
}

/** Of one series; undefined where there is none. */
async function value(name: string, labels: Readonly<Record<string, string>>): Promise<number | undefined> {
  const wanted = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
  const lines = (await (await fetch(served.url)).text()).split('\n');
  const line = lines.find(
    (text) => text.startsWith(`${name}{`) && wanted.every((pair) => text.includes(pair)),
  );
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf('}') + 1));
}

describe('a training', () => {
  it('is counted from launch to end, with how long the end took to be noticed', async () => {
    const handle = await start('metrics-killed', [{ at: 'step', step: 25, kind: 'kill', once: true }]);
    await handle.result();
    const recipe = 'metrics-killed';
    expect(await value('masgpt_training_attempts_started_total', { recipe })).toBe(2);
    const ended = (end: string) => value('masgpt_training_attempts_ended_total', { recipe, class: end });
    expect([await ended('killed'), await ended('completed')]).toEqual([1, 1]);
    expect(await value('masgpt_training_detection_seconds_count', { kind: 'exit' })).toBe(2);
    expect(await value('masgpt_training_detection_seconds_sum', { kind: 'exit' })).toBeGreaterThan(0);
    expect(await value('masgpt_training_step', { run: 'training/metrics-killed' })).toBeUndefined();
  }, 240_000);

  it('shows its step, loss, pace, checkpoint age and goodput while it is watched, and nothing afterwards', async () => {
    // 40 steps of 2 s: it must not end by itself while it is looked at.
    const handle = await start('metrics-live', [], { stepS: 2 });
    const run = 'training/metrics-live';
    const seen = (name: string) => until(() => value(`masgpt_training_${name}`, { run }));
    const step = await until(async () => {
      const now = await value('masgpt_training_step', { run });
      return now !== undefined && now > 11 && now;
    });
    expect(await seen('max_steps')).toBe(40);
    expect(await seen('step')).toBeGreaterThanOrEqual(step);
    expect(await seen('steps_per_second')).toBeGreaterThan(0);
    expect(await seen('checkpoint_age_seconds')).toBeGreaterThanOrEqual(0);
    expect(await seen('loss')).toBeGreaterThan(0);
    const goodput = await seen('goodput_ratio');
    expect(goodput).toBeGreaterThan(0);
    expect(goodput).toBeLessThanOrEqual(1);
    await handle.executeUpdate('abort', { args: [{ reason: 'seen' }] });
    await expect(handle.result()).rejects.toThrow();
    for (const name of ['step', 'loss', 'steps_per_second', 'checkpoint_age_seconds'])
      expect(await value(`masgpt_training_${name}`, { run })).toBeUndefined();
  }, 240_000);

  it('is counted by its state while it waits for a person, and once it ended', async () => {
    const counts = (state: string) => value('masgpt_training_runs', { state });
    // Other files' runs of the same server are in these counts, too.
    const handle = await start('metrics-parked', [{ at: 'start', kind: 'valueError' }]);
    await until(async () => ((await counts('needsOperator')) ?? 0) > 0);
    await handle.executeUpdate('abort', { args: [{ reason: 'seen' }] });
    await expect(handle.result()).rejects.toThrow();
    expect(await until(async () => ((await counts('failed')) ?? 0) > 0)).toBe(true);
    expect(await counts('pausing')).toBeGreaterThanOrEqual(0);
  }, 240_000);
});

describe('names', () => {
  const plurals = /_(?:ms|millis|milliseconds|minutes|hours|days|kb|mb|gb|gib|kib|mib|percent|pct)(?:_|$)/;

  it('follow the conventions of Prometheus', async () => {
    const metrics = (await registry.getMetricsAsJSON()) as unknown as readonly Metric[];
    expect(metrics.length).toBeGreaterThan(10);
    for (const { name, help, type } of metrics) {
      expect(name).toMatch(/^masgpt_[a-z][a-z0-9_]*[a-z0-9]$/);
      expect(name).not.toMatch(plurals);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_(?:seconds|bytes)$/);
      expect(name).not.toMatch(/_(?:count|sum|bucket|gauge|counter|histogram)$/);
      expect(help).toMatch(/^[A-Z].{15,}[^.]$/);
    }
    for (const { labels } of metrics.flatMap(({ values }) => values))
      for (const label of Object.keys(labels))
        expect(['run', 'recipe', 'class', 'kind', 'state', 'queue', 'le']).toContain(label);
  });

  it('are those of docs/metrics.md, with their types', async () => {
    const metrics = (await registry.getMetricsAsJSON()) as unknown as readonly Metric[];
    const text = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    const documented = [...text.matchAll(/^\| `(masgpt_\w+)`[^|]*\| (\w+) \|/gm)].map(([, name, type]) => [
      name,
      type,
    ]);
    const byName = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);
    expect(documented.toSorted(byName)).toEqual(
      metrics.map(({ name, type }) => [name, type]).toSorted(byName),
    );
  });
});

/** Metrics that an expression names, without the suffixes of histograms. */
const namesIn = (expr: string): string[] =>
  (expr.match(/masgpt_[a-z0-9_]+/g) ?? []).map((name) => name.replace(/_(?:bucket|sum|count)$/, ''));

const isBalanced = (expr: string): boolean =>
  expr.split('(').length === expr.split(')').length &&
  expr.split('{').length === expr.split('}').length &&
  expr.split('[').length === expr.split(']').length;

describe('what reads them', () => {
  const file = (name: string): Promise<string> =>
    readFile(new URL(`../../../docker/${name}`, import.meta.url), 'utf8');

  it('alerts are rules on metrics that are served', async () => {
    const { groups } = parse(await file('prometheus-alerts.yaml')) as {
      groups: {
        name: string;
        rules: {
          alert: string;
          expr: string;
          for: string;
          labels: { severity: string };
          annotations: object;
        }[];
      }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    for (const needed of [
      'MasgptAllWorkersDown',
      'MasgptTrainingWaitsForPerson',
      'MasgptTrainingNoAdvance',
      'MasgptTrainingCheckpointOld',
    ])
      expect(names).toContain(needed);
    const known = (await registry.getMetricsAsJSON()).map(({ name }) => name);
    for (const { expr, annotations, for: lasting, labels } of rules) {
      expect(namesIn(expr).length).toBeGreaterThan(0);
      for (const name of namesIn(expr)) expect(known).toContain(name);
      expect(isBalanced(expr)).toBe(true);
      expect(lasting).toMatch(/^\d+[smh]$/);
      expect(['critical', 'warning']).toContain(labels.severity);
      expect(Object.keys(annotations)).toEqual(['summary', 'description']);
    }
  });

  it('the dashboard asks for metrics that are served, of a data source that is chosen', async () => {
    const text = await file('grafana-training.json');
    const dashboard = JSON.parse(text) as {
      title: string;
      uid: string;
      schemaVersion: number;
      templating: { list: { name: string; type: string; query: string }[] };
      panels: {
        id: number;
        title: string;
        type: string;
        description?: string;
        datasource: { type: string; uid: string };
        fieldConfig: { defaults: { unit: string } };
        gridPos: { x: number; y: number; w: number; h: number };
        targets: { refId: string; expr: string }[];
      }[];
    };
    expect(dashboard.uid).toMatch(/^[a-z0-9-]{1,40}$/);
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
    const { list } = dashboard.templating;
    expect(list.find(({ type }) => type === 'datasource')).toMatchObject({
      name: 'source',
      query: 'prometheus',
    });
    const known = (await registry.getMetricsAsJSON()).map(({ name }) => name);
    const asked = new Set<string>();
    const cells = new Set<string>();
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { datasource, targets, gridPos, type, fieldConfig } of dashboard.panels) {
      expect(datasource).toEqual({ type: 'prometheus', uid: '${source}' });
      expect(['timeseries', 'stat', 'table', 'heatmap']).toContain(type);
      expect(fieldConfig.defaults.unit).toMatch(/^\w+$/);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(cells.has(`${x},${y}`)).toBe(false);
          cells.add(`${x},${y}`);
        }
      for (const { expr } of targets) {
        expect(namesIn(expr).length).toBeGreaterThan(0);
        for (const name of namesIn(expr)) {
          expect(known).toContain(name);
          asked.add(name);
        }
        expect(isBalanced(expr)).toBe(true);
      }
    }
    for (const { query } of list.filter(({ type }) => type === 'query'))
      for (const name of namesIn(query)) expect(known).toContain(name);
    // Every metric of trainings is drawn somewhere.
    for (const name of known.filter((metric) => metric.startsWith('masgpt_training_')))
      expect(asked).toContain(name);
  });
});
