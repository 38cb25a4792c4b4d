/** `ms` ships no types under nodenext; without this line Temporal's `Duration` silently becomes `any`. */
declare module 'ms' {
  export type StringValue = `${number}` | `${number}${string}` | `${number} ${string}`;
  export default function ms(value: StringValue): number;
}
