import { TRACK_COLOURS, trackColour } from '../../../operators/support/palette';

describe('trackColour', () => {
  it('gives a number the same colour always, and begins again after sixteen', () => {
    expect(trackColour(1)).toBe(TRACK_COLOURS[0]);
    expect(trackColour(16)).toBe(TRACK_COLOURS[15]);
    expect(trackColour(17)).toBe(trackColour(1));
  });

  it('keeps colours inside the limited range and apart from each other', () => {
    TRACK_COLOURS.forEach(([y, u, v], index) => {
      expect(y >= 16 && y <= 235 && Math.min(u, v) >= 16 && Math.max(u, v) <= 240).toBe(true);
      for (const [otherY, otherU, otherV] of TRACK_COLOURS.slice(index + 1)) {
        expect(Math.hypot(y - otherY, u - otherU, v - otherV)).toBeGreaterThan(20);
      }
    });
  });
});
