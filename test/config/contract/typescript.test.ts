import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contractTypeScript } from '../../../config/contract/typescript';
import { packageRoot } from '../../../models/support/package-root';
import { tempFolder } from '../../support/temp-folder';

const folder = tempFolder();
const published = contractTypeScript();
const sameness = readFileSync(join(__dirname, 'same-types.ts'), 'utf8');

const STRICT = {
  target: 'es2022',
  module: 'node16',
  moduleResolution: 'node16',
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  types: [],
};

/** A program of somebody else: the published types, or `types`, and nothing of ours beside them. */
interface Consumer {
  readonly name: string;
  readonly lines: readonly string[];
  readonly types?: string;
}

/** What the compiler has against each of the programs, by their names; apart from jest, in whose sandbox it takes long. */
function complaints(
  consumers: readonly Consumer[],
  options: object = {},
): Readonly<Record<string, string[]>> {
  const project = join(folder, consumers[0]!.name);
  for (const { name, lines, types = published } of consumers) {
    mkdirSync(join(project, name), { recursive: true });
    writeFileSync(join(project, name, 'events.d.ts'), types);
    writeFileSync(join(project, name, 'consumer.ts'), `${lines.join('\n')}\n`);
  }
  const config = { compilerOptions: { ...STRICT, ...options }, include: ['**/*.ts'] };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(packageRoot, 'node_modules/typescript/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', project, '--pretty', 'false'], {
    cwd: project,
    encoding: 'utf8',
  });
  const told = stdout.split('\n').filter((line) => /^\S+\(\d+,\d+\): error/.test(line));
  if (told.length === 0 && status !== 0) throw new Error(`tsc: expected it to run, got ${stdout}`);
  return Object.fromEntries(
    consumers.map(({ name }) => [name, told.filter((line) => line.startsWith(`${name}/`))]),
  );
}

// Compilers of many files, beside other tests.
jest.setTimeout(180_000);

describe('the published TypeScript types', () => {
  it('need nothing but themselves, tell types apart, and refuse what is none of them', () => {
    expect(published).not.toMatch(/\b(import|require|reference)\b/);
    const { alone, apart, wrong } = complaints([
      { name: 'alone', lines: ['export type { SightlineEvent } from "./events";'] },
      {
        name: 'apart',
        lines: [
          'import type { EventOf, SightlineEvent, StreamEntry } from "./events";',
          'export function text(event: SightlineEvent): string {',
          '  if (event.type === "zone.left") return `${event.data.zone} ${event.data.dwellMs.toFixed()}`;',
          '  if (event.type === "track.ended") return event.data.bestFrame ?? event.data.reason;',
          '  return event.data.camera;',
          '}',
          'export const ofTrack = (event: SightlineEvent) => "trackId" in event.data && event.data.trackId;',
          'export const read = ({ data }: StreamEntry) => JSON.parse(data) as SightlineEvent;',
          'export const trackOf = (event: EventOf<"track.ended" | "zone.left">): string => event.data.trackId;',
        ],
      },
      {
        name: 'wrong',
        lines: [
          'import type { EventOf, SightlineEvent } from "./events";',
          'export const zone = (event: EventOf<"track.ended">) => event.data.zone;',
          'export const isNone = (event: SightlineEvent) => event.type === "track.finished";',
        ],
      },
    ]);
    expect(alone).toEqual([]);
    expect(apart).toEqual([]);
    expect(wrong).toEqual([
      expect.stringContaining("Property 'zone' does not exist"),
      expect.stringContaining('no overlap'),
    ]);
  });

  it('are those that the code infers, and would be told from others', () => {
    const lines = [
      sameness
        .replace('../../../models/contract/v1/events', './events')
        .replace('../../../models/domain/event', join(packageRoot, 'models/domain/event')),
    ];
    const others = [
      ['optional', '  zone: string;', '  zone?: string | undefined;'],
      ['missing', '  isVisible: boolean;', ''],
      ['value', " | 'restart'", ''],
      ['tuple', 'box: [number, number, number, number]', 'box: number[]'],
      ['readonly', '  score: number;', '  readonly score: number;'],
      ['type', "  'zone.left': ZoneLeftData;", ''],
    ] as const;
    for (const [, text] of others) expect(published).toContain(text);
    const told = complaints(
      [
        { name: 'same', lines },
        ...others.map(([name, text, other]) => ({ name, lines, types: published.replace(text, other) })),
      ],
      { skipLibCheck: true, types: ['node'], typeRoots: [join(packageRoot, 'node_modules/@types')] },
    );
    const { same, ...changed } = told;
    expect(same).toEqual([]);
    expect(Object.entries(changed).filter(([, lines]) => lines.length === 0)).toEqual([]);
  });
});
