import { createRtpSender } from '../fixtures/rtsp-server/rtp';

describe('createRtpSender', () => {
  it('lets sequence numbers and timestamps wrap', () => {
    const sender = createRtpSender({ ssrc: 1, firstSequence: 0xffff });
    const [first, second] = sender.packetise([Buffer.from([0x65]), Buffer.from([0x65])], 2 ** 32 + 5);
    expect(first!.readUInt16BE(2)).toBe(0xffff);
    expect(second!.readUInt16BE(2)).toBe(0);
    expect(first!.readUInt32BE(4)).toBe(5);
  });

  it('splits a NAL unit into fragments that join to itself, marking the last', () => {
    const nal = Buffer.from([0x65, ...Array.from({ length: 25 }, (_, index) => index)]);
    const sender = createRtpSender({ ssrc: 1, firstSequence: 0, maxPayloadBytes: 12 });
    const packets = sender.packetise([nal], 0);
    expect(packets.map((packet) => packet[13]! >> 6)).toEqual([2, 0, 1]);
    expect(packets.map((packet) => packet[1]! >> 7)).toEqual([0, 0, 1]);
    expect(packets.every((packet) => packet.length <= 24 && packet[12] === 0x7c)).toBe(true);
    const header = Buffer.from([(packets[0]![12]! & 0xe0) | (packets[0]![13]! & 0x1f)]);
    expect(Buffer.concat([header, ...packets.map((packet) => packet.subarray(14))])).toEqual(nal);
  });

  it('splits a NAL unit of HEVC likewise, its two header bytes told once a fragment', () => {
    const nal = Buffer.from([0x26, 0x01, ...Array.from({ length: 25 }, (_, index) => index)]);
    const sender = createRtpSender({ ssrc: 1, firstSequence: 0, maxPayloadBytes: 12 });
    const packets = sender.packetise([nal], 0, 'hevc');
    expect(packets.map((packet) => packet[14]! >> 6)).toEqual([2, 0, 1]);
    expect(packets.map((packet) => packet[1]! >> 7)).toEqual([0, 0, 1]);
    // Type 49 in the first byte, layer and temporal id in the second.
    expect(packets.every((packet) => packet.length <= 24 && packet.readUInt16BE(12) === 0x6201)).toBe(true);
    const header = Buffer.from([
      (packets[0]![12]! & 0x81) | ((packets[0]![14]! & 0x3f) << 1),
      packets[0]![13]!,
    ]);
    expect(Buffer.concat([header, ...packets.map((packet) => packet.subarray(15))])).toEqual(nal);
  });

  it('marks nothing that is no picture, and counts it in its reports', () => {
    const sender = createRtpSender({ ssrc: 7, firstSequence: 5, payloadType: 0 });
    const packet = sender.wrap(Buffer.alloc(160), 320);
    expect([...packet.subarray(0, 8)]).toEqual([0x80, 0, 0, 5, 0, 0, 1, 64]);
    const report = sender.report(320, 0);
    expect([report.readUInt32BE(20), report.readUInt32BE(24)]).toEqual([1, 160]);
    expect([...sender.goodbye()]).toEqual([0x80, 201, 0, 1, 0, 0, 0, 7, 0x81, 203, 0, 1, 0, 0, 0, 7]);
  });
});
