import { isIpv4, type Parse } from './values.ts';

const EXPECTED = 'expected dhcp, none, or IPv4 addresses and ranges by comma, such as 192.168.178.240-192.168.178.249';
/** A replace needs one; more than a network of this size is a slip of the pen. */
const MOST = 256;

/** Where candidates come up: every address of the ranges by itself. */
export const candidateAddresses: Parse<'dhcp' | 'none' | readonly string[]> = (text) => {
  if (text === 'dhcp' || text === 'none') return { value: text };
  const addresses: string[] = [];
  for (const part of text.split(',').map((piece) => piece.trim())) {
    if (part === '') continue;
    const [first = '', last = first, ...more] = part.split('-').map((piece) => piece.trim());
    if (!isIpv4(first) || !isIpv4(last) || more.length > 0) return { wrong: EXPECTED };
    const [from, to] = [numberOf(first), numberOf(last)];
    if (to < from) return { wrong: `the range ${part} ends before it begins` };
    if (to - from >= MOST) return { wrong: `the range ${part} has more than ${MOST} addresses` };
    for (let number = from; number <= to; number += 1) addresses.push(textOf(number));
  }
  return addresses.length > 0 ? { value: addresses } : { wrong: EXPECTED };
};

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
