/**
 * Runs a classic BPF program on one system call, as the kernel's seccomp does (little-endian). Knows what the guest's filter
 * uses; throws at anything else, and at a jump or a load out of bounds.
 */
export interface SystemCall {
  readonly arch: number;
  readonly number: number;
  readonly args?: readonly number[];
}

export type Action = 'allow' | 'EPERM' | 'ENOSYS' | 'kill';

const actions: Readonly<Record<number, Action>> = {
  0x7fff0000: 'allow',
  0x00050001: 'EPERM',
  0x00050026: 'ENOSYS',
  0x80000000: 'kill',
};

export function runFilter(program: Buffer, call: SystemCall): Action {
  const data = seccompData(call);
  let accumulator = 0;
  for (let at = 0; ; at += 1) {
    const operation = program.readUInt16LE(at * 8);
    const value = program.readUInt32LE(at * 8 + 4);
    const jump = (taken: boolean): number => program.readUInt8(at * 8 + (taken ? 2 : 3));
    switch (operation) {
      case 0x20:
        accumulator = data.readUInt32LE(value);
        break;
      case 0x54:
        accumulator = (accumulator & value) >>> 0;
        break;
      case 0x15:
        at += jump(accumulator === value);
        break;
      case 0x35:
        at += jump(accumulator >= value);
        break;
      case 0x06: {
        const action = actions[value];
        if (action === undefined) throw new Error(`unknown action ${value.toString(16)}`);
        return action;
      }
      default:
        throw new Error(`unknown operation ${operation.toString(16)} at ${at}`);
    }
  }
}

/** struct seccomp_data: number, architecture, instruction pointer, six arguments of 64 bits. */
function seccompData(call: SystemCall): Buffer {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.number >>> 0, 0);
  data.writeUInt32LE(call.arch, 4);
  for (const [index, value] of (call.args ?? []).entries())
    data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 16 + 8 * index);
  return data;
}
