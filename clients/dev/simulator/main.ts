/** Child process entry: prints one JSON line { url, revision } when ready, and ends when its stdin closes. */
import { settingsFrom } from './settings.ts';
import { startSimulator } from './server.ts';

const simulator = await startSimulator(settingsFrom(process.env));
process.stdout.write(`${JSON.stringify({ url: simulator.url, revision: simulator.revision })}\n`);
process.stdin.resume().once('close', () => process.exit(0));
