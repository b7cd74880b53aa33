import { BlockList, isIP } from 'node:net';

/** A network of addresses. */
export interface Cidr {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Reads `192.168.1.0/24`, `fd00::/8`, or an address alone; undefined for anything else. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return undefined;
  const most = version === 4 ? 32 : 128;
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most)) return undefined;
  return { address, bits: Number(bits ?? most), family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** Tells whether an address lies in one of the networks; those that are none are left out. */
export function createCidrCheck(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const cidr = parseCidr(network);
    if (cidr !== undefined) list.addSubnet(cidr.address, cidr.bits, cidr.family);
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
}
