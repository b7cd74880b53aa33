/** What is kept: files no older than that, so many, of so many bytes in all. */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxCount: number;
  readonly maxBytes: number;
}

/** A file that is there. */
export interface ShelvedFile {
  readonly name: string;
  /** When it was written, milliseconds since 1970. */
  readonly atMs: number;
  readonly bytes: number;
}

/** An account of files, the oldest first; no I/O. */
export interface FileShelf {
  /** A file was written, perhaps over one of the same name. */
  add(file: ShelvedFile): void;
  /** These are all that there are. */
  reset(files: readonly ShelvedFile[]): void;
  /** True when there are too many or too large ones. */
  hasSurplus(): boolean;
  /** Takes the names out that have to go by now; some hundred at a time, the rest with the next call. */
  takeSurplus(nowMs: number): readonly string[];
  readonly count: number;
  readonly bytes: number;
}

/** A sweep takes its turn between writes. */
const MOST_AT_ONCE = 500;

/** An empty account. */
export function createFileShelf({ maxAgeMs, maxCount, maxBytes }: Retention): FileShelf {
  /** In the order of writing: a Map keeps that of insertion. */
  const files = new Map<string, ShelvedFile>();
  let bytes = 0;

  function drop(name: string): void {
    bytes -= files.get(name)?.bytes ?? 0;
    files.delete(name);
  }

  function add(file: ShelvedFile): void {
    drop(file.name);
    files.set(file.name, file);
    bytes += file.bytes;
  }

  /** What came last stays, however large it is. */
  const hasSurplus = () => files.size > 1 && (files.size > maxCount || bytes > maxBytes);

  return {
    add,
    reset(all) {
      files.clear();
      bytes = 0;
      for (const file of [...all].sort((a, b) => a.atMs - b.atMs)) add(file);
    },
    hasSurplus,
    takeSurplus(nowMs) {
      const taken: string[] = [];
      for (const { name, atMs } of files.values()) {
        if (taken.length >= MOST_AT_ONCE || !(hasSurplus() || nowMs - atMs > maxAgeMs)) break;
        drop(name);
        taken.push(name);
      }
      return taken;
    },
    get count() {
      return files.size;
    },
    get bytes() {
      return bytes;
    },
  };
}
