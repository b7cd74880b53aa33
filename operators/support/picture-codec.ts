import { open } from 'node:fs/promises';

/** FFmpeg's decoders of single pictures. */
export type PictureCodec = 'mjpeg' | 'png' | 'bmp' | 'webp' | 'tiff';

/** How files of each begin, at which byte. */
const SIGNS: readonly (readonly [codec: PictureCodec, sign: readonly number[], at?: number])[] = [
  ['mjpeg', [0xff, 0xd8, 0xff]],
  ['png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['bmp', [0x42, 0x4d]],
  ['webp', [0x57, 0x45, 0x42, 0x50], 8],
  ['tiff', [0x49, 0x49, 0x2a, 0]],
  ['tiff', [0x4d, 0x4d, 0, 0x2a]],
];

/** All signs lie within. */
const SIGN_BYTES = 12;

/** What the first bytes of a file say it is, whatever its name says; undefined when it is no picture. */
export function pictureCodecOf(bytes: Uint8Array): PictureCodec | undefined {
  return SIGNS.find(([, sign, at = 0]) => sign.every((value, index) => bytes[at + index] === value))?.[0];
}

/** `pictureCodecOf` of a file. Rejects when it cannot be read. */
export async function pictureCodecOfFile(path: string): Promise<PictureCodec | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SIGN_BYTES), 0, SIGN_BYTES, 0);
    return pictureCodecOf(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}
