/**
 * Outlives its parent by seconds: when standard input ends (the parent is gone, also by kill -9), it stops every process
 * that the parent had registered and not taken back. Lines: `+PID SIGNAL` registers, `-PID` takes back.
 */
import { createInterface } from 'node:readline';

const graceMs = 8_000;
const watched = new Map();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [pid, signal] = line.slice(1).split(' ');
  if (line.startsWith('+')) watched.set(Number(pid), signal);
  else watched.delete(Number(pid));
});
lines.on('close', () => {
  for (const [pid, signal] of watched) kill(pid, signal);
  const end = Date.now() + graceMs;
  const timer = setInterval(() => {
    for (const pid of watched.keys()) if (!kill(pid, 0)) watched.delete(pid);
    if (watched.size > 0 && Date.now() < end) return;
    for (const pid of watched.keys()) kill(pid, 'SIGKILL');
    clearInterval(timer);
  }, 100);
});

function kill(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
