/** Pictures that can be generated, to try things out without a camera. */
export const TEST_PATTERNS = ['testsrc2', 'smptebars', 'moving-box', 'noise', 'black'] as const;

/** A name of the list. */
export type TestPattern = (typeof TEST_PATTERNS)[number];

/** What `test:<pattern>?seconds=<n>` asks for. */
export interface TestInput {
  readonly pattern: TestPattern;
  /** A recording of this length; absent: a camera that never ends. */
  readonly seconds?: number;
}

const MAX_SECONDS = 86_400;

/** Reads what follows `test:`; undefined when it names no pattern, or a length that is not 1 to 86,400 whole seconds. */
export function parseTestInput(text: string): TestInput | undefined {
  const [, name, digits] = /^([a-z0-9-]+)(?:\?seconds=([1-9]\d{0,4}))?$/.exec(text) ?? [];
  const pattern = TEST_PATTERNS.find((known) => known === name);
  if (pattern === undefined) return undefined;
  if (digits === undefined) return { pattern };
  const seconds = Number(digits);
  return seconds > MAX_SECONDS ? undefined : { pattern, seconds };
}
