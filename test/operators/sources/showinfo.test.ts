import { createShowinfoParser } from '../../../operators/sources/showinfo';

describe('createShowinfoParser', () => {
  const config = '[showinfo@detect @ 0x5597] [info] config in time_base: 1/90000, frame_rate: 10/1';
  const line = (pts: string) =>
    `[showinfo@detect @ 0x5597] [info] n:   3 pts:${pts} pts_time:x       pos:     3471 fmt:yuv420p sar:4/3 s:720x576 i:P iskey:1 type:I `;

  it('reads exact pts, size, pixel shape and key frames', () => {
    const parse = createShowinfoParser();
    expect(parse(config)).toBeUndefined();
    expect(parse(line(' -64592'))).toEqual({
      rendition: 'detect',
      ptsMs: -64592 / 90,
      size: { width: 720, height: 576 },
      sampleAspect: [4, 3],
      isKey: true,
    });
  });

  it('knows frames without pts and pixels of unknown shape', () => {
    const parse = createShowinfoParser();
    parse(config);
    const shown = parse(line('  NOPTS').replace('sar:4/3', 'sar:0/1'));
    expect(shown).toMatchObject({ ptsMs: undefined, sampleAspect: [1, 1] });
  });

  it('passes over every other line', () => {
    const parse = createShowinfoParser();
    expect(
      parse('[showinfo@detect @ 0x5597] [info] color_range:unknown color_space:unknown'),
    ).toBeUndefined();
    expect(parse('[info] Stream #0:0: Video: h264, s:720x576 iskey:1')).toBeUndefined();
  });
});
