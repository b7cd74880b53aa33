import { z } from 'zod';
import { RTSP_TRANSPORTS } from '../models/domain/rtsp-transport';

/** How the RTP of an RTSP camera travels. */
export const rtspTransportSchema = z
  .enum(RTSP_TRANSPORTS)
  .default('tcp')
  .describe(
    '`rtsp://` only: how the pictures of `url` and `viewUrl` travel. `tcp`: within the RTSP connection, nothing is lost. `udp`: in datagrams to a free ' +
      'pair of the ports 5000 to 65000 of this host, which a firewall must let through; what is lost stays lost. Never the ' +
      'other one by itself.',
  );
