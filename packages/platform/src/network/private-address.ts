import { BlockList, isIP } from 'node:net';

/** What is not the public internet: this host, its networks, the metadata services of clouds, and forms that lead there in disguise. */
const PRIVATE: readonly (readonly [address: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 127],
  ['64:ff9b::', 32],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
];

const blocked = new BlockList();
for (const [address, prefix] of PRIVATE) blocked.addSubnet(address, prefix, isIP(address) === 4 ? 'ipv4' : 'ipv6');

/** Whether an IP address is none of the public internet. What is no address counts as private. */
export function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '');
  switch (isIP(plain)) {
    case 4:
      return blocked.check(plain, 'ipv4');
    case 6: {
      const mapped = mappedIpv4(plain);
      return mapped === null ? blocked.check(plain, 'ipv6') : blocked.check(mapped, 'ipv4');
    }
    default:
      return true;
  }
}

/** The IPv4 address in `::ffff:10.0.0.1`, which may be written as `::ffff:a00:1` too. */
function mappedIpv4(address: string): string | null {
  const { hostname } = new URL(`http://[${address}]`);
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname) ?? [];
  if (high === undefined || low === undefined) return null;
  const bits = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}
