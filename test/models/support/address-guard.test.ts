import { createAddressGuard } from '../../../models/support/address-guard';
import { parseCidr } from '../../../models/support/cidr';

describe('the guard of addresses', () => {
  const guard = createAddressGuard([]);

  it.each(['93.184.216.34', '1.1.1.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    'lets %s through',
    (address) => {
      expect(guard(address)).toBeUndefined();
    },
  );

  it.each([
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...[
      '169.254.169.254',
      '100.64.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '198.18.0.1',
      '192.0.2.1',
      '240.0.0.1',
    ],
    ...['::', '::1', 'fe80::1', 'fe80::1%eth0', 'fd00::1', 'fc00::1', 'ff02::1', '2001:db8::1'],
    ...[
      '::ffff:10.0.0.1',
      '::ffff:169.254.169.254',
      '::7f00:1',
      '::a9fe:a9fe',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      'localhost',
      '',
    ],
  ])('refuses %s', (address) => {
    expect(guard(address)).toContain('expected');
  });

  it('lets through what is allowed, and nothing beside it', () => {
    const some = createAddressGuard(['192.168.1.0/24', '10.0.0.5', 'fd00::/8', 'no network']);
    for (const address of ['192.168.1.7', '10.0.0.5', '::ffff:192.168.1.7', 'fd12::1'])
      expect(some(address)).toBeUndefined();
    for (const address of ['192.168.2.1', '10.0.0.6', 'fe80::1', '127.0.0.1'])
      expect(some(address)).toContain('expected');
  });
});

describe('parseCidr', () => {
  it('reads networks and addresses, and nothing else', () => {
    expect(parseCidr('10.0.0.0/8')).toEqual({ address: '10.0.0.0', bits: 8, family: 'ipv4' });
    expect(parseCidr('fd00::/8')).toEqual({ address: 'fd00::', bits: 8, family: 'ipv6' });
    expect(parseCidr('10.0.0.1')).toEqual({ address: '10.0.0.1', bits: 32, family: 'ipv4' });
    for (const text of [
      '',
      '10.0.0.0/33',
      '::/129',
      '10.0.0/8',
      '10.0.0.0/8/8',
      '10.0.0.0/',
      'host/8',
      '10.0.0.0/-1',
      'fe80::1%eth0',
    ])
      expect(parseCidr(text)).toBeUndefined();
  });
});
