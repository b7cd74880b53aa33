/**
 * How a camera is asked to send its RTP: within the RTSP connection, where nothing is lost and what is late comes late; or in
 * datagrams, where what is lost stays lost.
 */
export const RTSP_TRANSPORTS = ['tcp', 'udp'] as const;
export type RtspTransport = (typeof RTSP_TRANSPORTS)[number];
