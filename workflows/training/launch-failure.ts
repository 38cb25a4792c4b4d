/** Whether a failed launch would fail again: in the words of shells, kernels and schedulers. Pure; workflows and activities ask. */

/** The cause key: `launchFailed/refused` parks at once, `launchFailed/tried` is tried again. */
export function causeOfLaunchFailure(message: string): 'launchFailed/refused' | 'launchFailed/tried' {
  return definite.test(message.slice(0, 2_000)) ? 'launchFailed/refused' : 'launchFailed/tried';
}

const definite =
  /No such file or directory|command not found|Permission denied|Exec format error|Errno (?:2|8|13)\b|invalid (?:account|partition|qos|constraint|feature|generic resource|reservation)|time limit is invalid|not permitted to use|Requested node configuration is not available|violates accounting\/QOS policy/i;
