/** `masgpt train`: the same as `masgpt training start`. */
export { default } from '../training/start.ts';
