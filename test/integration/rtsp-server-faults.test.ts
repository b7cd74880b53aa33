import { makeVideo } from '../fixtures/make-video';
import { createFaultyChannel } from '../fixtures/rtsp-server/packet-faults';
import type { RtspServer } from '../fixtures/rtsp-server';
import { frameLines, readFrames, RTSP_INPUT, rtspFixture, steps } from '../support/rtsp-fixture';
import { tempFolder } from '../support/temp-folder';
import { waitFor } from '../support/wait-for';

const PICTURE_TICKS = 9000;

describe('the fixture RTSP server as a faulty camera', () => {
  const folder = tempFolder();
  let video: string;
  let large: string;
  const { start, watch, probe, client } = rtspFixture(() => video);

  beforeAll(async () => {
    video = await makeVideo.plain(folder, { seconds: 1 });
    large = await makeVideo.plain(folder, { size: '640x480', seconds: 1 });
  });

  /** Waits for that many more pictures. */
  async function pictures(server: RtspServer, count: number): Promise<void> {
    const end = server.sent + count;
    await waitFor(() => server.sent >= end, { what: `${count} pictures` });
  }

  describe('in its answers', () => {
    it.each([401, 403, 404, 454, 500, 503] as const)('answers %i until told otherwise', async (status) => {
      const server = await start();
      server.answerWith(status);
      const { send } = await client(server);
      const refused = send('DESCRIBE');
      await waitFor(() => refused() === `${status}`, { what: 'the refusal' });
      const { code, stderr } = await readFrames(server.url(), 1);
      expect(code).toBe(1);
      expect(stderr).toMatch(status < 500 ? /Server returned 4/ : /Server returned 5XX/);

      server.answerWith(200);
      const described = send('DESCRIBE');
      await waitFor(() => described() === '200', { what: 'the description' });
      expect(frameLines((await readFrames(server.url(), 2)).stdout)).toHaveLength(2);
    });

    it('lets DESCRIBE wait, in order with what is asked after it', async () => {
      const server = await start({ startDelayMs: 300 });
      const { send, text } = await client(server);
      send('DESCRIBE');
      const last = send('OPTIONS');
      await waitFor(() => last() === '200', { what: 'both answers' });
      expect(text().match(/CSeq: \d/g)).toEqual(['CSeq: 1', 'CSeq: 2']);
      expect(frameLines((await readFrames(server.url(), 2)).stdout)).toHaveLength(2);
    });

    it('outlasts the patience of ffmpeg where DESCRIBE waits longer, and serves others', async () => {
      const server = await start({ startDelayMs: 60_000 });
      const waiting = readFrames(server.url(), 1, ['-rtsp_transport', 'tcp', '-timeout', '300000']);
      const { send } = await client(server);
      const asked = send('OPTIONS');
      await waitFor(() => asked() === '200', { what: 'the answer to another' });
      expect((await waiting).code).toBe(1);
      await waitFor(() => server.connections === 1, { what: 'ffmpeg to leave' });
    });

    it.each([
      [300, 2],
      [60_000, 0],
    ])('lets the first picture wait for %i ms after PLAY', async (firstPictureDelayMs, count) => {
      const server = await start({ firstPictureDelayMs });
      const { stdout } = await readFrames(server.url(), 2, [...RTSP_INPUT, '-timeout', '2000000']);
      expect(frameLines(stdout)).toHaveLength(count);
      expect(server.sent > 0).toBe(count > 0);
    });
  });

  describe('in its packets', () => {
    it('does to the same packets the same', () => {
      const packets = Array.from({ length: 400 }, (_, index) => Buffer.alloc(100, index));
      const through = (seed: number, part = 0.2): readonly Buffer[] => {
        const faults = { corruptPart: part, losePart: part, reorderPart: part };
        const channel = createFaultyChannel(faults, seed);
        return [0, 100, 200, 300].flatMap((first) => channel.pass(packets.slice(first, first + 100)));
      };
      expect(through(1)).toEqual(through(1));
      expect(through(1)).not.toEqual(through(2));
      expect(through(1, 0)).toEqual(packets);
      expect(through(1, 1)).toEqual([]);
    });

    it('hits the part it is told, headers never', () => {
      const packets = Array.from({ length: 2000 }, (_, index) => Buffer.alloc(112, index));
      const through = (faults: object): readonly Buffer[] => {
        const channel = createFaultyChannel({ corruptPart: 0, losePart: 0, reorderPart: 0, ...faults }, 7);
        return channel.pass(packets);
      };
      expect(through({ losePart: 0.1 }).length / 2000).toBeCloseTo(0.9, 1);

      const corrupt = through({ corruptPart: 0.1 });
      expect(corrupt.filter((packet, index) => !packet.equals(packets[index]!)).length / 2000).toBeCloseTo(
        0.1,
        1,
      );
      expect(corrupt.map((packet) => packet.subarray(0, 12))).toEqual(packets.map((packet) => packet.subarray(0, 12))); // prettier-ignore

      const numbered: Buffer[] = packets.map((_, index) => Buffer.from(`packet ${index}`.padStart(20)));
      const channel = createFaultyChannel({ corruptPart: 0, losePart: 0, reorderPart: 0.1 }, 7);
      const order = channel.pass(numbered).map((packet) => numbered.indexOf(packet));
      expect(order.toSorted((a, b) => a - b)).toEqual([...numbered.keys()]);
      expect(Math.max(...order.map((from, to) => to - from))).toBe(4);
      expect(steps(order).filter((step) => step < 0).length / 2000).toBeGreaterThan(0.05);
    });

    it.each(['corrupt', 'lose', 'reorder'] as const)(
      '%s: ffmpeg complains, decodes on, and has all right again afterwards',
      async (fault) => {
        const server = await start({ video: large, seed: 3 });
        const right = new Set(await checksums(server.url()));
        const { pictures: seen, text } = watch(server.url());
        await waitFor(() => seen().length >= 5, { what: 'whole pictures' });
        expect(seen().every(({ checksum }) => right.has(checksum))).toBe(true);

        server[fault](0.1);
        await pictures(server, 20);
        const wrong = () => seen().filter(({ checksum }) => !right.has(checksum));
        await waitFor(() => wrong().length > 0, { what: 'a broken picture' });
        expect(text()).toMatch(/error while decoding|missed \d+ packets|concealing|Invalid|out of range/);

        server[fault](0);
        await waitFor(
          () =>
            seen()
              .slice(-10)
              .every(({ checksum }) => right.has(checksum)),
          { what: 'health' },
        );
        expect(server.connections).toBe(2);
      },
    );

    async function checksums(url: string): Promise<readonly string[]> {
      const { pictures: seen } = watch(url);
      await waitFor(() => seen().length >= 25, { what: 'two rounds' });
      return seen().map(({ checksum }) => checksum);
    }

    it('refuses a part or a time that is none', async () => {
      await expect(start({ startDelayMs: -1 })).rejects.toThrow('startDelayMs: expected 0 or more, got -1');
      const server = await start();
      expect(() => server.lose(1.5)).toThrow('lose: part: expected 0 to 1, got 1.5');
      expect(() => server.corrupt(NaN)).toThrow('got NaN');
      expect(() => server.drift(-1e6)).toThrow('drift: expected more than -1000000');
      expect(() => server.jumpTimestamps(Infinity)).toThrow('jumpTimestamps: expected a time');
    });
  });

  describe('in its clock', () => {
    it.each([5000, -3000])('jumps by %i ms once', async (byMs) => {
      const server = await start({ senderReportIntervalMs: 200 });
      const pts = probe(server.url());
      await pictures(server, 8);
      server.jumpTimestamps(byMs);
      await pictures(server, 8);
      await server.kill();
      const seen = steps(await pts());
      expect(seen.filter((step) => step !== PICTURE_TICKS)).toEqual([byMs * 90 + PICTURE_TICKS]);
      expect(seen.length).toBeGreaterThan(10);
    });

    it('stands still and goes on without a leap', async () => {
      const server = await start({ senderReportIntervalMs: 200 });
      const pts = probe(server.url());
      await pictures(server, 5);
      server.freezeTimestamps(true);
      await pictures(server, 5);
      server.freezeTimestamps(false);
      await pictures(server, 5);
      await server.kill();
      const seen = steps(await pts());
      const still = seen.slice(seen.indexOf(0), seen.lastIndexOf(0) + 1);
      expect(still.length).toBeGreaterThanOrEqual(4);
      expect(new Set(still)).toEqual(new Set([0]));
      expect(new Set(seen.slice(seen.lastIndexOf(0) + 1))).toEqual(new Set([PICTURE_TICKS]));
    });

    it.each([50_000, -50_000])('drifts by %i millionths', async (partsPerMillion) => {
      const server = await start({ senderReportIntervalMs: 200 });
      const pts = probe(server.url());
      await pictures(server, 5);
      server.drift(partsPerMillion);
      await pictures(server, 10);
      await server.kill();
      const seen = steps(await pts());
      const drifted = PICTURE_TICKS * (1 + partsPerMillion / 1e6);
      expect(new Set(seen)).toEqual(new Set([PICTURE_TICKS, drifted]));
      expect(seen.filter((step) => step === drifted).length).toBeGreaterThanOrEqual(8);
    });
  });
});
