/** Proxied calls as streams: slow, long and broken requests and answers. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { json as parsed } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { json } from '#tests/support/fake-service.ts'
import { serverWithAppView } from '#tests/support/shared-server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const MAX_BYTES = 60_000_000
const { server, alice, appView } = await serverWithAppView({
  PDS_PROXY_HEADERS_TIMEOUT: '4000',
  PDS_PROXY_BODY_TIMEOUT: '4000',
  PDS_PROXY_MAX_RESPONSE_SIZE: String(MAX_BYTES),
  PDS_BODY_TIMEOUT_MS: '1500',
})

/** The log lines of a request. */
function linesOf(id: string): { level: number }[] {
  return server.logs
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(`"${id}"`))
    .map((line) => JSON.parse(line) as { level: number })
}

describe('a service that', () => {
  it('a service that does not begin to answer is timed out', async () => {
    appView.respond('com.example.silent', () => {})
    const attempt = call(server, '/xrpc/com.example.silent', { as: alice })
    expect(await statusAndError(attempt)).toEqual([502, 'UpstreamFailure'])
  })

  it.each([
    ['breaks off', (response: { destroy(): void }) => response.destroy()],
    ['falls silent', () => {}],
  ])(
    'a service that %s in the middle leaves the client with an error, not with a short body',
    async (_, then) => {
      appView.respond('com.example.cut', async (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write('{"a":')
        await pause(50)
        then(response)
      })
      const id = `cut-${_.replaceAll(' ', '-')}`
      const attempt = call(server, '/xrpc/com.example.cut', {
        as: alice,
        headers: { 'x-request-id': id },
      })
      await expect(attempt).rejects.toThrow()
      const warnings = () => linesOf(id).filter(({ level }) => level >= 40)
      await expect.poll(warnings).toHaveLength(1)
      expect(warnings()[0]).toMatchObject({ level: 40, status: 502, method: 'com.example.cut' })
      expect(JSON.stringify(warnings())).not.toContain('stack')
    },
  )

  it('a service that fails is one warning in the log, without a stack, and every line is JSON', async () => {
    for (const status of [500, 501, 503]) {
      appView.respond('com.example.failing', (_, response) =>
        json(response, { error: 'Sorry', message: 'not now' }, { status }),
      )
      const headers = { 'x-request-id': `failing-${status}` }
      await call(server, '/xrpc/com.example.failing', { as: alice, headers })
      const warnings = () => linesOf(`failing-${status}`).filter(({ level }) => level >= 40)
      await expect.poll(warnings).toHaveLength(1)
      expect(warnings()[0]).toMatchObject({ level: 40, error: 'Sorry', origin: appView.url })
      expect(JSON.stringify(warnings())).not.toContain('stack')
    }
    const texts = server.logs.split('\n').filter((line) => line !== '' && !line.startsWith('{'))
    // Those of the start.
    expect(
      texts.filter((line) => /error|\bat /i.test(line) && !/Headwater is at/.test(line)),
    ).toEqual([])
  })

  /**
   * Answers with spaces as long as they are read, up to `most` bytes; returns how many were sent.
   */
  function pours(nsid: string, maxBytes: number): () => number {
    let sent = 0
    appView.respond(nsid, async (_, response) => {
      response.on('error', () => {})
      response.writeHead(200, { 'content-type': 'application/json' })
      const closed = once(response, 'close')
      const chunk = Buffer.alloc(65_536, 32)
      while (!response.destroyed && sent < maxBytes) {
        sent += chunk.length
        if (!response.write(chunk)) {
          await Promise.race([new Promise((go) => response.once('drain', go)), closed])
        }
      }
      response.end()
    })
    return () => sent
  }

  it('a service whose answer is too long is cut off', async () => {
    const sent = pours('com.example.huge', 5 * MAX_BYTES)
    await expect(call(server, '/xrpc/com.example.huge', { as: alice })).rejects.toThrow()
    expect(sent()).toBeLessThan(2 * MAX_BYTES)
  })

  it('a service is read only as fast as the client reads, and aborted when the client disconnects', async () => {
    const sent = pours('com.example.long', MAX_BYTES - 1_000_000)
    const response = await fetch(`${server.url}/xrpc/com.example.long`, {
      headers: {
        authorization: `Bearer ${alice.agent.session?.accessJwt}`,
        'accept-encoding': 'identity',
      },
    })
    const reader = response.body!.getReader()
    await reader.read()
    const stands = async () => {
      const before = sent()
      await pause(200)
      return sent() === before
    }
    await expect.poll(stands).toBe(true)
    expect(sent()).toBeLessThan(MAX_BYTES / 2)
    const before = sent()
    await reader.read()
    await reader.cancel()
    await expect.poll(stands).toBe(true)
    expect(sent()).toBeLessThan(before + MAX_BYTES / 4)
  })

  it('a service is aborted when the client disconnects before the answer', async () => {
    const closed = new Promise<void>((resolve) => {
      appView.respond('com.example.left', (_, response) => void response.on('close', resolve))
    })
    const leaving = new AbortController()
    const attempt = fetch(`${server.url}/xrpc/com.example.left`, {
      headers: { authorization: `Bearer ${alice.agent.session?.accessJwt}` },
      signal: leaving.signal,
    })
    attempt.catch(() => {})
    await expect.poll(() => appView.requests.at(-1)?.path).toBe('/xrpc/com.example.left')
    const at = performance.now()
    leaving.abort()
    await closed
    // Sooner than the headers timeout of 4 s would have closed it.
    expect(performance.now() - at).toBeLessThan(3000)
  })
})

describe('a client that', () => {
  /** Begins a call with a body of `length` bytes, which the test sends. */
  function begin(nsid: string, length: number) {
    const headers = {
      authorization: `Bearer ${alice.agent.session?.accessJwt}`,
      'content-type': 'application/octet-stream',
      'content-length': String(length),
    }
    const attempt = request(`${server.url}/xrpc/${nsid}`, { method: 'POST', headers })
    attempt.on('error', () => {})
    return attempt
  }

  it('a client that sends its body faster than the service reads has to wait', async () => {
    const length = 100_000_000
    const going = new Promise<() => void>((resolve) => {
      appView.respond('com.example.slow', (incoming, response) => {
        incoming.pause()
        resolve(() => {
          incoming.resume()
          incoming.on('end', () => json(response, { ok: true }))
        })
      })
    })
    const attempt = begin('com.example.slow', length)
    let written = 0
    const chunk = Buffer.alloc(65_536)
    const write = () => {
      while (written < length) {
        const next = chunk.subarray(0, Math.min(chunk.length, length - written))
        written += next.length
        if (!attempt.write(next)) return void attempt.once('drain', write)
      }
      attempt.end()
    }
    write()
    const goOn = await going
    const stands = async () => {
      const before = written
      await pause(200)
      return written === before
    }
    await expect.poll(stands).toBe(true)
    expect(written).toBeLessThan(length / 4)
    goOn()
    const [answer] = (await once(attempt, 'response')) as [IncomingMessage]
    expect(answer.statusCode).toBe(200)
    expect(appView.requests.at(-1)!.headers['content-length']).toBe(String(length))
    answer.resume()
  })

  it('a client that stops in the middle of its body is timed out, and its upstream request aborted', async () => {
    const closed = new Promise<void>((resolve) => {
      appView.respond('com.example.stalled', (incoming) => void incoming.on('close', resolve))
    })
    const attempt = begin('com.example.stalled', 1000)
    attempt.write('only this')
    const [answer] = (await once(attempt, 'response')) as [IncomingMessage]
    expect(answer.statusCode).toBe(408)
    expect(await parsed(answer)).toMatchObject({ error: 'RequestTimeout' })
    await closed
    attempt.destroy()
  })
})
