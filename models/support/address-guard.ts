import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { createCidrCheck } from './cidr';

/** Tells why an address must not be sent to; undefined: it may be. */
export type AddressGuard = (address: string) => string | undefined;

/** IPv6 addresses that lead to an IPv4 one: NAT64 (RFC 6052), and the deprecated `::a.b.c.d` (RFC 4291), which looks public. */
const NAT64 = 'rfc6052';
const COMPATIBLE = ipaddr.parseCIDR('::/96') as [ipaddr.IPv6, number];

/**
 * Lets through what is public, and what lies in one of the networks: so that a URL, a name or a redirect does not lead to
 * services that are reachable from this host alone.
 */
export function createAddressGuard(allow: readonly string[]): AddressGuard {
  const isAllowed = createCidrCheck(allow);
  return (address) => {
    const plain = plainAddress(address);
    if (plain === undefined) return `${address}: expected an address, got something else`;
    const range = ipaddr.parse(plain).range();
    if (range === 'unicast' || isAllowed(plain) || isAllowed(address)) return undefined;
    return `expected a public address or one of the networks in "allow", got ${address} (${wordsOf(range)})`;
  };
}

/** The address that is meant: IPv4 where IPv6 only wraps it. Undefined when it is none. */
function plainAddress(address: string): string | undefined {
  if (isIP(address) === 0) return undefined;
  const parsed = ipaddr.process(address.split('%')[0]!);
  const range = parsed.range();
  const isWrapped = parsed instanceof ipaddr.IPv6 && range === 'unicast' && parsed.match(COMPATIBLE);
  if (range === NAT64 || isWrapped) return new ipaddr.IPv4(parsed.toByteArray().slice(-4)).toString();
  return parsed.toString();
}

/** `linkLocal` as `link local`. */
const wordsOf = (range: string) => range.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
