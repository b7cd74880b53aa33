/** What FFmpeg can decode with in place of the CPU, by its own names; `auto`: the first that works. */
export const HARDWARE_DECODERS = ['auto', 'vaapi', 'qsv', 'cuda', 'videotoolbox'] as const;
export type HardwareDecoder = (typeof HARDWARE_DECODERS)[number];
