/** A command whose libraries print wherever they like. */
import { createOutput, writeDocument } from '../../../clients/cli/output.ts';

const output = createOutput(true);
console.log('from console.log');
process.stdout.write('from stdout.write\n');
process.emitWarning('from a warning');
output.print('a human text, which --json leaves out');
output.note('a note');
output.note('foreign text must not drive \u001b[2J the terminal');
await writeDocument({ answer: 42 });
