import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

/**
 * Stands at both ends and in the midst of every planted secret: whatever part of one comes out has it, and in whatever
 * encoding, since none of URLs, JSON or YAML touches its signs. Base64 is looked for by itself.
 */
const MARK = 'Qz9xJ';

const LETTERS = ['a', 'Z', '0', '~'];
/** Every sign that breaks a URL, a quoted text, or a pattern; text that looks encoded already; more than ASCII. */
const SIGNS = Array.from('@:/#%?&+"\'\\<>{}[]^|;=!*(), ').concat(['%2F', '%zz', 'é', '漢', '😀', '$$']);
/** Those that may stand in a URL as they are, though they should not. */
const RAW_SIGNS = Array.from('@:&+"\'<>;=!*(),{}^|').concat(['é', '漢', '😀']);

const part = (signs: readonly string[]) =>
  fc.string({ unit: fc.constantFrom(...signs, ...LETTERS), minLength: 1, maxLength: 6 });
const secret = (signs: readonly string[], first = signs) =>
  fc
    .tuple(part(signs), fc.constantFrom(...first), part(signs))
    .map(([one, always, other]) => `${MARK}${one}${MARK}${always}${other}${MARK}`);

/** Secrets of any text. */
export const anySecret = secret(SIGNS);
/** Secrets that people paste into a URL without encoding them; each has a sign at which a URL in a text ends. */
export const rawSecret = secret(RAW_SIGNS, ['"', "'", '<', '>']);
/** Secrets of letters and digits, such as the key of a stream in its path. */
export const plainSecret = secret(LETTERS.slice(0, 3));

/** Percent-encoded as some tools do it: in lower case, and more of it than is needed. */
export function encodedLoosely(text: string): string {
  return [...Buffer.from(text)]
    .map((byte, index) =>
      index % 3 === 0 || !/[\w]/.test(String.fromCharCode(byte)) || byte > 127
        ? `%${byte.toString(16).padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('');
}

/** Where a secret stands in what came out, with some of the text around it; empty when nowhere. */
export function leaksIn(outputs: ReadonlyMap<string, Buffer | string>, secrets: readonly string[]): string[] {
  const wanted = new Set(secrets.flatMap(formsOf));
  return [...outputs].flatMap(([name, output]) => {
    const bytes = Buffer.isBuffer(output) ? output : Buffer.from(output);
    return [...wanted].flatMap((form) => {
      const at = bytes.indexOf(form);
      if (at < 0) return [];
      return `${name}: ${JSON.stringify(bytes.subarray(Math.max(0, at - 120), at + 80).toString())}`;
    });
  });
}

function formsOf(text: string): readonly string[] {
  const basic = Buffer.from(`guard:${text}`).toString('base64').replace(/=+$/, '');
  const base64 = Buffer.from(text).toString('base64').replace(/=+$/, '').slice(0, -1);
  return [MARK, encodedLoosely(text), basic.slice(0, -1), base64, Buffer.from(text).toString('hex')];
}

/** The files of a folder and all beneath it, by name; what is no file is left out. */
export function filesIn(folder: string): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    files.set(`the name of ${path}`, Buffer.from(name));
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) files.set(path, readFileSync(path));
  }
  return files;
}
