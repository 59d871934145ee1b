import { describe, expect, it, test } from 'vitest';
import { ownHostProblem, parseDomainName } from './domain-name.ts';

describe('a host', () => {
  it.each([
    ['shop.example.org', 'shop.example.org'],
    [' Shop.Example.ORG. ', 'shop.example.org'],
    ['b\u00fccher.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['\u4f8b\u3048.\u30c6\u30b9\u30c8', 'xn--r8jz45g.xn--zckzah'],
    ['a.b.c.d.example', 'a.b.c.d.example'],
  ])('%j is %s', (text, host) => {
    expect(parseDomainName(text)).toEqual({ host });
  });

  it.each([
    ['https://shop.example.org', /https/],
    ['*.example.org', /Wildcard/],
    ['shop.example.org:8080', /port/],
    ['shop.example.org/path', /alone/],
    ['user@example.org', /alone/],
    ['10.0.0.1', /address/],
    ['0x7f.1', /address/],
    ['2130706433', /address/],
    ['[::1]', /address/],
    ['::1', /address/],
    ['localhost', /dot/],
    ['shop.localhost', /localhost/],
    ['7.0.0.127.in-addr.arpa', /arpa/],
    ['', /no host/],
    ['-a.example', /hyphen/],
    ['a_b.example', /letters/],
    ['a..example', /(no host|1 to 63)/],
    [`${'a'.repeat(64)}.example`, /63/],
    [`${'a.'.repeat(130)}example`, /253/],
    ['x'.repeat(5_000), /253/],
    ['shop example.org', /alone/],
    ['shop\u0000.example.org', /no host|alone/],
  ])('%j is refused', (text, problem) => {
    expect(parseDomainName(text)).toMatchObject({ problem: expect.stringMatching(problem) });
  });
});

test('the farm’s own hosts are no app’s', () => {
  const own = { appsDomain: 'apps.example.org', apiHost: 'deploy.example.org' };
  expect(ownHostProblem('deploy.example.org', own)).toContain('Switchyard itself');
  expect(ownHostProblem('apps.example.org', own)).toContain('own domain');
  expect(ownHostProblem('other.apps.example.org', own)).toContain('own domain');
  expect(ownHostProblem('myapps.example.org', own)).toBeNull();
});
