import { describe, expect, it } from 'vitest'
import {
  blockOf,
  clientAddress,
  isRange,
  networkOf,
  requestedHost,
} from '#src/gateway/http/client-address.ts'

function address(remoteAddress: string | undefined, forwarded?: string, trusted: string[] = []) {
  return clientAddress(trusted)({
    socket: { remoteAddress } as never,
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  })
}

describe('the address of a client', () => {
  it.each([
    ['a direct one', '203.0.113.7', undefined, '203.0.113.7'],
    ['a direct one that lies', '203.0.113.7', '192.0.2.1', '203.0.113.7'],
    ['behind a proxy on the loopback', '127.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['behind a proxy on IPv6', '::1', '2001:db8::7', '2001:db8::7'],
    ['behind a proxy in a private network', '::ffff:10.1.2.3', '203.0.113.7', '203.0.113.7'],
    ['behind two proxies', '127.0.0.1', '203.0.113.7, 172.16.0.9', '203.0.113.7'],
    ['with more before its own', '127.0.0.1', '192.0.2.1, 203.0.113.7, 10.0.0.1', '203.0.113.7'],
    ['of the private network itself', '127.0.0.1', '10.0.0.8', '10.0.0.8'],
    ['behind nonsense', '127.0.0.1', '203.0.113.7, unknown', '127.0.0.1'],
    ['behind a proxy that says nothing', '127.0.0.1', '', '127.0.0.1'],
    ['that has disconnected', undefined, undefined, 'unknown'],
  ])('client address: %s', (_, remote, forwarded, expected) => {
    expect(address(remote, forwarded)).toBe(expected)
  })

  it('client address: trusted proxies are matched by address and by range', () => {
    const trusted = ['198.51.100.4', '2001:db8:1::/48']
    expect(address('198.51.100.4', '203.0.113.7', trusted)).toBe('203.0.113.7')
    expect(address('198.51.100.5', '203.0.113.7', trusted)).toBe('198.51.100.5')
    expect(address('2001:db8:1::9', '203.0.113.7', trusted)).toBe('203.0.113.7')
    expect(address('2001:db8:2::9', '203.0.113.7', trusted)).toBe('2001:db8:2::9')
  })

  it('client address: a bounded number of proxies is looked through', () => {
    const forwarded = ['203.0.113.7', ...Array.from({ length: 10_000 }, () => '10.0.0.1')]
    expect(address('127.0.0.1', forwarded.join(','))).toBe('10.0.0.1')
  })
})

describe('the host that a client asked for', () => {
  it.each([
    ['Host', '203.0.113.7', { host: 'Alice.test:2583' }, 'alice.test'],
    [
      'X-Forwarded-Host of a proxy',
      '127.0.0.1',
      { 'x-forwarded-host': 'Alice.test' },
      'alice.test',
    ],
    ['the first X-Forwarded-Host', '::1', { 'x-forwarded-host': 'a.test, b.test' }, 'a.test'],
    ['of a trusted proxy', '198.51.100.4', { 'x-forwarded-host': 'a.test:443' }, 'a.test'],
    ['Host of another', '198.51.100.5', { 'x-forwarded-host': 'a.test', host: 'b.test' }, 'b.test'],
    ['none', '127.0.0.1', {}, ''],
  ])('requested host: %s', (_, remoteAddress, headers, expected) => {
    const socket = { remoteAddress } as never
    expect(requestedHost(['198.51.100.4'])({ socket, headers })).toBe(expected)
  })
})

describe('the network that rate limits count', () => {
  it('rate limits count an IPv4 address, and the /64 of an IPv6 address', () => {
    expect(networkOf('203.0.113.7')).toBe('203.0.113.7')
    expect(networkOf('2001:db8::7')).toBe(networkOf('2001:db8::8'))
    expect(networkOf('2001:db8::7')).not.toBe(networkOf('2001:db8:0:1::7'))
  })

  it('sign-ups count the /24 of an IPv4 address, and the /48 of an IPv6 address', () => {
    expect(blockOf('203.0.113.7')).toBe('203.0.113.0/24')
    expect(blockOf('2001:db8:1:2:3::7')).toBe('2001:db8:1::/48')
    expect(blockOf('unknown')).toBe('unknown')
    expect([isRange('203.0.113.0/24'), isRange('203.0.113.7'), isRange('x')]).toEqual([
      true,
      false,
      false,
    ])
  })
})
