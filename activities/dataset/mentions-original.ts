/** Whether a text speaks of an earlier version of the program. What `known` texts (query, base program) say themselves is no such word. */

const patterns: readonly RegExp[] = [
  /\b(?:original|base|given|existing|previous|initial|earlier|old|provided|starting|baseline|unmodified|prior)\s+(?:multi-agent\s+)?(?:program|system|mas|version|architecture|pipeline|template|implementation)\b/gi,
  /\b(?:original|existing|previous|given|provided|earlier)\s+(?:code|class|workflow|design|structure|prompts?)\b/gi,
  /\b(?:adapted|readapted|adaptation\s+of|adapting\s+(?:the|this|it|an?)|(?:modified|revised|customi[sz]ed|tailored)\s+(?:version|from)|refactored|modified\s+(?:the|program|system))\b/gi,
  /\b(?:kept|keeps|keeping|retained?|retaining|preserved?|preserving|unchanged)\s+(?:the\s+)?(?:same\s+)?(?:architecture|class|methods|structure|number\s+of\s+agents)\b/gi,
];

export function mentionsOriginal(text: string, known: readonly string[]): boolean {
  const given = known.map(normal);
  return patterns.some((pattern) =>
    [...text.matchAll(pattern)].some(({ 0: words }) => !given.some((one) => one.includes(normal(words)))),
  );
}

function normal(text: string): string {
  return text.toLowerCase().replaceAll(/\s+/g, ' ');
}
