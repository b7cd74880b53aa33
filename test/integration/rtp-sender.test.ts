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
});
