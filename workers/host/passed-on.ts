/** What a trainer may see of the worker's environment: no keys. */
export function passedOn(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = ['PATH', 'LANG', 'LD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES', 'TMPDIR'];
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
