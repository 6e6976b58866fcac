import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import {
  anonymousAt,
  describeServer,
  type OtherServerPorts,
  parseServerUrl,
  signInAt,
} from '#src/gateway/migrations/other-server.ts'

const clock = { now: () => 0 }

function portsWith(answer: {
  status?: number
  headers?: Record<string, string>
  body: string
}): OtherServerPorts {
  const { status = 200, headers = {}, body } = answer
  const request = async () => ({ status, headers, body: Readable.from([Buffer.from(body)]) })
  return { request, privateNetworks: false, clock }
}

describe('the address of another server', () => {
  it.each([
    ['pds.example.com', 'https://pds.example.com'],
    [' https://pds.example.com/xrpc/ ', 'https://pds.example.com'],
  ])('the address %j is that of %s', async (typed, origin) => {
    expect(await parseServerUrl(typed, { privateNetworks: false })).toBe(origin)
  })

  it.each([
    ...['', 'not a server', 'http://pds.example.com', 'https://pds.example.com:8443'],
    ...['https://127.0.0.1', 'https://[::1]', 'https://10.0.0.1', 'https://169.254.169.254'],
    ...['file:///etc/passwd', `https://${'a'.repeat(300)}.example.com`],
  ])('the address %j is refused', async (typed) => {
    const parsed = parseServerUrl(typed, { privateNetworks: false })
    await expect(parsed).rejects.toMatchObject({ status: 400, error: 'InvalidServer' })
  })
})

describe('what another server says', () => {
  it('a server that is no PDS is refused', async () => {
    for (const body of ['<html>', '{}', '{"did":"did:example"}', '[]']) {
      const described = describeServer(portsWith({ body }), 'https://a.example')
      await expect(described).rejects.toBeInstanceOf(Error)
    }
    const body = '{"did":"did:web:a.example","availableUserDomains":[".a.example",7]}'
    expect(await describeServer(portsWith({ body }), 'https://a.example')).toEqual({
      ...{ url: 'https://a.example', did: 'did:web:a.example' },
      ...{ domains: ['.a.example'], inviteRequired: false },
    })
  })

  it('a server is not waited for without end while it is described', async () => {
    let signal: AbortSignal | undefined
    const ports = portsWith({ body: '{"did":"did:web:a.example"}' })
    const request: OtherServerPorts['request'] = (given) => {
      signal = given.signal
      return ports.request(given)
    }
    await describeServer({ ...ports, request }, 'https://a.example')
    expect(signal).toBeInstanceOf(AbortSignal)
  })

  it('a session that is too large to be stored is refused', async () => {
    const tokens = { accessJwt: 'a', refreshJwt: 'r'.repeat(10_001) }
    const body = JSON.stringify({ did: 'did:plc:alice', ...tokens })
    const credentials = { did: 'did:plc:alice', password: 'secret' }
    const session = signInAt(portsWith({ body }), 'https://a.example', credentials)
    await expect(session).rejects.toMatchObject({ status: 502 })
  })

  it('a session of another account is refused', async () => {
    const body = '{"did":"did:plc:eve","accessJwt":"a","refreshJwt":"r"}'
    const credentials = { did: 'did:plc:alice', password: 'secret' }
    const session = signInAt(portsWith({ body }), 'https://a.example', credentials)
    await expect(session).rejects.toMatchObject({ status: 502 })
  })

  it('redirects are not followed, and end their connection', async () => {
    const body = Readable.from(['moved'])
    const request = async () => ({ status: 302, headers: {}, body })
    const server = anonymousAt({ ...portsWith({ body: '' }), request }, 'https://a.example')
    await expect(server.query('com.atproto.server.describeServer')).rejects.toMatchObject({
      status: 502,
    })
    await expect.poll(() => body.destroyed).toBe(true)
  })

  it('a rate limit says in seconds when it ends, also as the reference does', async () => {
    const date = 'Thu, 01 Jan 2026 00:00:00 GMT'
    const reset = String(Date.parse(date) / 1_000 + 90)
    const headers = { date, 'ratelimit-reset': reset }
    const server = anonymousAt(portsWith({ status: 429, headers, body: '{}' }), 'https://a.example')
    await expect(server.query('a.b.c')).rejects.toMatchObject({ headers: { 'retry-after': '90' } })
  })
})
