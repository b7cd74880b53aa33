import { crc32 } from '../../models/support/crc32';
import type { Entry } from './append-script';

/** An entry of a spool. */
export interface SpoolRecord {
  readonly entry: Entry;
  /** When it was spooled, milliseconds since 1970. */
  readonly atMs: number;
}

/** The records at the beginning of some bytes. */
export interface DecodedRecords {
  readonly records: readonly SpoolRecord[];
  /** Lines that are no record: cut off by the end of a process, or damaged. */
  readonly damaged: number;
  /** Bytes of all these lines. */
  readonly length: number;
}

export interface RecordLimits {
  readonly maxEntries: number;
  /** Characters of JSON, from which on no further record is taken. */
  readonly maxLength: number;
}

const NEWLINE = 0x0a;
const CRC_DIGITS = 8;

/** A record is a line: CRC-32 of the rest in 8 hexadecimal digits, space, header, tab, data. JSON holds no line break and no tab. */
export function encodeRecord({ entry, atMs }: SpoolRecord): Buffer {
  const { type, camera, id, fence = null, open, data } = entry;
  const header = JSON.stringify([atMs, type, camera, id, fence, open.keep ?? null, ...open.drop]);
  return sealed(`${header}\t${data}`);
}

/** A line of the text with its CRC before it. */
export function sealed(text: string): Buffer {
  const line = Buffer.from(`${' '.repeat(CRC_DIGITS + 1)}${text}\n`);
  const crc = crc32(line.subarray(CRC_DIGITS + 1, -1));
  line.write(crc.toString(16).padStart(CRC_DIGITS, '0'), 'latin1');
  return line;
}

/** The text of a line without its line break; undefined when its CRC is another. */
export function unsealed(line: Uint8Array): string | undefined {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  const head = text.toString('latin1', 0, CRC_DIGITS + 1);
  const rest = text.subarray(CRC_DIGITS + 1);
  if (!/^[0-9a-f]{8} $/.test(head) || Number.parseInt(head, 16) !== crc32(rest)) return undefined;
  return rest.toString();
}

/**
 * Reads whole lines until a limit is reached. Bytes behind the last line break are left, unless nothing follows them: then
 * they are a record that was cut off.
 */
export function decodeRecords(bytes: Buffer, isEnd: boolean, limits: RecordLimits): DecodedRecords {
  const records: SpoolRecord[] = [];
  let damaged = 0;
  let length = 0;
  let textLength = 0;
  while (length < bytes.length && records.length < limits.maxEntries && textLength < limits.maxLength) {
    const end = bytes.indexOf(NEWLINE, length);
    if (end < 0 && !isEnd) break;
    const record = end < 0 ? undefined : decodeLine(bytes.subarray(length, end));
    // What does not fit any more begins the next batch, as it would have in memory.
    if (record !== undefined && records.length > 0) {
      if (textLength + record.entry.data.length > limits.maxLength) break;
    }
    length = end < 0 ? bytes.length : end + 1;
    if (record === undefined) damaged++;
    else {
      records.push(record);
      textLength += record.entry.data.length;
    }
  }
  return { records, damaged, length };
}

type Header = [
  atMs: number,
  type: string,
  camera: string,
  id: string,
  fence: number | null,
  keep: string | null,
  ...drop: string[],
];

function decodeLine(line: Uint8Array): SpoolRecord | undefined {
  const text = unsealed(line);
  const tab = text?.indexOf('\t') ?? -1;
  if (text === undefined || tab < 0) return undefined;
  try {
    const [atMs, type, camera, id, fence, keep, ...drop] = JSON.parse(text.slice(0, tab)) as Header;
    const open = { drop, ...(keep !== null && { keep }) };
    return { atMs, entry: { type, camera, id, fence: fence ?? undefined, open, data: text.slice(tab + 1) } };
  } catch {
    // What no version of this program wrote.
    return undefined;
  }
}
